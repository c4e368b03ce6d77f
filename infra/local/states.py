"""Executions in the local AWS: shown to people, and told of where a restart has ended them.

The emulator (ministack) walks an execution in a thread, and keeps no threads: what ran when it
ended is there again at the next start (`KEEP=1`) as failed with `States.ServiceRestart`, and nobody
has been told, as on AWS EventBridge would. So the start tells it, by the emulator's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.local.clients import LocalClients

RESTARTED = "States.ServiceRestart"


def shown(aws: LocalClients) -> list[dict[str, Any]]:
    """Each execution with its machine, how it ended, and the state that it is or was in."""
    states = aws("stepfunctions")
    return [
        _shown(states, machine["name"], execution["executionArn"])
        for machine in states.list_state_machines()["stateMachines"]
        for page in states.get_paginator("list_executions").paginate(
            stateMachineArn=machine["stateMachineArn"]
        )
        for execution in page["executions"]
    ]


def _shown(states: Any, machine: str, arn: str) -> dict[str, Any]:
    execution = states.describe_execution(executionArn=arn)
    history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = [e["stateEnteredEventDetails"]["name"] for e in history if "Entered" in e["type"]]
    return {
        "machine": machine,
        "execution": execution["name"],
        "status": execution["status"],
        "state": entered[-1] if entered else "",
        "error": execution.get("error", ""),
        "started": execution["startDate"].isoformat(),
    }


def last_ended_by_restart(executions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that a restart has ended, and that no later one has followed.

    `executions` are the emulator's records. `<order>-<n>` is followed by `<order>-<n+1>`.
    """
    last: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for execution in executions:
        order, _, number = execution["name"].rpartition("-")
        key = (execution["stateMachineArn"], order)
        count = int(number) if number.isdigit() else 0
        if key not in last or count > last[key][0]:
            last[key] = (count, execution)
    return [e for _, e in last.values() if e.get("error") == RESTARTED]


def timed(states: Any) -> Callable[..., Any]:
    """The emulator's wait for an answer, with a time-out that is an expression.

    It takes numbers only, where Step Functions takes `{% … %}`, too. `states` is its module.
    """
    wait = states._invoke_with_callback  # noqa: SLF001

    def wait_for_answer(resource: str, arguments: Any, token: str, state: Mapping[str, Any]) -> Any:
        found = states._apply_jsonata_template(state.get("TimeoutSeconds"), None)  # noqa: SLF001
        told = dict(state) if found is None else {**state, "TimeoutSeconds": float(found)}
        return wait(resource, arguments, token, told)

    return wait_for_answer
