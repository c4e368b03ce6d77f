"""State machines as they stand beside their handlers: one definition each, for every stage.

A definition holds `${names}` where a deployment differs: the address of the queue, and how long a
task may wait. CloudFormation puts these in, and nothing else of it is ever changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from busbar.settings.function import Tuning

FUNCTIONS = Path(__file__).resolve().parents[1] / "functions"
RINGS = {
    "ExecutionsFailed": "an execution of {} failed, or parked or rejected its order",
    "ExecutionsTimedOut": "an execution of {} ran out of time",
}
"""What rings an alarm -> what it says of the use case."""
ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
"""The ends of which the use case is told."""
MOST_TRANSITIONS = 25
"""Of one execution, outages included: each of them is paid for."""
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def definition(use_case: str) -> str:
    """The definition of a use case's machine, word by word as it is deployed."""
    return (FUNCTIONS / use_case / "state_machine.asl.json").read_text("utf-8")


def step_seconds(tuning: Tuning) -> str:
    """How long a task may wait for its answer, as CloudFormation takes it."""
    return f"{tuning.wait_at_most:.0f}"


def substitutions(tuning: Tuning, queue_url: str) -> dict[str, str]:
    """What a deployment puts into it: texts, as CloudFormation takes no numbers here."""
    return {"QueueUrl": queue_url, "StepSeconds": step_seconds(tuning)}


def put_in(text: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The definition with its placeholders filled, as CloudFormation does it.

    Raises `KeyError` for a placeholder without a value.
    """
    filled: dict[str, Any] = json.loads(PLACEHOLDER.sub(lambda found: values[found[1]], text))
    return filled


def ways(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(state, why) of all that a state leads to; why is empty for the usual way."""
    for choice in state.get("Choices", []):
        yield choice["Next"], choice["Condition"].removeprefix("{%").removesuffix("%}").strip()
    for name in ("Default", "Next"):
        if name in state:
            yield state[name], ""
    for caught in state.get("Catch", []):
        yield caught["Next"], ", ".join(caught["ErrorEquals"])


def longest_way(machine: Mapping[str, Any]) -> int:
    """Transitions of the longest execution that can be: states, all retries, start and end.

    Raises `RecursionError` for a circle, of which there is no longest way.
    """
    states = machine["States"]

    @cache
    def below(name: str) -> int:
        state = states[name]
        again = (int(retry.get("MaxAttempts", 3)) for retry in state.get("Retry", []))
        most: int = max((below(after) for after, _ in ways(state)), default=0)
        return 1 + most + sum(again)

    return below(machine["StartAt"]) + 2
