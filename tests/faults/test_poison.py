"""One bad event in a hundred: it is parked, and no good one waits for it longer than a retry.

A thousand events; `python -m tests.faults poison-events` plays ten thousand.
"""

from __future__ import annotations

from tests.faults.poison import FEW, ONE_IN, measured


def test_should_park_exactly_the_bad_ones_and_finish_them_once_the_mapping_is_mended() -> None:
    result = measured(FEW)
    assert result.found == []
    assert result.bad == FEW // ONE_IN
    assert result.again == 0
    assert result.latest < 5.0
