"""Tokens of the local issuer, and which of them the API's authoriser lets through."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.people import AUDIENCE, MACHINE_SECRET
from infra.local.testing import RunningSystem

pytestmark = pytest.mark.local
ECHO = "/v1/echo/anna%20b"


def test_should_hand_the_claims_of_a_good_token_to_the_handler(plain: RunningSystem) -> None:
    answer = plain.call("GET", ECHO, "driver")
    assert answer.status_code == 200
    event = answer.json()["event"]
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["token_use"] == "access"
    assert claims["client_id"] == "busbar-demo"
    assert claims["exp"].isdigit()
    assert event["rawPath"].startswith("/v1/echo/")
    assert event["pathParameters"] == {"name": "anna b"}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"client_id": "somebody-else"},
        {"aud": "somebody-else"},
        {"iss": "http://127.0.0.1:1"},
        {"nbf": int(time.time()) + 3600},
    ],
    ids=["expired", "wrong client", "wrong audience", "wrong issuer", "not yet"],
)
def test_should_refuse_a_token_that_is_not_for_us(
    plain: RunningSystem, claims: dict[str, Any]
) -> None:
    assert status(plain, plain.token("driver", **claims)) == 401


def test_should_refuse_no_token_an_unsigned_one_and_a_forged_one(plain: RunningSystem) -> None:
    good = plain.token("driver")
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    key_id = jwt.get_unverified_header(good)["kid"]
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, stranger, "RS256", {"kid": key_id})
    unsigned = jwt.encode(claims, "", "none", {"kid": key_id})
    other_body = jwt.encode({**claims, "sub": "operator"}, stranger, "RS256").split(".")[1]
    tampered = f"{head}.{other_body}.{signature}"
    for token in ("", "x", f"{head}.{body}.", forged, unsigned, tampered):
        assert status(plain, token) == 401, token


def test_should_still_let_a_token_without_exp_pass(plain: RunningSystem) -> None:
    # AWS refuses it. Our own handlers do too; should this turn red, that check has a second home.
    assert status(plain, plain.token("driver", exp=None)) == 200


def status(system: RunningSystem, token: str) -> int:
    """What the API answers to a bearer of this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return system.call("GET", ECHO, headers=headers).status_code


def test_should_take_client_credentials_by_basic_and_by_form(plain: RunningSystem) -> None:
    url, ask = f"{plain.issuer}/oauth2/token", {"grant_type": "client_credentials"}
    by_basic = plain.http.post(url, data=ask, auth=(AUDIENCE, MACHINE_SECRET))
    by_form = plain.http.post(
        url, data={**ask, "client_id": AUDIENCE, "client_secret": MACHINE_SECRET}
    )
    refused = plain.http.post(url, data=ask, auth=(AUDIENCE, "wrong"))
    assert (by_basic.status_code, by_form.status_code, refused.status_code) == (200, 200, 400)
    token = by_basic.json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["scope"]) == ("busbar-demo", "busbar/machine")
    assert status(plain, token) == 200


def test_should_give_a_machine_a_machines_token_by_its_name(plain: RunningSystem) -> None:
    claims = jwt.decode(plain.token("machine"), options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == (AUDIENCE, "busbar/machine")
    assert "username" not in claims
    assert status(plain, plain.token("machine")) == 200
