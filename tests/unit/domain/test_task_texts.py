"""Every task has a German text that says what happened and what is to be decided."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from busbar.domain.task_texts import ANY_KIND, CLOSER, TEXTS, task_text
from busbar.domain.tasks import Kind, Task

ALL = [(kind, "any_reason") for kind in TEXTS] + list(CLOSER)


def any_task(**fields: Any) -> Task:
    """A task."""
    usual = {
        "id": "9BDN2ZRQSJKP6",
        "kind": "parked_step",
        "subject_schema": "charge_card_order",
        "subject_id": "0RDER00000001",
        "system": "salesforce",
        "reason": "any_reason",
        "opened_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }
    return Task(**{**usual, **fields})


def test_should_have_a_text_for_every_kind_that_the_product_opens() -> None:
    assert set(TEXTS) == set(get_args(Kind))
    assert {kind for kind, _ in CLOSER} <= set(TEXTS)


@pytest.mark.parametrize(("kind", "reason"), ALL)
@pytest.mark.parametrize("system", ["salesforce", "energised", "", "sap"])
@pytest.mark.parametrize("schema", ["charge_card_order", "charge_card", "", "company"])
def test_should_say_what_happened_and_then_what_is_to_be_decided(
    kind: str, reason: str, system: str, schema: str
) -> None:
    text = task_text(any_task(kind=kind, reason=reason, system=system, subject_schema=schema))
    assert re.fullmatch(r"[A-Z][^{}]+\. Bitte [^{}]*entscheiden, [^{}]+\.", text), text
    assert "  " not in text


@pytest.mark.parametrize("reason", ["several_found", "several_found CODE", "several_found: a, b"])
def test_should_say_more_where_the_reason_is_one_of_our_own(reason: str) -> None:
    text = task_text(any_task(reason=reason))
    assert text.startswith("Die Bestellung steht in Salesforce mehrfach.")


def test_should_name_the_system_and_the_subject_in_the_words_of_clerks() -> None:
    text = task_text(
        any_task(kind="parked_state", system="energised", subject_schema="charge_card")
    )
    assert text.startswith("Die Karte sollte in be.ENERGISED geändert werden")


def test_should_have_a_sensible_text_for_a_kind_of_another_release() -> None:
    text = task_text(any_task(kind="kind_of_another_release", subject_schema="any"))
    assert text == ANY_KIND.format(subject="Ein Vorgang")


@pytest.mark.parametrize("field", ["reason", "subject_id", "cause"])
def test_should_quote_nothing_that_others_wrote(field: str) -> None:
    for kind in get_args(Kind):
        assert "Erika" not in task_text(any_task(kind=kind, **{field: "{system} Erika"}))
