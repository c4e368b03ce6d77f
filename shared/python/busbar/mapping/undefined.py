"""JSONata's undefined: the absence of a value, which is something else than null."""

from __future__ import annotations

from typing import Final, Literal


class Undefined:
    """The type of `UNDEFINED`, of which there is one."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __reduce__(self) -> str:
        # A copy of it is itself.
        return "UNDEFINED"


UNDEFINED: Final = Undefined()
