"""Where the sample events lie, and which test drives which of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from infra.catalog import USE_CASES

EVENTS = Path(__file__).parents[2] / "events"


def use_case_of(module: str) -> str | None:
    """The use case that a test module is about: `test_order_submit_faults` -> `order_submit`."""
    names = [u.name for u in USE_CASES if f"{module}_".startswith(f"test_{u.name}_")]
    return max(names, key=len, default=None)


def case_of(function: str) -> str | None:
    """The case that a test is named after: `test_one_card_should_…` -> `one_card`."""
    found = re.match(r"test_(\w+?)_should_", function)
    return found[1] if found else None


def read_event(use_case: str, case: str) -> Any:
    """`events/<use_case>/<case>.json`."""
    return json.loads((EVENTS / use_case / f"{case}.json").read_text())
