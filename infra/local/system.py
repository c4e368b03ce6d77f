"""The whole local system: puts the parts together, starts and ends them in order."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from typing import Any

from infra.local.assembly import read_assembly
from infra.local.call_log import CallLog
from infra.local.calls import Executor
from infra.local.cloud import LocalCloud
from infra.local.code import CodeBase
from infra.local.console import Console
from infra.local.doors import Doors
from infra.local.issuer import Issuer, key_at
from infra.local.options import CACHE, HOST, Options
from infra.local.people import AUDIENCE, MACHINES, PEOPLE
from infra.local.processes import ProcessExecutor
from infra.local.states import shown
from infra.local.surroundings import Surroundings
from infra.local.synthesis import assembly
from infra.local.threads import ThreadExecutor


class LocalSystem:
    """Cloud, portal door and issuer in this process; simulators and workers in their own."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        ports = options.ports
        key = key_at(options.kept / "issuer.pem" if options.keep else None)
        self.issuer = Issuer(ports.issuer, key, AUDIENCE, PEOPLE, MACHINES)
        self._executor = _executor(options)
        self._doors = Doors(ports.portal, {ports.issuer: self.issuer.app})
        self._cloud = LocalCloud(
            options,
            self._executor,
            CallLog(options.state / "logs", console),
            self._doors.before,
            [ports.portal, ports.issuer],
        )
        self._around = Surroundings(options, self._cloud.aws)
        self._started = False
        self._doors.actions = {
            ("GET", "status"): self.status,
            ("GET", "workers"): lambda: [asdict(i) for i in self._executor.instances()],
            ("GET", "executions"): lambda: shown(self._cloud.aws),
            ("POST", "pause"): self._cloud.streams.pause,
            ("POST", "resume"): self._cloud.streams.resume,
            ("POST", "reset"): self.reset,
        }

    @property
    def api(self) -> str:
        """Base URL of the API, as people and tests use it."""
        return f"http://{HOST}:{self._options.ports.portal}"

    def start(self) -> None:
        """Start all of it, phase by phase. Raises `CannotStart`."""
        options = self._options
        if options.assembly is None and not options.bare:
            with self._console.phase("Assembly (made again when its sources changed)"):
                options = replace(options, assembly=assembly(CACHE))
        with self._console.phase("Local AWS"):
            self._cloud.start()
        if options.assembly is not None:
            with self._console.phase("Deploy"):
                left_out = self._cloud.deploy(read_assembly(options.assembly))
                self._doors.api_path = self._cloud.api_path()
            if left_out:
                self._console.say(f"  left out, unknown to the local AWS: {', '.join(left_out)}")
        if not options.bare:
            with self._console.phase("Simulators"):
                self._around.start()
            with self._console.phase("Secrets and sample data"):
                self._around.fill()
        if options.keep:
            self._sweep()
            if ended := self._cloud.tell_of_restarted():
                self._console.say(
                    f"  to be begun anew, as they ran when the last run ended: {', '.join(ended)}"
                )
        (options.state / "running.json").write_text(json.dumps(self.status(), indent=1))
        self._started = True

    def reset(self) -> None:
        """Empty everything and fill it again, as after a fresh start."""
        self._cloud.reset()
        self._doors.api_path = self._cloud.api_path()
        if not self._options.bare:
            self._around.reset()
            self._around.fill()

    def status(self) -> dict[str, Any]:
        """What runs, and where."""
        ports = self._options.ports
        return {
            "api": self.api,
            "aws": self._cloud.aws.endpoint,
            "issuer": self.issuer.url,
            "salesforce": f"http://{HOST}:{ports.salesforce}",
            "energised": f"http://{HOST}:{ports.energised}",
            "sap": f"http://{HOST}:{ports.sap}",
            "people": sorted(PEOPLE),
            "workers": self._options.workers,
            "streams": "paused" if self._cloud.streams.paused else "running",
            "processes": {"main": [os.getpid()], **self._around.pids()},
            "dead": self.dead_parts(),
        }

    def dead_parts(self) -> list[str]:
        """Names of what should run and does not."""
        return self._cloud.dead_parts() + self._around.dead_parts()

    def stop(self) -> bool:
        """End all of it: first what calls, then what is called. Whether all that saves has saved.

        The simulators end last, so what they hold is never older than what we believe of them.
        """
        (self._options.state / "running.json").unlink(missing_ok=True)
        parts = [self._cloud.stop(), self._around.stop()]
        return self._started and all(parts)

    def _sweep(self) -> None:
        """What the table's stream held is lost with a restart, so send the outbox now."""
        calls = self._cloud.aws("lambda")
        for function in calls.list_functions()["Functions"]:
            if ".outbox_sweep." in function["Handler"]:
                calls.invoke(FunctionName=function["FunctionName"], InvocationType="Event")


def _executor(options: Options) -> Executor:
    code = CodeBase(options.code)
    if options.workers == "process":
        return ProcessExecutor(code, options.state / "logs", time_limits=options.time_limits)
    return ThreadExecutor(code, time_limits=options.time_limits)
