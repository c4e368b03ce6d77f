"""Recorded answers of be.ENERGISED, read by the real connector."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.reach import Reach
from busbar.errors import Missing, Refused, Unavailable, Unknown, UpstreamError
from busbar.settings.energised import EnergisedSettings
from tests.contracts.recording import FixedClock, Player, Seconds, Secrets

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = EnergisedSettings(base_url="https://acme.beenergised.cloud", secret_id="any")
CARD_ID = "410001"
SINCE = datetime(2025, 4, 24, tzinfo=UTC)


def connected(
    *steps: Any, credentials: Secrets | None = None, monotonic: Seconds | None = None
) -> tuple[EnergisedCards, Player]:
    player = Player(RECORDED, list(steps))
    cards = EnergisedCards(
        SETTINGS,
        Reach(
            credentials or Secrets([{"api_token": "t0ken"}]),
            clock=FixedClock(),
            correlation=lambda: "corr\r\n-1",
            transport=player.transport,
            monotonic=monotonic or Seconds(),
        ),
    )
    return cards, player


def test_should_read_a_card_and_pass_over_unknown_fields() -> None:
    cards, player = connected("card")
    card = cards.read_card("41/0001", 5)
    assert (card.id, card.active, card.blocked, card.contact_id) == (CARD_ID, True, False, None)
    assert card.updated_at == datetime(2025, 4, 24, 13, 18, 27, tzinfo=UTC)
    assert player.calls() == ["GET /api/card/41%2F0001"]
    assert player.sent[0].headers["x-api-token"] == "t0ken"
    assert player.sent[0].headers["x-correlation-id"] == "corr-1"


def test_should_keep_the_row_of_a_card_for_a_write_but_what_only_be_energised_sets() -> None:
    cards, _ = connected("card")
    card = cards.read_card(CARD_ID, 5)
    assert (card.raw["emp"], card.raw["something_new"]) == ("AT-HTB", {"x": 1})
    assert set(card.raw) & {"blocked", "updated_at"} == set()
    assert "AT-HTB" not in repr(card)


def test_should_not_believe_a_card_that_nests_without_end() -> None:
    deep = '{"id": "1", "active": "true", "updated_at": "2025-04-24T13:18:27Z", "x": '
    body = deep + "[" * 100 + "]" * 100 + "}"
    cards, _ = connected(httpx.Response(200, text=body))
    with pytest.raises(Unavailable, match="body"):
        cards.read_card(CARD_ID, 5)


def test_should_read_booleans_and_ids_of_json_too() -> None:
    cards, _ = connected("card_json_booleans")
    card = cards.read_card(CARD_ID, 5)
    assert (card.id, card.active, card.blocked) == (CARD_ID, True, False)


def test_should_write_booleans_as_strings_and_address_the_card() -> None:
    cards, player = connected("put")
    cards.write_card(CARD_ID, {"id": "other", "active": False, "label": "x", "contact_id": None}, 5)
    assert player.calls() == ["PUT /api/card/"]
    assert player.json_sent() == {
        "id": CARD_ID,
        "active": "false",
        "label": "x",
        "contact_id": None,
    }


def test_should_read_on_by_the_rows_that_came_and_not_by_the_limit_asked() -> None:
    cards, player = connected("list_page_1", "list_page_2")
    first = cards.changed_cards(SINCE, 0, 5)
    assert (len(first.cards), first.following) == (2, 2)
    last = cards.changed_cards(SINCE, 2, 5)
    assert (len(last.cards), last.following) == (1, None)
    assert dict(player.sent[1].url.params) == {
        "offset": "2",
        "limit": "500",
        "updated_since": "2025-04-24T00:00:00+00:00",
    }


def test_should_name_the_rows_that_make_no_card_and_hand_out_the_others() -> None:
    cards, _ = connected("list_unreadable_rows")
    page = cards.changed_cards(None, 0, 5)
    assert [card.id for card in page.cards] == [CARD_ID, "410005"]
    assert page.unreadable == ("410002", "", "")
    assert page.following == 5
    assert [card.raw for card in page.cards] == [{}, {}]


@pytest.mark.parametrize("data", [None, {}, "no"])
def test_should_call_a_list_that_is_none_unavailable(data: object) -> None:
    cards, _ = connected(httpx.Response(200, json={"data": data, "meta": {"total": 1}}))
    with pytest.raises(Unavailable, match="data"):
        cards.changed_cards(None, 0, 5)


def test_should_end_at_an_empty_page_whatever_the_total_says() -> None:
    cards, player = connected("list_empty")
    page = cards.changed_cards(None, 2, 5)
    assert (page.cards, page.following) == ((), None)
    assert "updated_since" not in player.sent[0].url.params


def test_should_understand_the_pagination_of_the_cpo_api() -> None:
    cards, _ = connected("list_cpo_shape")
    assert cards.changed_cards(None, 0, 5).following == 1


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        ("card_missing", Missing, ""),
        ("proxy_page", Unavailable, ""),
        ("server_error", Unavailable, ""),
        ("card_without_offset", Unavailable, "updated_at"),
        (httpx.Response(200, text="<html>"), Unavailable, "body"),
        (httpx.Response(200, json=[]), Unavailable, "body"),
        (httpx.Response(200, json={"id": "1", "active": "maybe"}), Unavailable, "active"),
        (httpx.Response(301), Unavailable, ""),
        (httpx.ReadTimeout("slow"), Unavailable, ""),
    ],
)
def test_should_tell_the_consequence_of_a_failed_read(
    answer: Any, kind: type[UpstreamError], detail: str
) -> None:
    cards, _ = connected(answer)
    with pytest.raises(UpstreamError) as caught:
        cards.read_card(CARD_ID, 5)
    assert (type(caught.value), caught.value.detail) == (kind, detail)


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        ("invalid_contact", Refused, "contact_id"),
        ("card_missing", Missing, ""),
        ("server_error", Unknown, ""),
        ("put_other_card", Unknown, "id"),
        (httpx.Response(200, text="<html>"), Unknown, "body"),
        (httpx.Response(302), Unknown, ""),
        (httpx.ReadTimeout("slow"), Unknown, ""),
        (httpx.ReadError("reset"), Unknown, ""),
        (httpx.ConnectError("refused"), Unavailable, ""),
    ],
)
def test_should_tell_the_consequence_of_a_failed_write_without_its_message(
    answer: Any, kind: type[UpstreamError], detail: str
) -> None:
    cards, _ = connected(answer)
    with pytest.raises(UpstreamError) as caught:
        cards.write_card(CARD_ID, {"label": "Jana Petersen"}, 5)
    assert (type(caught.value), caught.value.detail) == (kind, detail)
    assert "Petersen" not in str(caught.value)


def test_should_accept_an_empty_answer_to_a_write() -> None:
    cards, player = connected(httpx.Response(204))
    cards.write_card(CARD_ID, {}, 5)
    assert player.steps == []


def test_should_stay_away_for_as_long_as_it_is_told() -> None:
    cards, _ = connected("too_many")
    with pytest.raises(Unavailable) as caught:
        cards.write_card(CARD_ID, {}, 5)
    assert (caught.value.code, caught.value.retry_after) == ("HTTP_429", 7.0)


def test_should_repeat_once_with_a_token_that_was_renewed() -> None:
    secrets = Secrets([{"api_token": "old"}, {"api_token": "new"}])
    cards, player = connected("unauthenticated", "put", credentials=secrets)
    cards.write_card(CARD_ID, {}, 5)
    assert [r.headers["x-api-token"] for r in player.sent] == ["old", "new"]


def test_should_wait_for_a_person_when_the_token_stays_refused() -> None:
    cards, player = connected("unauthenticated")
    with pytest.raises(Unavailable) as caught:
        cards.read_card(CARD_ID, 5)
    assert caught.value.code == "HTTP_401"
    assert len(player.sent) == 1


@pytest.mark.parametrize("secret", [{}, {"api_token": ""}, {"api_token": "tök\n"}])
def test_should_send_nothing_without_a_token_an_id_or_time(secret: dict[str, str]) -> None:
    cards, player = connected(credentials=Secrets([secret]))
    with pytest.raises(Unavailable, match="INCOMPLETE_SECRET"):
        cards.read_card(CARD_ID, 5)
    with pytest.raises(Missing):
        cards.read_card("..", 5)
    late, also = connected()
    with pytest.raises(Unavailable, match="NO_TIME_LEFT"):
        late.write_card(CARD_ID, {}, 0)
    assert player.sent + also.sent == []
