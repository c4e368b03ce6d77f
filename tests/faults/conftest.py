"""Runs in which things go wrong on purpose log nothing; the tests after them do again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.run import silence


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    with silence():
        yield
