"""The local AWS, as the check uses it: a process of its own, a port of its own, nothing kept."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

ACCOUNT = "123456789012"
REGION = "eu-central-1"
START_SECONDS = 60.0
ANY_KEY = "test"
"""It takes any credentials."""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Emulator:
    """Starts at first use, so that a run of static parts never starts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Its address; starts it. By name: the CDK CLI makes a bucket's host name of it."""
        if self._process is None:
            self._start()
        return f"http://localhost:{self._port}"

    def client_environment(self) -> dict[str, str]:
        """Variables for a program that shall talk to it, and cannot reach a real account."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_", "PYTHON"))}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ANY_KEY,
            "AWS_SECRET_ACCESS_KEY": ANY_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        session = boto3.Session(
            aws_access_key_id=ANY_KEY, aws_secret_access_key=ANY_KEY, region_name=REGION
        )
        make: Any = session.client
        return make(service, endpoint_url=self.url)

    def stop(self) -> None:
        """End it, if it was started."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process = None

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = _free_port()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env={**os.environ, **self._own_environment()},
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait(self._process)

    def _own_environment(self) -> Mapping[str, str]:
        return {
            # Its default is every interface, and it has no security of its own.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "STATE_DIR": str(self._folder / "state"),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "PERSIST_STATE": "0",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the local AWS did not start: see {self._folder / 'log'}")
