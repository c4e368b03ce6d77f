"""Identifiers of our own: entity ids and the references that outside systems keep for us.

An entity id is 13 characters of Crockford base32 (65 bits). A reference is `BB` + a kind of up to
five letters + the entity id: at most 20 characters `[A-Z0-9]`, short enough for SAP's
`BusinessPartnerIDByExtSystem(20)`. It names the object that shall exist, so a second process that
needs the same object finds what the first one made.
"""

from __future__ import annotations

import hashlib
import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 13
ID_PATTERN = f"^[{ALPHABET}]{{{ID_LENGTH}}}$"
_ID = re.compile(ID_PATTERN)
_KIND = re.compile("[A-Z]{1,5}")


def encode(number: int) -> str:
    """Write the lowest 65 bits of `number` as 13 characters Crockford base32."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (ID_LENGTH - 1), -1, -5))


def derived_id(*parts: str) -> str:
    """An entity id that follows from a natural key: the same parts give the same id for ever."""
    joined = "\x1f".join(parts).encode()
    return encode(int.from_bytes(hashlib.sha256(joined).digest()[:9], "big"))


def is_id(text: str) -> bool:
    """Whether `text` has the form of an entity id."""
    return bool(_ID.fullmatch(text))


def reference(kind: str, entity_id: str) -> str:
    """The external reference of an entity, e.g. `reference("CO", id)` for a charging-card order."""
    if not (_KIND.fullmatch(kind) and is_id(entity_id)):
        raise ValueError(f"no reference can be made of kind {kind!r} and id {entity_id!r}")
    return f"BB{kind}{entity_id}"


def entity_id_of(kind: str, text: str) -> str | None:
    """The entity id inside a reference of this kind, or None if `text` is no such reference."""
    prefix = f"BB{kind}"
    rest = text.removeprefix(prefix)
    return rest if text.startswith(prefix) and is_id(rest) else None
