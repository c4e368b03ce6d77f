"""The first password of a portal user: be.ENERGISED wants one, and nobody may know it.

It is made for one call, sent, and forgotten. Who wants to log in there lets be.ENERGISED send him a
link to set his own. So it need not be the same when a call is repeated: whichever call took effect,
nobody uses its password.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

MakePassword = Callable[[int], str]
"""Makes a password of so many characters."""

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
"""Of each one at least, as portals commonly want it; be.ENERGISED documents no rule."""


def random_password(length: int) -> str:
    """A fresh password, about six random bits a character."""
    every = "".join(_KINDS)
    while True:
        made = "".join(secrets.choice(every) for _ in range(length))
        if all(set(made) & set(kind) for kind in _KINDS):
            return made
