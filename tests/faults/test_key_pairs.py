"""10,000 pairs of a caller and a key: no two of them ever meet, and each one meets itself."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import pytest

from busbar.errors import Problem
from busbar.process.idempotency import check_key
from tests.unit.process.desk import Desk

PAIRS = 10_000
SCOPES = ("order_submit", "order")
SEPARATORS = (*"#:/|.,;_- ~", "\\x1f", "\\u001f", "%1F", "\\", "==", "'", '"')
PIECES = (
    "a",
    "b",
    "ab",
    "sub",
    "order_submit",
    "0",
    "00",
    "demo",
    "é",
    "e\u0301",
    "\x1f",
    "\0",
    "",
)
"""What callers' ids and keys are made of. Not all of it is allowed in a key."""

Pair = tuple[str, str, str]
"""Scope, caller, key."""


def is_key(text: str) -> bool:
    """Whether the API takes it for a key."""
    try:
        return bool(check_key(text))
    except Problem:
        return False


def drawn(chance: random.Random) -> Iterator[Pair]:
    """One text, taken apart at every place: all of it together is the same for these pairs."""
    text = "".join(
        chance.choice(PIECES) + chance.choice(("\x1f", *SEPARATORS))
        for _ in range(chance.randint(1, 5))
    )
    text += chance.choice("abx0")
    scope = chance.choice(SCOPES)
    for place in range(len(text)):
        if is_key(text[place:]):
            yield scope, text[:place], text[place:]
    if text.isprintable() and text.isascii():
        # The same caller and key in each other's place.
        yield scope, text, text[:1] + "x"
        yield scope, text[:1] + "x", text


def adversarial(seed: int) -> list[Pair]:
    """So many different pairs."""
    chance, pairs = random.Random(seed), dict[Pair, None]()  # noqa: S311  (no secret)
    while len(pairs) < PAIRS:
        pairs.update(dict.fromkeys(drawn(chance)))
    return list(pairs)[:PAIRS]


def meetings(made: Iterable[tuple[Pair, str]]) -> list[tuple[Pair, Pair]]:
    """Pairs that were given one and the same entity."""
    owners: dict[str, Pair] = {}
    return [
        (owners[entity], pair)
        for pair, entity in made
        if owners.setdefault(entity, pair) is not pair
    ]


def sent(desk: Desk, pair: Pair) -> tuple[str, bool]:
    """The entity that a request gets to see, and whether it is a replay."""
    scope, caller, key = pair
    answer = desk.send(scope=scope, caller=caller, key=key)
    return answer.headers["Location"], answer.replayed


@pytest.mark.parametrize("seed", [1, 2])
def test_should_never_have_two_callers_meet_and_always_the_same_one_with_itself(seed: int) -> None:
    desk, pairs = Desk(), adversarial(seed)
    first = [(pair, *sent(desk, pair)) for pair in pairs]
    assert not any(replayed for _, _, replayed in first)
    assert meetings((pair, entity) for pair, entity, _ in first) == []
    assert len(desk.made) == PAIRS
    random.Random(seed).shuffle(first)  # noqa: S311  (no secret)
    assert all(sent(desk, pair) == (entity, True) for pair, entity, _ in first)
    assert len(desk.made) == PAIRS


def test_should_try_pairs_that_a_careless_key_of_the_record_would_mix_up() -> None:
    pairs = adversarial(1)
    assert len(set(pairs)) == PAIRS
    assert all(is_key(key) for _, _, key in pairs)
    for careless in ("", "#", ":", "/", "|", "_"):
        keys = {careless.join(pair) for pair in pairs}
        assert len(keys) < PAIRS, careless
    swapped = {tuple(sorted(pair)) for pair in pairs}
    assert len(swapped) < PAIRS


def test_should_refuse_the_separator_in_a_key_that_keeps_callers_apart() -> None:
    assert not is_key("a\x1fb")


def test_should_find_pairs_that_meet() -> None:
    one, other = ("s", "a", "bc"), ("s", "ab", "c")
    assert meetings([(one, "/1"), (other, "/1")]) == [(one, other)]
    assert meetings([(one, "/1"), (other, "/2")]) == []
