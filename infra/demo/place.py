"""Where the demo plays: a running local system, or one that it starts and ends itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from infra.local.options import ROOT, CannotStart, read_options

STARTS_WITHIN = 240.0


def running() -> dict[str, Any] | None:
    """Addresses of the local system that runs now, if one does: of several the one of the same
    `PORT_SHIFT`."""
    try:
        note = read_options(os.environ).state / "running.json"
        status: dict[str, Any] = json.loads(note.read_text())
        httpx.get(f"{status['api']}/_local/status", timeout=2).raise_for_status()
    except (OSError, ValueError, httpx.HTTPError, CannotStart):
        return None
    return status


@contextmanager
def local_system() -> Iterator[dict[str, Any]]:
    """The local system; if none runs, one of our own, ended afterwards."""
    there = running()
    if there:
        print(f"Using the local system at {there['api']}\n")
        yield there
        return
    print("No local system runs (`make run` starts one): starting one for this demo\n")
    own = subprocess.Popen([sys.executable, "-m", "infra.local"], cwd=ROOT)
    try:
        yield _wait_for(own)
    finally:
        own.terminate()
        own.wait(30)


def _wait_for(own: subprocess.Popen[bytes]) -> dict[str, Any]:
    give_up = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < give_up:
        if own.poll() is not None:
            raise SystemExit("The local system did not start; its reason stands above.")
        if status := running():
            print()
            return status
        time.sleep(0.2)
    raise SystemExit(f"The local system was not ready within {STARTS_WITHIN:.0f} s.")
