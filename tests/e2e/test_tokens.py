"""Tokens that say what they may not say: each form is refused at every kind of door.

API Gateway's authoriser checks signature, issuer, audience and times; our doors check again what it
may let pass, and take role and company from our own user record alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from busbar.domain.customers import Role, User
from busbar.ports.store import Drop, Put
from infra.local.issuer import LIFETIME_SECONDS
from infra.local.people import PEOPLE
from infra.local.testing import RunningSystem
from tests.e2e.conftest import store_of

ORDERS = "/v1/charge-card-orders"
DOORS = (
    ("GET", ORDERS, None),
    ("POST", ORDERS, {"quantity": 1}),
    ("GET", "/v1/my/charge-cards", None),
    ("POST", "/v1/charge-cards/sync", None),
)
"""A list, a creation, a list of one's own, a machine's errand."""
Form = Callable[[RunningSystem], str]


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, payload, _ = token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(p + "==")) for p in (head, payload)]
    return read[0], read[1]


def _good(system: RunningSystem, **claims: Any) -> str:
    return system.token("fleet-manager", **claims)


def _resigned(system: RunningSystem, **header: Any) -> str:
    """The good token's claims under somebody else's key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    head, claims = _parts(_good(system))
    return jwt.encode(claims, key, "RS256", {**head, **header})


def _unsigned(system: RunningSystem, name: str = "none") -> str:
    head, claims = _parts(_good(system))
    return f"{_part({**head, 'alg': name})}.{_part(claims)}."


def _hs256_with_public_key(system: RunningSystem) -> str:
    """The classic confusion: our public key, which anybody can read, taken as a shared secret."""
    keys = system.http.get(f"{system.issuer}/.well-known/jwks.json").json()["keys"]
    public: Any = jwt.PyJWK(keys[0]).key
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head, claims = _parts(_good(system))
    text = f"{_part({**head, 'alg': 'HS256'})}.{_part(claims)}"
    signature = hmac.new(pem, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _edited(system: RunningSystem, **claims: Any) -> str:
    """Other claims under the signature of the good ones."""
    token = _good(system)
    head, _, signature = token.split(".")
    return f"{head}.{_part({**_parts(token)[1], **claims})}.{signature}"


def _now() -> int:
    return int(time.time())


FORMS: dict[str, Form] = {
    "none": _unsigned,
    "None in another case": lambda s: _unsigned(s, "nOnE"),
    "HS256 with the public key": _hs256_with_public_key,
    "signed by somebody else": _resigned,
    "a kid that nobody has": lambda s: _resigned(s, kid="0" * 16),
    "a kid that is a path": lambda s: _resigned(s, kid="../../../../dev/null"),
    "jku of somebody else": lambda s: _resigned(s, jku="http://127.0.0.1:9/jwks.json"),
    "its own jwk": lambda s: _resigned(s, jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
    "expired": lambda s: _good(s, exp=_now() - 60),
    "endless": lambda s: _good(s, exp=None),
    "not valid yet": lambda s: _good(s, nbf=_now() + 600, iat=_now() + 600),
    "of another issuer": lambda s: _good(s, iss="https://issuer.example.test"),
    "for another audience": lambda s: _good(s, client_id="somebody-else"),
    "for nobody": lambda s: _good(s, client_id=None),
    "an ID token": lambda s: _good(s, token_use="id", aud="busbar-demo", client_id=None),
    "of no use": lambda s: _good(s, token_use=None),
    "an edited subject": lambda s: _edited(s, sub=PEOPLE["operator"]),
    "an edited role": lambda s: _edited(s, role="operator"),
    "an edited expiry": lambda s: _edited(s, exp=_now() + 10 * LIFETIME_SECONDS),
    "no token": lambda _s: ".",
    "no JWT": lambda _s: "x" * 40,
}


@pytest.mark.parametrize("form", FORMS)
def test_should_refuse_this_form_at_every_door(running: RunningSystem, form: str) -> None:
    header = {"Authorization": f"Bearer {FORMS[form](running)}", "Idempotency-Key": "forged"}
    for method, path, body in DOORS:
        answer = running.http.request(method, running.api + path, json=body, headers=header)
        assert answer.status_code == 401, (path, answer.status_code, answer.text)


def test_should_let_the_good_token_in_from_which_all_forms_are_made(
    running: RunningSystem,
) -> None:
    header = {"Authorization": f"Bearer {_good(running)}"}
    assert running.http.get(running.api + ORDERS, headers=header).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "operator"},
        {"custom:role": "operator"},
        {"cognito:groups": ["operator"]},
        {"scope": "busbar/machine"},
        {"company_id": "00000000E1BEH"},
    ],
    ids=str,
)
def test_should_take_no_role_from_a_token_that_is_signed(
    running: RunningSystem, claims: dict[str, Any]
) -> None:
    """What a user can have the identity provider write into his token changes nothing."""
    header = {"Authorization": f"Bearer {_good(running, **claims)}"}
    tasks = running.http.get(f"{running.api}/v1/tasks", headers=header)
    assert tasks.status_code == 403
    orders = running.http.get(running.api + ORDERS, headers=header)
    assert orders.status_code == 200


def test_should_refuse_a_removed_user_with_the_token_he_has(running: RunningSystem) -> None:
    user = User(id="soon-removed", role=Role.OPERATOR, name="Any")
    store = store_of(running)
    store.commit(Put(user))
    header = {"Authorization": f"Bearer {_good(running, sub=user.id)}"}
    url = f"{running.api}/v1/tasks"
    assert running.http.get(url, headers=header).status_code == 200
    store.commit(Drop(User, user.id))
    assert running.http.get(url, headers=header).status_code == 403
