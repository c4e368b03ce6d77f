"""Which local system the demo plays on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from infra.demo.place import running
from infra.local.options import CACHE, HOST


class Answers(BaseHTTPRequestHandler):
    """Says yes to whatever is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture
def shifted() -> Iterator[str]:
    """A local system that was started with a `PORT_SHIFT`, which is returned."""
    with HTTPServer((HOST, 0), Answers) as server:
        shift = f"9{server.server_port}"
        state = CACHE / f"shift{shift}"
        state.mkdir(parents=True)
        api = f"http://{HOST}:{server.server_port}"
        (state / "running.json").write_text(json.dumps({"api": api}))
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield shift
        server.shutdown()
        thread.join()
        shutil.rmtree(state)


def test_should_find_the_system_of_the_same_shift(
    shifted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT_SHIFT", shifted)
    found = running()
    assert found
    assert found["api"].endswith(shifted[1:])


@pytest.mark.parametrize("shift", ["987654321", "up"])
def test_should_find_none_of_another_shift(
    shifted: str, monkeypatch: pytest.MonkeyPatch, shift: str
) -> None:
    assert shifted != shift
    monkeypatch.setenv("PORT_SHIFT", shift)
    assert running() is None
