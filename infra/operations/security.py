"""Who may call: by a token, or by the signature of Standard Webhooks."""

from __future__ import annotations

import json

from busbar.domain.webhook_signature import ID, SIGNATURE, TIMESTAMP, WINDOW, key_of, sign
from infra.operations import Json, Operation

SIGNING_KEY = "whsec_YW4tZXhhbXBsZS1rZXktYW5kLW5vLXNlY3JldA=="
SIGNED_AT = "1772438400"
"""Of the example of a signature."""
SECURITY: Json = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "webhook_id": {
        "type": "apiKey",
        "in": "header",
        "name": ID,
        "description": "Of the message, the same at every try: 1 to 128 of `A-Za-z0-9_:-`.",
    },
    "webhook_timestamp": {
        "type": "apiKey",
        "in": "header",
        "name": TIMESTAMP,
        "description": f"Of this try, in Unix seconds, within {WINDOW} s of our time.",
    },
    "webhook_signature": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE,
        "description": "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, the body byte"
        " by byte; several, by spaces. A key is `whsec_` and its base64 (Standard Webhooks).",
    },
}
SIGNED_BY: Json = {name: [] for name in SECURITY if name != "token"}
"""All three headers at once, and no token."""


def how_to_sign(operation: Operation) -> str:
    """How a message is signed, told by the first example of its body."""
    body = json.dumps(next(iter(operation.bodies.values())), separators=(",", ":"))
    message_id = next(iter(operation.answers.values())).example["webhook_id"]
    signature = sign(key_of(SIGNING_KEY), message_id, SIGNED_AT, body.encode())
    return (
        f"Signed with the org's key, without a token. With the key `{SIGNING_KEY}`, the id"
        f" `{message_id}` and the time `{SIGNED_AT}` the body\n\n    {body}\n\n"
        f"has the signature `{signature}`."
    )
