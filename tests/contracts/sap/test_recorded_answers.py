"""Recorded answers of SAP Gateway, read by the real connector."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.sap.system import SapSystem
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown, UpstreamError
from busbar.settings.sap import SapSettings
from tests.contracts.recording import FixedClock, Player, Seconds, Secrets
from tests.unit.connectors.test_gate import UP, Notes

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = SapSettings(base_url="https://sap.acme.example", secret_id="any", client="100")
SECRET = {"user": "BUSBAR", "password": "geheim-ä"}
ROOT = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/"
PERSON = "BBPE0000000000001"
CONTRACT = "BBCT0000000000001"
TRANSACTION = "4BF2A1C0E3D94F6FA1B2C3D4E5F60718"


def connected(
    *steps: Any,
    credentials: Secrets | None = None,
    monotonic: Seconds | None = None,
    gate: Notes | None = None,
    **settings: Any,
) -> tuple[SapSystem, Player]:
    """A system that answers just so."""
    player = Player(RECORDED, list(steps))
    system = SapSystem(
        replace(SETTINGS, **settings),
        Reach(
            credentials or Secrets([SECRET]),
            clock=FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
            monotonic=monotonic or Seconds(),
            gate=gate,
        ),
    )
    return system, player


def answer_of_rows(*rows: dict[str, Any], following: str = "") -> httpx.Response:
    page = {"results": list(rows), **({"__next": following} if following else {})}
    return httpx.Response(200, json={"d": page})


def any_row(**changes: Any) -> dict[str, Any]:
    return {"BusinessPartner": "1", "BusinessPartnerIDByExtSystem": PERSON, **changes}


# --- who we are --------------------------------------------------------------------------------


def test_should_say_who_we_are_in_which_client_and_language() -> None:
    system, player = connected("partners_none")
    system.find_partners(PERSON, 5)
    sent = player.sent[0].headers
    assert base64.b64decode(sent["authorization"].removeprefix("Basic ")).decode() == (
        "BUSBAR:geheim-ä"
    )
    assert (sent["sap-client"], sent["sap-language"]) == ("100", "DE")
    assert sent["x-correlation-id"] == "corr-1"
    assert "x-csrf-token" not in sent


def test_should_leave_the_client_to_the_gateway_if_none_is_set() -> None:
    system, player = connected("partners_none", client="", language="EN")
    system.find_partners(PERSON, 5)
    assert "sap-client" not in player.sent[0].headers
    assert player.sent[0].headers["sap-language"] == "EN"


def test_should_repeat_once_with_a_password_that_was_renewed() -> None:
    secrets = Secrets([SECRET, {**SECRET, "password": "new"}])
    system, player = connected("unauthorised", "partners_none", credentials=secrets)
    system.find_partners(PERSON, 5)
    assert len({r.headers["authorization"] for r in player.sent}) == 2


def test_should_not_try_a_refused_password_again() -> None:
    system, player = connected("unauthorised")
    with pytest.raises(Unavailable, match="HTTP_401"):
        system.find_partners(PERSON, 5)
    assert len(player.sent) == 1


def test_should_tell_the_gate_of_a_refused_password_as_sap_locks_who_tries_on() -> None:
    gate = Notes()
    system, _ = connected("unauthorised", "partners_none", gate=gate)
    with pytest.raises(Unavailable):
        system.find_partners(PERSON, 5)
    system.find_partners(PERSON, 5)
    assert gate.told == ["HTTP_401", UP]


@pytest.mark.parametrize("secret", [{}, {"user": "BUSBAR"}, {"user": "", "password": "x"}])
def test_should_send_nothing_with_half_a_secret(secret: dict[str, str]) -> None:
    system, player = connected(credentials=Secrets([secret]))
    with pytest.raises(Unavailable, match="INCOMPLETE_SECRET"):
        system.find_partners(PERSON, 5)
    assert player.sent == []


# --- finding -----------------------------------------------------------------------------------


def test_should_ask_for_two_partners_with_the_reference_and_for_no_more_than_is_compared() -> None:
    system, player = connected("partners_none")
    assert system.find_partners(PERSON, 5) == []
    assert player.calls() == [f"GET {ROOT}A_BusinessPartner"]
    assert dict(player.sent[0].url.params) == {
        "$filter": f"BusinessPartnerIDByExtSystem eq '{PERSON}'",
        "$top": "2",
        "$select": "BusinessPartner,BusinessPartnerIDByExtSystem,FirstName,LastName,BirthDate",
    }


def test_should_give_what_tells_one_person_from_another_under_a_padded_number() -> None:
    system, _ = connected("partners_one")
    (found,) = system.find_partners(PERSON, 5)
    assert found.external_id == "0001000178"
    assert found.fields == {
        "first_name": "Erika",
        "last_name": "Muster",
        "birth_date": "1955-01-01",
    }


def test_should_give_both_of_two_and_an_empty_text_for_a_day_that_sap_does_not_know() -> None:
    system, _ = connected("partners_two")
    first, second = system.find_partners(PERSON, 5)
    assert (first.external_id, second.external_id) == ("0001000178", "0001000179")
    assert second.fields["birth_date"] == ""


def test_should_read_on_where_the_page_says() -> None:
    system, player = connected("partners_first_page", "partners_last_page")
    assert len(system.find_partners(PERSON, 5)) == 2
    assert parse_qs(player.sent[1].url.query.decode())["$skiptoken"] == ["1"]


def test_should_understand_a_next_page_that_is_told_from_the_service_s_root() -> None:
    relative = answer_of_rows(following="A_BusinessPartner?$skiptoken=2")
    system, player = connected(relative, "partners_one")
    assert len(system.find_partners(PERSON, 5)) == 1
    assert player.sent[1].url.path == f"{ROOT}A_BusinessPartner"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner?x=1",
        "//evil.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner?x=1",
        "http://sap.acme.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner?x=1",
        "https://sap.acme.example:444/sap/opu/odata/sap/API_BUSINESS_PARTNER/A?x=1",
        "https://sap.acme.example@evil.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/A",
        "https://sap.acme.example/sap/opu/odata/sap/OTHER_SRV/A_BusinessPartner?x=1",
        "https://sap.acme.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/../OTHER_SRV/A?x=1",
        "https://sap.acme.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/%2e%2e/OTHER_SRV/A?x=1",
        "https://sap.acme.example/sap/opu/odata/sap/API_BUSINESS_PARTNER/..\\OTHER_SRV/A?x=1",
        "/sap/bc/ping",
        "https://[",
    ],
)
def test_should_take_our_password_nowhere_else(link: str) -> None:
    system, player = connected(answer_of_rows(following=link))
    with pytest.raises(Unavailable, match="__next"):
        system.find_partners(PERSON, 5)
    assert len(player.sent) == 1


def test_should_not_read_on_without_end() -> None:
    loop = [answer_of_rows(following="A_BusinessPartner?$skiptoken=1") for _ in range(50)]
    system, player = connected(*loop)
    with pytest.raises(Unavailable, match="__next"):
        system.find_partners(PERSON, 5)
    assert len(player.sent) == 10


def test_should_double_a_quote_in_a_search() -> None:
    system, player = connected(answer_of_rows(any_row(BusinessPartnerIDByExtSystem="O'x & y")))
    assert len(system.find_partners("O'x & y", 5)) == 1
    assert player.sent[0].url.params["$filter"] == "BusinessPartnerIDByExtSystem eq 'O''x & y'"


def test_should_refuse_a_service_that_passes_over_the_filter() -> None:
    system, _ = connected("partners_unfiltered")
    with pytest.raises(Refused, match="SEARCH_PASSED_OVER"):
        system.find_partners(PERSON, 5)


def test_should_give_two_of_those_that_a_service_without_top_shows() -> None:
    system, _ = connected(answer_of_rows(any_row(), any_row(), any_row()))
    assert len(system.find_partners(PERSON, 5)) == 2


@pytest.mark.parametrize(
    ("row", "number"),
    [
        (any_row(BusinessPartner="0000000042"), "0000000042"),
        (any_row(BusinessPartner="42"), "0000000042"),
        (any_row(BusinessPartner="12345678901"), "12345678901"),
        (any_row(BusinessPartner="GP42"), "GP42"),
        (any_row(BusinessPartner="٤٢"), "٤٢"),
    ],
)
def test_should_pad_numbers_and_nothing_else(row: dict[str, Any], number: str) -> None:
    system, _ = connected(answer_of_rows(row))
    assert system.find_partners(PERSON, 5)[0].external_id == number


@pytest.mark.parametrize(
    ("born", "day"),
    [
        ("/Date(0)/", "1970-01-01"),
        ("/Date(-1)/", "1969-12-31"),
        ("/Date(642902400000)/", "1990-05-17"),
        ("/Date(642902400000+0000)/", "1990-05-17"),
        ("/Date(642895200000+0120)/", "1990-05-17"),
        ("/Date(253402214400000)/", "9999-12-31"),
        ("", ""),
        (None, ""),
    ],
)
def test_should_read_the_day_of_birth_as_it_is_meant(born: str | None, day: str) -> None:
    system, _ = connected(answer_of_rows(any_row(BirthDate=born)))
    assert system.find_partners(PERSON, 5)[0].fields["birth_date"] == day


@pytest.mark.parametrize(
    "row",
    [
        any_row(BusinessPartner=""),
        any_row(BusinessPartner=None),
        any_row(BusinessPartner=1000178),
        any_row(FirstName=1),
        any_row(BirthDate="1990-05-17"),
        any_row(BirthDate="/Date(1e3)/"),
        any_row(BirthDate="/Date(99999999999999999)/"),
        any_row(BirthDate="/Date(0+9999)/"),
        any_row(BirthDate=642902400000),
    ],
)
def test_should_name_the_field_that_cannot_be_read_and_no_value(row: dict[str, Any]) -> None:
    system, _ = connected(answer_of_rows(row))
    with pytest.raises(Unavailable, match="UNREADABLE_ANSWER") as caught:
        system.find_partners(PERSON, 5)
    assert caught.value.detail in row


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"d": []}', '{"d": {"results": {}}}'])
def test_should_ask_again_when_no_page_comes(body: str) -> None:
    system, _ = connected(httpx.Response(200, text=body))
    with pytest.raises(Unavailable, match="UNREADABLE_ANSWER"):
        system.find_partners(PERSON, 5)


# --- the session of a write ----------------------------------------------------------------------


def test_should_open_a_session_once_and_send_its_token_and_all_its_cookies() -> None:
    system, player = connected("session", "partner_created", "partner_created")
    system.create_partner(PERSON, {}, 5)
    system.create_partner(PERSON, {}, 5)
    assert player.calls() == [f"HEAD {ROOT}", *[f"POST {ROOT}A_BusinessPartner"] * 2]
    assert player.sent[0].headers["x-csrf-token"] == "Fetch"
    for written in player.sent[1:]:
        assert written.headers["x-csrf-token"] == "t0ken-one=="
        assert written.headers["cookie"] == (
            "sap-usercontext=sap-client=100; SAP_SESSIONID_S4H_100=qZ4%3d"
        )


def test_should_open_a_session_for_each_service() -> None:
    system, player = connected("session", "partner_created", "session_renewed", "contract_created")
    system.create_partner(PERSON, {}, 5)
    system.create_contract(CONTRACT, {}, 5)
    assert player.calls()[2] == "HEAD /sap/opu/odata/sap/ZERP_UTILITIES_UMC_SRV/"
    assert player.sent[3].headers["x-csrf-token"] == "t0ken-two=="


@pytest.mark.parametrize(
    "head",
    [
        httpx.Response(405),
        httpx.Response(501),
        httpx.Response(403),
        httpx.Response(404),
        "session_without_token",
    ],
    ids=["405", "501", "403", "404", "no_token"],
)
def test_should_fetch_the_token_by_get_where_head_gives_none(head: Any) -> None:
    system, player = connected(head, "session_by_get", "partner_created")
    system.create_partner(PERSON, {}, 5)
    assert player.calls()[:2] == [f"HEAD {ROOT}", f"GET {ROOT}"]
    assert player.sent[2].headers["cookie"] == "sap-XSRF_S4H_100=x"


def test_should_open_the_session_anew_once_when_sap_knows_it_no_more() -> None:
    system, player = connected(
        "session", "partner_created", "token_required", "session_renewed", "partner_created"
    )
    system.create_partner(PERSON, {}, 5)
    system.create_partner(PERSON, {}, 5)
    assert player.sent[2].headers["x-csrf-token"] == "t0ken-one=="
    assert player.sent[4].headers["x-csrf-token"] == "t0ken-two=="
    assert player.sent[4].headers["cookie"] == "SAP_SESSIONID_S4H_100=next"


def test_should_wait_when_a_fresh_token_is_turned_away_too() -> None:
    system, player = connected("session", "token_required", "session_renewed", "token_required")
    with pytest.raises(Unavailable, match="HTTP_403"):
        system.create_partner(PERSON, {}, 5)
    assert len(player.sent) == 4


def test_should_wait_for_a_token_although_sap_gives_a_code() -> None:
    body = {"error": {"code": "/IWFND/CM_CONSUMER/101"}}
    turned_away = [
        httpx.Response(403, json=body, headers={"x-csrf-token": "Required"}) for _ in range(2)
    ]
    system, _ = connected("session", turned_away[0], "session_renewed", turned_away[1])
    with pytest.raises(Unavailable, match="/IWFND/CM_CONSUMER/101"):
        system.create_partner(PERSON, {}, 5)


def test_should_write_nothing_without_a_token() -> None:
    system, player = connected("session_without_token", "session_without_token")
    with pytest.raises(Unavailable, match="NO_CSRF_TOKEN"):
        system.create_partner(PERSON, {}, 5)
    assert [r.method for r in player.sent] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([httpx.ReadTimeout("slow")], Unavailable),
        (["crash"], Unavailable),
        (["unauthorised"], Unavailable),
        ([httpx.Response(403), "no_right"], Refused),
        ([httpx.Response(404), "no_such_row"], Missing),
        ([httpx.Response(404), "gone_page"], Unavailable),
    ],
)
def test_should_know_that_nothing_was_written_when_no_session_opens(
    steps: list[Any], kind: type[UpstreamError]
) -> None:
    system, player = connected(*steps)
    with pytest.raises(kind):
        system.create_partner(PERSON, {}, 5)
    assert "POST" not in {r.method for r in player.sent}


def test_should_send_no_cookie_where_none_came() -> None:
    bare = httpx.Response(200, headers={"x-csrf-token": "t0ken"})
    system, player = connected(bare, "partner_created")
    system.create_partner(PERSON, {}, 5)
    assert "cookie" not in player.sent[1].headers


def test_should_never_show_the_token_of_a_session() -> None:
    system, _ = connected("session")
    session = system.client.open_session("any", "any", system.client.budget(5))
    assert "t0ken" not in f"{session!r} {session}"


# --- creating ----------------------------------------------------------------------------------


def test_should_send_the_whole_partner_under_our_reference_and_read_its_number() -> None:
    roles = {"results": [{"BusinessPartnerRole": "MKK"}]}
    payload = {"LastName": "Muster", "to_BusinessPartnerRole": roles}
    system, player = connected("session", "partner_created")
    made = system.create_partner(PERSON, payload, 5)
    assert player.json_sent() == {**payload, "BusinessPartnerIDByExtSystem": PERSON}
    assert (made.external_id, made.fields["last_name"]) == ("0001000178", "Muster")


def test_should_never_let_a_payload_say_our_reference() -> None:
    system, player = connected("session", "partner_created")
    system.create_partner(PERSON, {"BusinessPartnerIDByExtSystem": "other"}, 5)
    assert player.json_sent()["BusinessPartnerIDByExtSystem"] == PERSON


def test_should_create_a_contract_where_the_tenant_has_its_service() -> None:
    row = {"Nummer": "42", "Fremdnummer": CONTRACT, "Partner": "7"}
    made = httpx.Response(201, json={"d": row})
    system, player = connected(
        "session",
        made,
        answer_of_rows(row),
        contract_service="Z_CONTRACTS_SRV",
        contract_set="ContractSet",
        contract_number_field="Nummer",
        contract_reference_field="Fremdnummer",
        contract_partner_field="Partner",
    )
    contract = system.create_contract(CONTRACT, {"Partner": "7"}, 5)
    assert (contract.external_id, contract.fields) == ("0000000042", {"partner": "0000000007"})
    assert system.find_contracts(CONTRACT, 5) == [contract]
    assert player.calls()[1] == "POST /sap/opu/odata/sap/Z_CONTRACTS_SRV/ContractSet"
    assert player.json_sent(1) == {"Partner": "7", "Fremdnummer": CONTRACT}
    assert player.sent[2].url.params["$select"] == "Nummer,Fremdnummer,Partner"


@pytest.mark.parametrize(
    "made",
    [
        httpx.Response(201, json={"d": {"LastName": "no number"}}),
        httpx.Response(200, text="<html>Logon</html>"),
        httpx.Response(201, json={"d": []}),
        httpx.Response(201),
    ],
    ids=["no_number", "html", "list", "empty"],
)
def test_should_not_know_what_became_of_a_create_whose_answer_cannot_be_read(
    made: httpx.Response,
) -> None:
    system, _ = connected("session", made)
    with pytest.raises(Unknown, match="UNREADABLE_ANSWER"):
        system.create_partner(PERSON, {}, 5)


# --- changing ----------------------------------------------------------------------------------


def test_should_block_the_partner_that_was_just_read() -> None:
    system, player = connected("partner_row", "session", "patched")
    system.write_partner("1000178", {"blocked": True}, 5)
    key = f"{ROOT}A_BusinessPartner(%270001000178%27)"
    assert player.calls() == [f"GET {key}", f"HEAD {ROOT}", f"PATCH {key}"]
    assert player.json_sent() == {"BusinessPartnerIsBlocked": True}
    assert player.sent[2].headers["if-match"] == "W/\"datetimeoffset'2026-03-01T12%3A00%3A00Z'\""


def test_should_take_the_version_from_the_header_before_that_of_the_row() -> None:
    row = {"__metadata": {"etag": 'W/"old"'}, "BusinessPartnerIsBlocked": False}
    told = httpx.Response(200, json={"d": row}, headers={"etag": 'W/"new"'})
    system, player = connected(told, "session", "patched")
    system.write_partner("1", {"blocked": True}, 5)
    assert player.sent[2].headers["if-match"] == 'W/"new"'


def test_should_take_the_version_from_the_row_where_no_header_tells_it() -> None:
    row = {"__metadata": {"etag": 'W/"0001"'}, "BusinessPartnerIsBlocked": False}
    system, player = connected(httpx.Response(200, json={"d": row}), "session", "patched")
    system.write_partner("1", {"blocked": True}, 5)
    assert player.sent[2].headers["if-match"] == 'W/"0001"'


def test_should_write_without_a_condition_to_a_row_that_has_no_version() -> None:
    system, player = connected("partner_row_without_etag", "session", "patched")
    system.write_partner("1", {"blocked": False}, 5)
    assert "if-match" not in player.sent[2].headers


@pytest.mark.parametrize("etag", ["0001", 'W/"a"b"', 'W/"ä"'])
def test_should_send_back_no_version_that_is_none(etag: str) -> None:
    row = {"__metadata": {"etag": etag}, "BusinessPartnerIsBlocked": False}
    system, player = connected(httpx.Response(200, json={"d": row}))
    with pytest.raises(Unavailable, match="etag"):
        system.write_partner("1", {"blocked": True}, 5)
    assert len(player.sent) == 1


@pytest.mark.parametrize("answer", ["stale", "needs_etag"])
def test_should_have_a_row_read_again_that_somebody_else_has_written(answer: str) -> None:
    system, _ = connected("partner_row", "session", answer)
    with pytest.raises(Unavailable) as caught:
        system.write_partner("1", {"blocked": True}, 5)
    assert caught.value.code.startswith("/IWFND/CM_MGW_RT/")


def test_should_read_whether_a_partner_is_blocked_and_a_contract_cancelled() -> None:
    rows = [
        httpx.Response(200, json={"d": {"ProcessingStatus": status}})
        for status in ("CANCELLED", "ACTIVE", None)
    ]
    system, player = connected("partner_row", *rows)
    assert system.read_partner("1000178", 5) == {"blocked": False}
    assert system.read_contract("4711", 5) == {"cancelled": True}
    assert system.read_contract("4711", 5) == {"cancelled": False}
    assert system.read_contract("4711", 5) == {"cancelled": False}
    assert player.sent[0].url.params["$select"] == "BusinessPartner,BusinessPartnerIsBlocked"
    assert player.calls()[1].endswith("/Contracts(%270000004711%27)")


def test_should_cancel_a_contract_in_the_tenant_s_words() -> None:
    row = httpx.Response(200, json={"d": {"Stand": "AKTIV"}})
    words: dict[str, Any] = {
        "contract_status_field": "Stand",
        "contract_cancelled_status": "STORNO",
    }
    system, player = connected(row, "session", "patched", **words)
    system.write_contract("4711", {"cancelled": True}, 5)
    assert player.json_sent() == {"Stand": "STORNO"}


@pytest.mark.parametrize("value", ["X", None, 1, "true"])
def test_should_not_guess_what_a_flag_means_that_is_none(value: object) -> None:
    row = {"BusinessPartnerIsBlocked": value}
    system, _ = connected(httpx.Response(200, json={"d": row}))
    with pytest.raises(Unavailable, match="BusinessPartnerIsBlocked"):
        system.read_partner("1", 5)


def test_should_send_nothing_for_a_field_that_there_is_not_or_a_number_that_is_none() -> None:
    system, player = connected()
    with pytest.raises(Refused, match="UNKNOWN_FIELD"):
        system.write_partner("1", {"blocked": True, "name": "x"}, 5)
    with pytest.raises(Refused, match="NOT_A_CANCELLATION"):
        system.write_contract("1", {"cancelled": False}, 5)
    with pytest.raises(Missing, match="NO_NUMBER"):
        system.read_partner("", 5)
    assert player.sent == []


def test_should_not_believe_a_patch_that_is_answered_otherwise_than_documented() -> None:
    system, _ = connected("partner_row", "session", httpx.Response(200, text="<html>"))
    with pytest.raises(Unknown, match="status"):
        system.write_partner("1", {"blocked": True}, 5)


# --- what SAP says no with -----------------------------------------------------------------------

REFUSED = [
    ("bad_birth_date", Refused, "R11/120", "BirthDate"),
    ("not_unique", Duplicate, "BPEXT_NOT_UNIQUE", "BusinessPartnerIDByExtSystem"),
    ("number_taken", Duplicate, "R1/451", ""),
    ("locked", Unavailable, "MC/601", ""),
    ("no_right", Refused, "/IWFND/CM_COS/061", ""),
    ("no_such_row", Missing, "/IWBEP/CM_MGW_RT/020", ""),
    ("proxy_page", Unavailable, "HTTP_403", ""),
    ("gone_page", Unavailable, "HTTP_404", ""),
    ("too_many", Unavailable, "HTTP_429", ""),
    (httpx.Response(401, json={"error": {"code": "SU/001"}}), Unavailable, "HTTP_401", ""),
    (httpx.Response(423), Unavailable, "HTTP_423", ""),
    (httpx.Response(400, text="<html>"), Refused, "HTTP_400", ""),
    ("crash", Unknown, "SY/530", ""),
    (httpx.Response(302), Unknown, "HTTP_302", ""),
    (httpx.ReadTimeout("slow"), Unknown, "ReadTimeout", ""),
    (httpx.ReadError("reset"), Unknown, "ReadError", ""),
    (httpx.ConnectError("refused"), Unavailable, "ConnectError", ""),
]


@pytest.mark.parametrize(("answer", "kind", "code", "detail"), REFUSED)
def test_should_tell_the_consequence_of_a_failed_create_without_its_message(
    answer: Any, kind: type[UpstreamError], code: str, detail: str
) -> None:
    system, _ = connected("session", answer)
    with pytest.raises(UpstreamError) as caught:
        system.create_partner(PERSON, {"LastName": "Muster"}, 5)
    error = caught.value
    assert (type(error), error.code, error.detail) == (kind, code, detail)
    assert "Muster" not in str(error)
    assert "MUSTER" not in str(error)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("crash", Unavailable),
        (httpx.ReadTimeout("slow"), Unavailable),
        (httpx.Response(302), Unavailable),
        ("no_right", Refused),
        ("no_such_row", Missing),
        ("proxy_page", Unavailable),
    ],
)
def test_should_tell_the_consequence_of_a_failed_read(
    answer: Any, kind: type[UpstreamError]
) -> None:
    system, _ = connected(answer)
    with pytest.raises(kind):
        system.read_partner("1", 5)


def test_should_name_the_transaction_by_which_sap_s_administrator_finds_the_error() -> None:
    system, _ = connected("session", "bad_birth_date")
    with pytest.raises(Refused) as caught:
        system.create_partner(PERSON, {}, 5)
    assert caught.value.request_id == TRANSACTION
    assert str(caught.value).endswith(f"(request {TRANSACTION})")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("Erika Muster", "HTTP_400"),
        ("musteRmann", "HTTP_400"),
        ("X" * 61, "HTTP_400"),
        (7, "HTTP_400"),
        ("/IWBEP/CX_MGW_BUSI_EXCEPTION", "/IWBEP/CX_MGW_BUSI_EXCEPTION"),
    ],
)
def test_should_keep_no_code_that_is_none(code: object, shown: str) -> None:
    inner = {"transactionid": "Erika Muster", "errordetails": [7, {"propertyref": "Erika Muster"}]}
    body = {"error": {"code": code, "innererror": inner}}
    system, _ = connected("session", httpx.Response(400, json=body))
    with pytest.raises(Refused) as caught:
        system.create_partner(PERSON, {}, 5)
    error = caught.value
    assert (error.code, error.detail, error.request_id) == (shown, "", "")


def test_should_keep_the_code_of_the_cause_and_not_of_what_wraps_it() -> None:
    details = [{"code": "/IWBEP/CX_MGW_BUSI_EXCEPTION"}, {"code": "R11/120"}]
    body = {"error": {"code": "/IWBEP/CX_BEX", "innererror": {"errordetails": details}}}
    system, _ = connected("session", httpx.Response(400, json=body))
    with pytest.raises(Refused, match="R11/120"):
        system.create_partner(PERSON, {}, 5)


def test_should_stay_away_for_as_long_as_it_is_told() -> None:
    system, _ = connected("session", "too_many")
    with pytest.raises(Unavailable) as caught:
        system.create_partner(PERSON, {}, 5)
    assert caught.value.retry_after == 7.0


# --- what SAP says beside a yes ----------------------------------------------------------------

ERROR = '{"code":"R11/120","message":"Erika Muster","severity":"error","details":[]}'
DETAIL = (
    '{"code":"R1/100","severity":"info","details":[{"code":"R11/120","severity":"error",'
    '"message":"Erika Muster"}]}'
)
TAKEN = '{"code":"R1/451","message":"taken by 0001000177","severity":"warning","details":[]}'


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (ERROR, "R11/120"),
        (DETAIL, "R11/120"),
        (TAKEN, "R1/451"),
        ('{"code":"Muster","severity":"error"}', "SAP_MESSAGE"),
    ],
    ids=["error", "detail", "taken", "no_code"],
)
def test_should_not_believe_a_create_beside_which_an_error_is_told(said: str, code: str) -> None:
    answer = httpx.Response(201, json={"d": any_row()}, headers={"sap-message": said})
    system, _ = connected("session", answer)
    with pytest.raises(Unknown) as caught:
        system.create_partner(PERSON, {}, 5)
    assert (caught.value.code, caught.value.detail) == (code, "sap-message")
    assert "Muster" not in str(caught.value)


def test_should_not_believe_a_search_beside_which_an_error_is_told() -> None:
    answer = httpx.Response(200, json={"d": {"results": []}}, headers={"sap-message": ERROR})
    system, _ = connected(answer)
    with pytest.raises(Unavailable, match="R11/120"):
        system.find_partners(PERSON, 5)


@pytest.mark.parametrize(
    "said",
    ['{"code":"R1/100","severity":"info"}', '{"severity":"warning"}', "<notification/>", "[]", ""],
)
def test_should_believe_a_yes_beside_which_no_error_is_told(said: str) -> None:
    answer = httpx.Response(201, json={"d": any_row()}, headers={"sap-message": said})
    system, _ = connected("session", answer)
    assert system.create_partner(PERSON, {}, 5).external_id == "0000000001"


# --- time ----------------------------------------------------------------------------------------


def test_should_share_the_time_of_an_operation_among_its_calls() -> None:
    system, player = connected("session", "partner_created", monotonic=Seconds(each=1.0))
    with pytest.raises(Unavailable, match="NO_TIME_LEFT"):
        system.create_partner(PERSON, {}, 3)
    assert [r.method for r in player.sent] == ["HEAD"]
