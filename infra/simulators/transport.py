"""Mounts a simulator into a synchronous httpx client, without a socket."""

from __future__ import annotations

import httpx

from infra.simulators.messages import Cut, Request
from infra.simulators.simulator import Simulator

_ERRORS: dict[Cut, tuple[type[httpx.TransportError], str]] = {
    Cut.TIMEOUT: (httpx.ReadTimeout, "the simulator does not answer in time"),
    Cut.RESET: (httpx.RemoteProtocolError, "the simulator cut the connection without an answer"),
    Cut.REFUSED: (httpx.ConnectError, "the simulator refuses the connection"),
}


class SimulatorTransport(httpx.BaseTransport):
    """`httpx.Client(transport=SimulatorTransport(simulator))`; a time-out takes no time."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the simulator. Raises the httpx error that the fault stands for."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in request.headers.raw
        }
        response = self._simulator.handle(
            Request(request.method, path, query, headers, request.read())
        )
        if response.cut:
            kind, message = _ERRORS[response.cut]
            raise kind(message, request=request)
        stream = httpx.ByteStream(response.body)
        return httpx.Response(
            response.status, headers=dict(response.headers), stream=stream, request=request
        )
