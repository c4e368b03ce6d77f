"""The session that a write needs: a CSRF token, and every cookie that came with it.

SAP compares the token with a cookie whose name differs from system to system, so none is picked:
all go back (KBA 3048103).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from busbar.connectors.exchange import Answer
from busbar.connectors.reading import UnreadableError, token

_COOKIE = re.compile(r"^[!-<>-~]+=[!-~][ -~]*$")
"""One without a value is one that is taken away."""
_NO_TOKENS = frozenset({"required", "fetch"})
"""What the header says where no token is given."""


@dataclass(frozen=True)
class Session:
    """As its headers go out. Never logged: who has it, writes as we do."""

    token: str
    cookies: str

    def __repr__(self) -> str:
        return "Session(…)"


def session_of(answer: Answer) -> Session | None:
    """The session that an answer to `x-csrf-token: Fetch` opens, or None if it opens none."""
    try:
        found = token(answer.headers, "x-csrf-token")
    except UnreadableError:
        return None
    if found.lower() in _NO_TOKENS:
        return None
    kept: dict[str, str] = {}
    for line in answer.cookies:
        pair = line.partition(";")[0].strip()
        if _COOKIE.fullmatch(pair):
            kept[pair.partition("=")[0]] = pair
    return Session(found, "; ".join(kept.values()))
