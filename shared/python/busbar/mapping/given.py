"""What an evaluation is given: the source, the bindings, and the helpers for key/value maps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from busbar.mapping.undefined import UNDEFINED

T = TypeVar("T")

_NO_OBJECT = "first argument must be an object"
HELPERS = {
    "mapValue": (
        "$mapValue := function($m, $k, $d) { $type($m) = 'object'"
        " ? ($v := $exists($k) ? $lookup($m, $string($k)); $exists($v) ? $v : $d)"
        f" : $error('$mapValue: {_NO_OBJECT}') }}; "
    ),
    "mapKey": (
        "$mapKey := function($m, $v, $d) { $type($m) = 'object'"
        " ? ($n := $filter($keys($m), function($k) { $lookup($m, $k) = $v })[0];"
        " $exists($n) ? $n : $d)"
        f" : $error('$mapKey: {_NO_OBJECT}') }}; "
    ),
}
"""The toolkit's helpers, in JSONata: so they tell undefined from null, and are the same for every
engine. A key is compared as a string, a value strictly, and the first key wins."""
_WATCHING = {
    name: text.replace(
        " : $d)",
        f" : $exists({key}) and {key} != null and {key} != '' and $exists($d)"
        " ? $error('LOOKUP_UNMAPPED') : $d)",
    )
    for (name, text), key in zip(HELPERS.items(), ("$k", "$v"), strict=True)
}
HELPER_FAULTS = tuple(f"${name}: {_NO_OBJECT}" for name in HELPERS)


def watching(text: str) -> str | None:
    """The expression so that it fails where a helper would fall back on its default, as a value is
    in no table; None if it asks no helper. So what misses nothing costs nothing more."""
    asked = "".join(helper for name, helper in _WATCHING.items() if f"${name}" in text)
    return f"({asked}{text}\n)" if asked else None


class Source:
    """A JSON value that many expressions are evaluated on: checked once, and converted once.

    Made by `engine.source`. The value must not be changed afterwards.
    """

    __slots__ = ("_forms", "kept", "value")

    def __init__(self, value: Any, *, kept: bool) -> None:
        self.value = value
        self.kept = kept
        """Whether it is worth converting: it is evaluated more than once."""
        self._forms: dict[Hashable, Any] = {}

    def form(self, engine: Hashable, make: Callable[[Any], T]) -> T:
        """The value as an engine wants it."""
        if engine not in self._forms:
            self._forms[engine] = make(self.value)
        return cast("T", self._forms[engine])


@dataclass(frozen=True, eq=False)
class Bindings:
    """Values beside the source. Keep one for all expressions of an event: conversions are cached.

    `env` becomes `$env`: a key such as `erp.salutation` is `$env.erp.salutation`. `root`, if given,
    is what `$$` means: the whole payload, where the source is one item of it. A value, or a
    `Source`.
    """

    env: Mapping[str, Any] = field(default_factory=dict)
    root: Any = UNDEFINED
    _given: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def nested(self) -> dict[str, Any]:
        """`env` by the parts of its keys. What stands at a key itself wins over what would be put
        below it, unless it is an object."""
        made: dict[str, Any] = {}
        for key in sorted(self.env):
            *above, last = key.split(".")
            place: Any = made
            for part in above:
                place = place.setdefault(part, {}) if isinstance(place, dict) else None
            if isinstance(place, dict):
                value = self.env[key]
                place[last] = dict(value) if isinstance(value, Mapping) else value
        return made

    @property
    def has_root(self) -> bool:
        """Whether `$$` is something else than the source."""
        return self.root is not UNDEFINED

    def given(self, program: Hashable, make: Callable[[], T]) -> T:
        """What a program takes of them, made once."""
        if program not in self._given:
            self._given[program] = make()
        return cast("T", self._given[program])


NO_BINDINGS = Bindings()
