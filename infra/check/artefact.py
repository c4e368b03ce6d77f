"""The artefact itself: each handler of the same build imports and answers, as it would on Lambda.

The packages are made for this machine from the same lock by the same steps, laid out as Lambda has
them (`/var/task`, `/opt`, `/var/runtime`), and run by the runtime's own client with nothing else on
the path. The packages for Lambda differ from them in native libraries alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.build import LAMBDA_PYTHON, ROOT, Build, build, this_machine
from infra.check.deploy import STAGE
from infra.check.inventory import Standing
from infra.check.layout import ELF_MACHINES, layout_faults
from infra.check.part import Outcome, Workspace
from infra.check.runtime_api import RuntimeApi

RUNTIME = (
    *("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"),
)
"""What Lambda's own Python brings along, beside the standard library."""
SECONDS = 60.0
NOBODY = "127.0.0.1:9"
"""In place of the simulators' addresses: a check must not write into a system that is running."""


def _runtime_folder(folder: Path) -> Path:
    """A folder that holds what Lambda's own Python holds, and nothing else of ours."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed: the runtime would have it")
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
    return folder


def sample_event(use_case: str) -> dict[str, Any] | None:
    """The first sample event of a use case, in the order of names."""
    paths = sorted((ROOT / "events" / use_case).glob("*.json"))
    return json.loads(paths[0].read_text()) if paths else None


def answer_fault(event: Mapping[str, Any], answer: Any) -> str | None:
    """Why this is no answer to this event. That a system is down, or a user unknown, is one."""
    if "requestContext" in event:
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        return None if isinstance(status, int) and status != 500 else f"answered {answer}"
    if "Records" in event:
        good = isinstance(answer, dict) and isinstance(answer.get("batchItemFailures"), list)
        return None if good else f"answered {answer} to a batch"
    return None


class Bench:
    """Runs handlers as Lambda would, one process each."""

    def __init__(self, made: Build, folder: Path) -> None:
        self._made = made
        self._runtime = _runtime_folder(folder / "var" / "runtime")

    def fault(
        self, name: str, event: dict[str, Any] | None, variables: Mapping[str, str]
    ) -> str | None:
        """What is wrong with the use case's artefact; without an event, with its import alone."""
        api = RuntimeApi(event)
        process = self._start(name, api.address, variables)
        try:
            self._wait(api, process, api.done if event else api.loaded)
            if api.error:
                return f"{name}: {api.error.get('errorType')}: {api.error.get('errorMessage')}"
            if not api.loaded.is_set():
                return f"{name}: did not start: {self._said(process)}"
            if event and not api.done.is_set():
                return f"{name}: no answer within {SECONDS:.0f} s"
            wrong = answer_fault(event, api.answer) if event else None
            return f"{name}: {wrong}" if wrong else None
        finally:
            process.kill()
            process.communicate()
            api.close()

    @staticmethod
    def _wait(api: RuntimeApi, process: subprocess.Popen[str], wanted: threading.Event) -> None:
        until = time.monotonic() + SECONDS
        while not (wanted.is_set() or api.error) and time.monotonic() < until:
            if process.poll() is not None:
                return
            wanted.wait(0.05)

    @staticmethod
    def _said(process: subprocess.Popen[str]) -> str:
        process.kill()
        return (process.communicate()[0] or "nothing")[-400:]

    def _start(
        self, name: str, address: str, variables: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        task = self._made.functions[name].tree
        layers = (self._made.dependencies.tree / "python", self._made.busbar.tree / "python")
        path = os.pathsep.join(map(str, (task, *layers, self._runtime)))
        handler = f"functions.{name}.handler.lambda_handler"
        return subprocess.Popen(
            # -S: without it the environment's own packages would stand in for missing ones.
            [sys.executable, "-S", "-m", "awslambdaric", handler],
            cwd=task,
            env={
                **variables,
                "PATH": os.defpath,
                "PYTHONPATH": path,
                "PYTHONDONTWRITEBYTECODE": "1",
                "AWS_LAMBDA_RUNTIME_API": address,
                "AWS_LAMBDA_FUNCTION_NAME": name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "LAMBDA_TASK_ROOT": str(task),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _variables(standing: Standing) -> dict[str, dict[str, str]]:
    """Use case -> variables of its deployed function, with nobody at the systems' addresses."""
    found = {}
    for name, function in standing.assembly.functions().items():
        answer = standing.client("lambda").get_function_configuration(
            FunctionName=standing.id_of(function)
        )
        variables = answer["Environment"]["Variables"]
        for port in ("4570", "4571"):
            variables["BUSBAR_ORGS"] = variables["BUSBAR_ORGS"].replace(f"127.0.0.1:{port}", NOBODY)
        found[name] = variables
    return found


def artefact(workspace: Workspace) -> Outcome:
    """Lay out, compare, load, and let answer. Needs the deploy: handlers look into the table."""
    outcome, here = Outcome(), this_machine()
    if sys.version_info[:2] != LAMBDA_PYTHON or here not in ELF_MACHINES:
        outcome.skipped.append(
            f"all of it: needs Python 3.13 on Linux, arm64 or x86_64, not {here}"
        )
        return outcome
    made = build(machine=here)
    outcome.faults += layout_faults(workspace.packages, made, here)
    bench = Bench(made, workspace.folder / "lambda")
    shared = workspace.emulator.client_environment()
    shared = {k: v for k, v in shared.items() if k.startswith(("AWS_", "NO_PROXY"))}
    variables = _variables(Standing(workspace.assembly(STAGE), workspace.emulator))
    events = {name: sample_event(name) for name in made.functions}

    def one(name: str) -> str | None:
        return bench.fault(name, events[name], {**shared, **variables.get(name, {})})

    with ThreadPoolExecutor(2) as pool:
        outcome.faults += [fault for fault in pool.map(one, made.functions) if fault]
    silent = [name for name, event in events.items() if event is None]
    if len(silent) == len(events):
        outcome.skipped.append(
            "answers: there are no sample events yet, so handlers were only loaded"
        )
    else:
        outcome.faults += [f"{name}: no sample event in events/{name}/" for name in silent]
    answered = len(events) - len(silent)
    outcome.notes.append(f"{len(events)} handlers loaded, {answered} answered")
    return outcome
