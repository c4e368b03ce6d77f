"""Serves simulators over HTTP on this machine's loopback address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from infra.simulators.asgi import HOLD_SECONDS, SimulatorApp
from infra.simulators.simulator import Simulator

HOST = "127.0.0.1"
AGAIN_SECONDS = 1.0
"""After this time a system sends again what it could not send, whether it is called or not."""


async def serve(
    places: Sequence[tuple[Simulator, int]],
    *,
    until: Callable[[], Awaitable[object]] | None = None,
    hold: float = HOLD_SECONDS,
) -> None:
    """Serve each simulator on its port of 127.0.0.1 until `until()` returns (None: for ever)."""
    ending = asyncio.Event()

    async def ended() -> None:
        await (until or _never)()
        ending.set()  # The server waits for open calls: answers that are held would keep it.

    await asyncio.gather(
        _send_again([simulator for simulator, _ in places], ending),
        *(
            hypercorn_serve(
                cast("Any", SimulatorApp(simulator, hold, ending)),
                _config(port),
                shutdown_trigger=ended,
            )
            for simulator, port in places
        ),
    )


async def _send_again(simulators: Sequence[Simulator], ending: asyncio.Event) -> None:
    while not ending.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), AGAIN_SECONDS)
        for simulator in simulators:
            await asyncio.to_thread(simulator.flush)


def _config(port: int) -> Config:
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 60
    config.accesslog = None
    config.loglevel = "WARNING"
    config.graceful_timeout = 1
    config.include_date_header = False  # the simulators' own clocks date their answers
    return config


async def _never() -> None:
    await asyncio.Event().wait()
