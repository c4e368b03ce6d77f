"""The part of the Amazon States Language that our definitions use; all else is refused.

So a definition cannot mean more on AWS than in a test. https://states-language.net
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from busbar.mapping import engine

SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
FIELDS: Mapping[str, frozenset[str]] = {
    "Pass": frozenset({"Assign", "Next"}),
    "Choice": frozenset({"Choices", "Default"}),
    "Task": frozenset({"Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch", "Next"}),
    "Succeed": frozenset(),
    "Fail": frozenset({"Error", "Cause"}),
}
"""What each type of state has to have besides its `Type`. It may have a `Comment`, and no more."""
INSIDE: Mapping[str, frozenset[str]] = {
    "Choices": frozenset({"Condition", "Next"}),
    "Retry": frozenset({"ErrorEquals", "MaxAttempts", "IntervalSeconds"}),
    "Catch": frozenset({"ErrorEquals", "Next"}),
}
TIMEOUT, ANY_BUT_TIMEOUT = "States.Timeout", "States.TaskFailed"


class UnsupportedError(Exception):
    """A definition uses what is not known here."""


def refuse_unknown(definition: Mapping[str, Any]) -> None:
    """Raise `UnsupportedError` that names every field of a definition that is not known here."""
    if found := list(_unknown(definition)):
        raise UnsupportedError("; ".join(found))


def matches(rule: Mapping[str, Any], error: str) -> bool:
    """Whether a retrier or a catcher is for this error."""
    errors = rule["ErrorEquals"]
    return error in errors or (ANY_BUT_TIMEOUT in errors and error != TIMEOUT)


@cache
def program(expression: str, variables: Sequence[str]) -> engine.Program:
    """A `{% … %}` as our engine takes it, which knows no variables from outside.

    It is run on `{"states": …, "variables": {name: value}}`.
    """
    assigned = " ".join(f"${name} := variables.{name};" for name in variables)
    text = expression.removeprefix("{%").removesuffix("%}")
    return engine.compile(f"($states := states; {assigned} {text})")


def _unknown(definition: Mapping[str, Any]) -> Iterator[str]:
    for name in definition.keys() ^ {"Comment", "QueryLanguage", "StartAt", "States"}:
        yield f"machine: {name}"
    if definition.get("QueryLanguage") != "JSONata":
        yield "machine: not in JSONata"
    for name, state in definition.get("States", {}).items():
        kind = state.get("Type", "no type")
        if kind not in FIELDS:
            yield f"{name}: {kind}"
            continue
        for wrong in (state.keys() - {"Comment"}) ^ {"Type", *FIELDS[kind]}:
            yield f"{name}: {wrong}"
        yield from (f"{name}: {wrong}" for wrong in _unknown_inside(state))


def _unknown_inside(state: Mapping[str, Any]) -> Iterator[str]:
    if state.get("Resource", SEND) != SEND:
        yield f"Resource {state['Resource']}"
    for wrong in state.get("Arguments", {}).keys() - {"QueueUrl", "MessageBody"}:
        yield f"Arguments {wrong}"
    for part, fields in INSIDE.items():
        for rule in state.get(part, []):
            yield from (f"{part} {wrong}" for wrong in rule.keys() - fields)
            for error in rule.get("ErrorEquals", []):
                if error.startswith("States.") and error not in {TIMEOUT, ANY_BUT_TIMEOUT}:
                    yield f"{part} {error}"
