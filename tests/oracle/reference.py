"""What the reference (npm jsonata, on the locked node) and our engines make of an expression."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.differences import Fault
from busbar.mapping.engine import UNDEFINED, Bindings
from infra.toolchain import node

SCRIPT = Path(__file__).with_name("reference.js")
SECONDS = 60.0


@dataclass(frozen=True)
class Case:
    """One evaluation. Without a `root` it is the source."""

    text: str
    source: Any
    env: dict[str, Any] = field(default_factory=dict)
    root: Any = UNDEFINED
    name: str = ""


def of_reference(cases: Sequence[Case]) -> list[Any]:
    """The answer to each: a JSON value, `UNDEFINED` or a `Fault`. One process for all."""
    asked = [
        {"text": c.text, "source": c.source, "env": c.env}
        | ({} if c.root is UNDEFINED else {"root": c.root})
        for c in cases
    ]
    done = subprocess.run(  # noqa: S603  the locked node
        [str(node()), str(SCRIPT)],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        # Where its packages are, and nothing else.
        env={"NODE_PATH": str(Path(sys.prefix) / "node_modules")},
        check=True,
        timeout=SECONDS,
    )
    return [
        Fault(a["code"]) if "code" in a else a.get("value", UNDEFINED)
        for a in json.loads(done.stdout)
    ]


def of_engine(case: Case, name: engine.Engine) -> Any:
    """The answer of one of our engines, likewise."""
    try:
        program = engine.compile(case.text, name)
        return program.run(case.source, bindings=Bindings(case.env, case.root))
    except Unmappable as error:
        return Fault(error.code)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same JSON: 1 and 1.0 are, 1 and true are not; keys in order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)
