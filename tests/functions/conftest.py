"""A fresh world for each test, and the sample event that the test's name names.

`test_<case>_should_…` in `tests/functions/test_<use_case>*.py` is given
`events/<use_case>/<case>.json` as `event`. `tests/test_catalog.py` holds that each file has its
test.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import World
from tests.functions.samples import case_of, read_event, use_case_of


@pytest.fixture
def world() -> World:
    """The whole product in memory, with nothing ordered yet."""
    return World()


@pytest.fixture
def event(request: pytest.FixtureRequest) -> Any:
    """The sample event of the test that asks."""
    use_case, case = use_case_of(request.path.stem), case_of(request.function.__name__)
    assert use_case, f"{request.path.name} is named after no use case"
    assert case, f"{request.function.__name__} has to be called test_<case>_should_…"
    return read_event(use_case, case)
