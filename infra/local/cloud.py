"""The boundary to the local AWS: start, deploy, reset, address, stop. All else stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from typing import Any

from infra.local.assembly import Stack
from infra.local.calls import Executor, Function, Outcome
from infra.local.clients import LocalClients
from infra.local.deploying import Deployer
from infra.local.emulator import Emulator
from infra.local.fixups import fix_up
from infra.local.options import HOST, CannotStart, Options
from infra.local.serving import Served
from infra.local.streams import StreamEsm

Wrap = Callable[[Any], Any]


class LocalCloud:
    """The local AWS of one run. `wrap` puts other addresses in front of the emulator's app."""

    def __init__(
        self,
        options: Options,
        executor: Executor,
        finished: Callable[[Function, str, Outcome], None],
        wrap: Wrap = lambda app: app,
        more_ports: Sequence[int] = (),
    ) -> None:
        self._options = options
        self._executor = executor
        self._emulator = Emulator(executor, finished)
        self._server = Served(
            wrap(self._emulator.app), [options.ports.aws, *more_ports], "local AWS"
        )
        self.aws = LocalClients(options.ports)
        self.streams = StreamEsm(self.aws, self._emulator.records_written)
        self._stacks: list[Stack] = []

    def start(self) -> None:
        """Serve. Raises `CannotStart`."""
        self._server.start()
        self.streams.start()

    def deploy(self, stacks: Sequence[Stack]) -> list[str]:
        """Deploy stacks in this order, and keep them for `reset`. Returns what was left out."""
        deployer = Deployer(self.aws, self._options.ports, self._options.times)
        left_out: list[str] = []
        for stack in stacks:
            left_out += deployer.deploy(stack)
            fix_up(stack, self.aws)
        self._stacks = list(stacks)
        return left_out

    def reset(self) -> None:
        """Empty everything and deploy the same stacks again."""
        connection = HTTPConnection(HOST, self._options.ports.aws, timeout=30)
        connection.request("POST", "/_ministack/reset")
        if connection.getresponse().status != 200:
            raise CannotStart("The emulator refused to be reset")
        connection.close()
        self._executor.stop()
        self.streams.forget()
        self.deploy(self._stacks)

    def tell_of_restarted(self) -> list[str]:
        """Let be heard of executions that ended with the last run. Answers their names."""
        return self._emulator.tell_of_restarted()

    def api_path(self) -> str | None:
        """Where the emulator serves our HTTP API, as a path; None while there is none."""
        apis = self.aws("apigatewayv2").get_apis()["Items"]
        return f"/_aws/execute-api/{apis[0]['ApiId']}/$default" if apis else None

    def dead_parts(self) -> list[str]:
        """Names of what should run and does not."""
        parts = {"local AWS": self._server.alive(), "table streams": self.streams.alive()}
        return [name for name, alive in parts.items() if not alive]

    def stop(self) -> bool:
        """End in order: first what calls, then what is called. Whether the state was saved."""
        self.streams.stop()
        saved = self._server.stop()
        self._executor.stop()
        return saved
