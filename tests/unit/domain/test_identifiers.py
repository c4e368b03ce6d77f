"""Ids and references: stable, short, and readable back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.domain.identifiers import (
    ALPHABET,
    derived_id,
    encode,
    entity_id_of,
    is_id,
    reference,
)

IDS = st.text(ALPHABET, min_size=13, max_size=13)
KINDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=5)
ANY_ID = "0123456789ABC"


@given(KINDS, IDS)
def test_should_read_the_id_back_from_a_reference(kind: str, entity_id: str) -> None:
    made = reference(kind, entity_id)
    assert entity_id_of(kind, made) == entity_id
    assert len(made) <= 20
    assert re.fullmatch("BB[A-Z0-9]+", made)


@given(KINDS, IDS, KINDS, IDS)
def test_should_give_two_objects_two_references(k1: str, i1: str, k2: str, i2: str) -> None:
    assert (reference(k1, i1) == reference(k2, i2)) is ((k1, i1) == (k2, i2))


@given(st.text(max_size=25))
def test_should_find_no_id_in_a_text_that_is_no_reference(text: str) -> None:
    if not re.fullmatch(f"BBCO[{ALPHABET}]{{13}}", text):
        assert entity_id_of("CO", text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BBCO",
        "BBCO" + ANY_ID[:-1],
        "BBCO" + ANY_ID + "0",
        "BBCI" + ANY_ID,
        "bbco" + ANY_ID,
        "BBCO" + ANY_ID.lower(),
        "BBCO" + ANY_ID + "\n",
        " BBCO" + ANY_ID,
        "BBCO" + ANY_ID[:-1] + "U",
        "BBCOBBCO" + ANY_ID,
    ],
)
def test_should_not_take_for_a_reference_what_is_only_similar(text: str) -> None:
    assert entity_id_of("CO", text) is None


@pytest.mark.parametrize(
    ("kind", "entity_id"),
    [
        ("", ANY_ID),
        ("CO", ""),
        ("CO", ANY_ID[:-1]),
        ("CO", "A" + ANY_ID),
        ("CO", ANY_ID + "\n"),
        ("CO", ANY_ID.lower()),
        ("CO", "ILOU" + ANY_ID[:9]),
        ("TOOLONG", ANY_ID),
        ("c", ANY_ID),
        ("C1", ANY_ID),
        ("C", "Z" + ANY_ID),
    ],
)
def test_should_make_no_reference_that_cannot_be_read_back(kind: str, entity_id: str) -> None:
    with pytest.raises(ValueError, match="no reference"):
        reference(kind, entity_id)


@pytest.mark.parametrize(
    "text", ["", ANY_ID + "\n", "\n" + ANY_ID, ANY_ID + "#", "I" * 13, "é" * 13]
)
def test_should_not_take_for_an_id_what_is_only_similar(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0000000000000"),
        (31, "000000000000Z"),
        (32, "0000000000010"),
        (2**65 - 1, "ZZZZZZZZZZZZZ"),
        (2**65, "0000000000000"),
        (10**18, "0VR5PPEKP8000"),
    ],
)
def test_should_write_numbers_in_crockford_base32(number: int, text: str) -> None:
    assert encode(number) == text


@given(st.integers(0, 2**65 - 1))
def test_should_write_65_bits_without_loss(number: int) -> None:
    text = encode(number)
    assert is_id(text)
    assert sum(ALPHABET.index(c) << (5 * n) for n, c in enumerate(reversed(text))) == number


# These ids stand in tables and in outside systems: they must never change.
@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("demo", "charge_card", "4711"), "R4T99CJZE2RB5"),
        (("demo", "0000000000001", "item", "1"), "XGPWGVD7CA22H"),
        (("",), "V1H22K3Y1R54T"),
        (("Grüße", "日本"), "7V2CS49NGARVH"),
    ],
)
def test_should_derive_the_same_id_for_ever(parts: tuple[str, ...], text: str) -> None:
    assert derived_id(*parts) == text


@given(
    st.lists(st.text("ab#", max_size=3), max_size=3),
    st.lists(st.text("ab#", max_size=3), max_size=3),
)
def test_should_derive_different_ids_from_different_parts(a: list[str], b: list[str]) -> None:
    if a != b and "\x1f".join(a) != "\x1f".join(b):
        assert derived_id(*a) != derived_id(*b)
    assert is_id(derived_id(*a))
