from __future__ import annotations

import base64

import pytest

from infra.simulators.salesforce import SalesforceSimulator
from tests.contracts.simulators.any_values import BASE, Caller, TurnedClock

TOKEN = "/services/oauth2/token"
FORM = {"content_type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials"
ACCOUNT = f"{BASE}/query?q=SELECT+Id+FROM+Account"


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def test_should_give_a_token_for_credentials_in_the_form(salesforce: SalesforceSimulator) -> None:
    call = Caller(salesforce)
    body = f"{GRANT}&client_id=any-id&client_secret=any-secret".encode()
    answer = call("POST", TOKEN, body=body, **FORM, host="acme.my.salesforce.com")
    token = answer.json()
    assert answer.status == 200
    assert token["instance_url"] == "https://acme.my.salesforce.com"
    assert token["issued_at"] == "1748851200000"
    assert "expires_in" not in token
    bearer = f"Bearer {token['access_token']}"
    assert call("GET", ACCOUNT, authorization=bearer).status == 200


def test_should_give_a_token_for_http_basic(salesforce: SalesforceSimulator) -> None:
    header = basic("any-id", "any-secret")
    answer = Caller(salesforce)("POST", TOKEN, body=GRANT.encode(), **FORM, authorization=header)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("grant_type=password", "unsupported_grant_type"),
        (f"{GRANT}&client_id=other&client_secret=any-secret", "invalid_client_id"),
        (f"{GRANT}&client_id=any-id&client_secret=other", "invalid_client"),
    ],
)
def test_should_refuse_with_the_object_shape_of_oauth(
    salesforce: SalesforceSimulator, body: str, error: str
) -> None:
    answer = Caller(salesforce)("POST", TOKEN, body=body.encode(), **FORM)
    assert answer.status == 400
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def test_should_refuse_broken_basic_credentials(salesforce: SalesforceSimulator) -> None:
    call = Caller(salesforce)
    assert call("POST", TOKEN, body=GRANT.encode(), **FORM, authorization="Basic %").status == 400


@pytest.mark.parametrize("header", ["", "Bearer unknown", "Basic eA=="])
def test_should_answer_401_as_an_array_without_a_valid_token(
    salesforce: SalesforceSimulator, header: str
) -> None:
    answer = Caller(salesforce)("GET", ACCOUNT, authorization=header)
    assert answer.status == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_should_let_a_token_end_after_its_lifetime(sf: Caller, clock: TurnedClock) -> None:
    clock.turn(7199)
    assert sf("GET", ACCOUNT).status == 200
    clock.turn(1)
    assert sf("GET", ACCOUNT).status == 401


def test_should_take_another_secret_and_leave_in_who_is_logged_in_until_it_is_reset(
    salesforce: SalesforceSimulator, sf: Caller
) -> None:
    call = Caller(salesforce)
    assert call("POST", "/_sim/secret", {"client_secret": "another"}).status == 204
    assert sf("GET", ACCOUNT).status == 200

    def status(secret: str) -> int:
        header = basic("any-id", secret)
        return call("POST", TOKEN, body=GRANT.encode(), **FORM, authorization=header).status

    assert (status("any-secret"), status("another")) == (400, 200)
    salesforce.reset()
    assert (status("any-secret"), status("another")) == (200, 400)


def test_should_refuse_a_secret_that_is_none(salesforce: SalesforceSimulator) -> None:
    for body in ({}, {"client_secret": ""}, {"client_secret": 1}, {"secret": "any"}):
        assert Caller(salesforce)("POST", "/_sim/secret", body).status == 400
