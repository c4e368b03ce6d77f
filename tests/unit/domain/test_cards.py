"""A card follows be.ENERGISED, and is found by company, order and holder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from busbar.domain.cards import BackendCard, ChargeCard, card_id

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def any_card(**values: Any) -> ChargeCard:
    usual: dict[str, Any] = {
        "id": card_id("demo", "4711"),
        "energised_id": "4711",
        "number": "DE-1",
        "order_id": "ORDER",
        "company_id": "COMPANY",
    }
    return ChargeCard(**{**usual, **values})


def any_backend_card(**values: Any) -> BackendCard:
    usual: dict[str, Any] = {
        "id": "4711",
        "tag": "0012AB",
        "number": "DE-1",
        "active": False,
        "updated_at": NOON,
    }
    return BackendCard(**{**usual, **values})


@pytest.mark.parametrize(
    ("theirs", "ours", "value"),
    [
        ("number", "number", "DE-9"),
        ("label", "label", "Pool 3"),
        ("active", "active", True),
        ("blocked", "blocked", True),
        ("contact_id", "holder_uuid", "uuid-1"),
        ("billing_contact_id", "billing_contact_id", "uuid-2"),
        ("updated_at", "observed_at", NOON + timedelta(hours=1)),
    ],
)
def test_should_take_over_each_field_that_be_energised_leads(
    theirs: str, ours: str, value: Any
) -> None:
    before = any_card().observed(any_backend_card())
    after = before.observed(any_backend_card(**{theirs: value}))
    assert after == before.model_copy(update={ours: value})


def test_should_lose_the_holder_when_be_energised_has_none_any_more() -> None:
    held = any_card().observed(any_backend_card(contact_id="uuid-1"))
    assert held.observed(any_backend_card()).holder_uuid is None


def test_should_leave_alone_what_the_portal_leads_when_observed() -> None:
    card = any_card(vehicle="OL-NW 17", asset_id="02i", in_portal_since=NOON, waiting_for="x")
    after = card.observed(any_backend_card(label="new"))
    kept = ("vehicle", "asset_id", "in_portal_since", "waiting_for", "order_id", "company_id", "id")
    assert all(getattr(after, name) == getattr(card, name) for name in kept)


def test_should_stand_in_no_list_before_it_is_in_the_portal() -> None:
    assert any_card().listed_by() is None
    assert any_card(in_portal_since=NOON).listed_by() == "company#COMPANY"


@pytest.mark.parametrize(
    ("values", "links"),
    [
        ({}, set()),
        ({"holder_uuid": "u"}, set()),
        ({"in_portal_since": NOON}, set()),
        ({"holder_uuid": "u", "in_portal_since": NOON}, {("holder", "u")}),
    ],
)
def test_should_be_found_by_its_order_and_in_the_portal_by_its_holder(
    values: dict[str, Any], links: set[tuple[str, str]]
) -> None:
    assert any_card(**values).links() == links


def test_should_keep_the_time_at_which_it_came_into_the_portal() -> None:
    shown = any_card().shown_in_portal(NOON)
    assert shown.in_portal_since == NOON
    assert shown.shown_in_portal(NOON + timedelta(days=1)) is shown


def test_should_have_one_id_per_org_and_backend_card() -> None:
    ids = {card_id(org, card) for org in ("a", "b") for card in ("1", "2", "01")}
    assert len(ids) == 6
    assert card_id("a", "1") == card_id("a", "1")
