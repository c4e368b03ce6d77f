"""Draws a state machine from its definition, as Mermaid text.

Tasks that follow each other and lead to the same places when they fail stand in one box, from which
these ways go out once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.machines import ways

SHAPES = {
    "Choice": ("{", "}"),
    "Succeed": ("([", "])"),
    "Fail": ("[[", "]]"),
}
"""Brackets around a state's text; tasks have plain ones."""
INPUT = "$states.context.Execution.Input."

States = Mapping[str, Any]


def drawn(machine: Mapping[str, Any]) -> str:
    """A flowchart of all states and all ways between them."""
    states: States = machine["States"]
    runs = {f"box{n}": run for n, run in enumerate(_runs(states, machine["StartAt"]), 1)}
    lines = [line for box, run in runs.items() for line in _drawn_run(box, run, states)]
    lines += [way for box, run in runs.items() for way in _ways_out(box, run, states)]
    return "\n".join(["flowchart TD", *(f"    {line}" for line in lines)])


def _drawn_run(box: str, run: Sequence[str], states: States) -> Iterator[str]:
    if len(run) == 1:
        yield _node(run[0], states[run[0]])
        return
    yield f'subgraph {box}["{run[0]} to {run[-1]}"]'
    yield from (f"    {_node(name, states[name])}" for name in run)
    yield "end"


def _runs(states: States, start: str) -> Iterator[Sequence[str]]:
    """The states in order, those together that follow each other and fail alike."""
    run: list[str] = []
    for name in _in_order(states, start):
        follows = run and states[run[-1]].get("Next") == name
        if not (follows and states[name].get("Catch") == states[run[-1]].get("Catch", [])):
            if run:
                yield run
            run = []
        run.append(name)
    yield run


def _in_order(states: States, start: str) -> list[str]:
    """The usual way first, then what branches off it, as the definition has it."""
    order: list[str] = []
    name = start
    while name and name not in order:
        order.append(name)
        name = states[name].get("Next") or states[name].get("Default", "")
    return [*order, *(other for other in states if other not in order)]


def _node(name: str, state: Mapping[str, Any]) -> str:
    left, right = SHAPES.get(state["Type"], ("[", "]"))
    return f'{name}{left}"<b>{name}</b><br>{state["Comment"]}"{right}'


def _ways_out(box: str, run: Sequence[str], states: States) -> Iterator[str]:
    for name in run:
        for after, why in ways({k: v for k, v in states[name].items() if k != "Catch"}):
            yield _arrow(name, after, why.removeprefix(INPUT))
    for after, why in ways({"Catch": states[run[0]].get("Catch", [])}):
        yield _arrow(box if len(run) > 1 else run[0], after, why)


def _arrow(before: str, after: str, why: str) -> str:
    return f'{before} -->|"{why}"| {after}' if why else f"{before} --> {after}"
