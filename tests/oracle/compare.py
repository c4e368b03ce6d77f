"""Compares the engines with the reference, and knows which differences are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from busbar.mapping import engine
from busbar.mapping.differences import Fault
from tests.oracle.cases import all_cases, mappings_without_samples
from tests.oracle.reference import Case, of_engine, of_reference, same

OTHER_CODE = "jsonata-python refuses with another code"
"""Mostly null where a text belongs: see `busbar.mapping.differences`."""


@dataclass
class Result:
    """What came of a comparison."""

    cases: int
    faults: list[str] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)


def compare(cases: Sequence[Case] | None = None) -> Result:
    """Compare these cases, or all."""
    if cases is None:
        cases = all_cases()
        missing = [f"{name}: there is no sample" for name in mappings_without_samples()]
    else:
        missing = []
    result = Result(len(cases), missing)
    for case, wanted in zip(cases, of_reference(cases), strict=True):
        for name in get_args(engine.Engine):
            _judge(result, case, name, wanted, of_engine(case, name))
    return result


def _judge(result: Result, case: Case, name: engine.Engine, wanted: Any, made: Any) -> None:
    if same(made, wanted):
        return
    if name == "jsonata-python" and isinstance(made, Fault) and isinstance(wanted, Fault):
        result.known[OTHER_CODE] += 1
        return
    shown = f"{name}: {case.name or case.text}: {made!r:.200} instead of {wanted!r:.200}"
    result.faults.append(shown)
