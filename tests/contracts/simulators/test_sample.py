from __future__ import annotations

import pytest

from infra.simulators import sample
from infra.simulators.record_ids import canonical, record_id
from infra.simulators.sample import emaid_check


@pytest.mark.parametrize(
    ("instance", "check"),
    [
        ("NN123ABCDEFGHI", "T"),
        ("FRXYZ123456789", "2"),
        ("ITA1B2C3E4F5G6", "4"),
        ("ESZU8WOX834H1D", "R"),
        ("DE8AA001234567", "0"),
    ],
)
def test_should_compute_the_check_character_of_public_vectors(instance: str, check: str) -> None:
    assert emaid_check(instance) == check


def test_should_have_300_different_cards() -> None:
    cards = sample.cards()
    assert len({c.tag for c in cards}) == len({c.number for c in cards}) == 300
    assert all(len(c.tag) == 14 and int(c.tag, 16) for c in cards)


def test_should_guard_the_case_of_ids() -> None:
    assert canonical("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert canonical("a0T3000000Lw7MZ") == "a0T3000000Lw7MZEAZ"
    whole = record_id("801", 36)
    assert canonical(whole[:15]) == whole
    assert canonical(whole[:15] + "ZZZ") is None
    assert canonical("short") is None
