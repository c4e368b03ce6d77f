"""The local issuer of tokens: what the Cognito user pool is on AWS, reduced to what we need.

Access tokens have Cognito's shape. The API's JWT authoriser in the emulator reads our discovery
document and keys, and checks signature, issuer, audience and times by itself. Not safe, on purpose:
whoever reaches 127.0.0.1 gets a token for any sample user.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from infra.local.options import HOST

LIFETIME_SECONDS = 3600
USER_SCOPE = "aws.cognito.signin.user.admin"
MACHINE_SCOPE = "busbar/machine"


class Issuer:
    """Mints tokens. `people`: name -> `sub`; `machines`: client id -> secret."""

    def __init__(
        self,
        port: int,
        key: rsa.RSAPrivateKey,
        audience: str,
        people: Mapping[str, str],
        machines: Mapping[str, str],
    ) -> None:
        self.url = f"http://{HOST}:{port}"
        self._key = key
        self._key_id = _name_of(key)
        self._audience = audience
        self._people = people
        self._machines = machines
        self.app = Starlette(
            routes=[
                Route("/", self._index),
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/.well-known/jwks.json", self._keys),
                Route("/oauth2/token", self._for_machine, methods=["POST"]),
                Route("/token", self._for_person),
            ]
        )

    def token(self, subject: str, **claims: Any) -> str:
        """An access token; `claims` replace the usual ones, None leaves one out."""
        now = int(time.time())
        usual = {
            "sub": subject,
            "iss": self.url,
            "client_id": self._audience,
            "origin_jti": secrets.token_hex(16),
            "event_id": secrets.token_hex(16),
            "token_use": "access",
            "scope": USER_SCOPE,
            "auth_time": now,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": secrets.token_hex(16),
            "username": subject,
        }
        payload = {k: v for k, v in {**usual, **claims}.items() if v is not None}
        return jwt.encode(payload, self._key, "RS256", {"kid": self._key_id})

    async def _index(self, _request: Request) -> Response:
        return JSONResponse({"issuer": self.url, "people": sorted(self._people)})

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/.well-known/jwks.json",
                "token_endpoint": f"{self.url}/oauth2/token",
                "id_token_signing_alg_values_supported": ["RS256"],
                "grant_types_supported": ["client_credentials"],
            }
        )

    async def _keys(self, _request: Request) -> Response:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return JSONResponse(
            {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}
        )

    async def _for_person(self, request: Request) -> Response:
        name = request.query_params.get("user", "")
        if name not in self._people:
            return PlainTextResponse(f"user has to be one of {sorted(self._people)}\n", 400)
        claims = json.loads(request.query_params.get("claims", "{}"))
        subject = self._people[name]
        usual = _machine_claims(subject) if subject in self._machines else {}
        return PlainTextResponse(self.token(subject, **{**usual, **claims}))

    async def _for_machine(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        client, secret = _credentials(request, form)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not secret or self._machines.get(client) != secret:
            return JSONResponse({"error": "invalid_client"}, 400)
        token = self.token(client, **_machine_claims(client))
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
        )


def _machine_claims(client: str) -> dict[str, Any]:
    """What Cognito writes into a machine's token, and what it leaves out."""
    absent = dict.fromkeys(("username", "origin_jti", "event_id"))
    return {"client_id": client, "scope": MACHINE_SCOPE, **absent}


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, by Basic as Cognito prefers, or by the form."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client, secret


def key_at(path: Path | None) -> rsa.RSAPrivateKey:
    """A new key; with a path, the one that is kept there, so that old tokens stay good."""
    if path is not None and path.exists():
        with suppress(ValueError):  # A broken key is no loss: tokens last an hour.
            found = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if isinstance(found, rsa.RSAPrivateKey):
                return found
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return key


def _name_of(key: rsa.RSAPrivateKey) -> str:
    """The key's id follows from the key, so that a kept key keeps it."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()[:16]
