"""Serves an ASGI app on loopback addresses, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import hypercorn.asyncio
from hypercorn.config import Config

from infra.local.options import HOST, CannotStart


class Served:
    """An app that runs until `stop`. It listens on 127.0.0.1 and nowhere else."""

    def __init__(self, app: Any, ports: Sequence[int], name: str) -> None:
        self._app = app
        self._ports = tuple(ports)
        self._loop = asyncio.new_event_loop()
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.died: BaseException | None = None

    def start(self, within: float = 20.0) -> None:
        """Start, and wait until every port answers."""
        self._thread.start()
        until = time.monotonic() + within
        for port in self._ports:
            while not _answers(port):
                if self.died or time.monotonic() > until:
                    raise CannotStart(f"{self._thread.name} did not start: {self.died or 'slow'}")
                time.sleep(0.01)

    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def stop(self, within: float = 18.0) -> bool:
        """End it in order, so that the app can save what it keeps. Whether that went well."""
        if self._end is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(within)
        return not self._thread.is_alive() and self.died is None

    def _run(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve())
        except BaseException as raised:  # noqa: BLE001  told by `died`
            self.died = raised
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        config = Config()
        config.bind = [f"{HOST}:{port}" for port in self._ports]
        config.accesslog = None
        config.errorlog = None
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1.0
        config.shutdown_timeout = 15.0
        await hypercorn.asyncio.serve(self._app, config, shutdown_trigger=self._end.wait)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
