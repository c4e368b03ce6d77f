"""Standard Webhooks 1.0: how a message is signed, so that its receiver knows its sender.

A message has three headers: `webhook-id` (the same at every try), `webhook-timestamp` (of this try,
Unix seconds) and `webhook-signature`: one or more `v1,<base64>`, separated by spaces, each an
HMAC-SHA256 over `id.timestamp.body`, the body byte by byte as it was sent. A key is written
`whsec_<base64>`. https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
HEADERS = (ID, TIMESTAMP, SIGNATURE)
WINDOW = 300
"""Seconds by which the sender's clock may differ from ours, either way."""
MOST_SIGNATURES = 10
"""Signatures of one message that are looked at: a sender in a rotation has two."""
_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key that `whsec_<base64>` writes down. Raises `ValueError` if it is none or too short."""
    if not secret.startswith(_PREFIX):
        raise ValueError("a key begins with whsec_")
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a key has 24 to 64 bytes")
    return key


def sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message: `v1,<base64>`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def is_signed(
    signatures: str, keys: Iterable[bytes], message_id: str, timestamp: str, body: bytes
) -> bool:
    """Whether one of the signatures fits one of the keys, compared in constant time.

    As text: of the many base64 texts that a lenient reader takes for the same bytes, one is right.
    """
    sent = [part.encode(errors="replace") for part in signatures.split(" ")[:MOST_SIGNATURES]]
    right = [sign(key, message_id, timestamp, body).encode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in right for other in sent)
