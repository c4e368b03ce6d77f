"""All expressions of an entry as one: an item is evaluated once, not once for each field.

An engine takes half of its time for what comes before and after an expression. So the expressions
of fields are joined, `{"0": (…), "3": (condition) ? (…)}`, and evaluated as one. What is undefined
leaves no key, as the attribute is left out; so does a function, which has no JSON. If anything
fails, or is in no table, the fields are evaluated one by one, and each fault finds its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from busbar.errors import Unmappable
from busbar.mapping.engine import LONGEST_EXPRESSION, UNDEFINED, Program
from busbar.mapping.fields import Field
from busbar.mapping.sources import Formula, Scope, compiled, compiled_watching

FEWEST = 2
"""Expressions that are worth joining."""
ALONE: Final = object()
"""Stands for what has to be read by itself."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`keys`: for each field its key in the joined result; None if it is read by itself."""

    program: Program
    keys: tuple[str | None, ...]
    whole: bool
    """Whether no other expression is evaluated for the fields."""

    def read(self, scope: Scope) -> list[Any] | None:
        """For each field its raw value, `UNDEFINED` or `ALONE`; None if all are to be read so."""
        if type(scope.source.value) is not dict:
            # An object made of a list would be one of its groups.
            return None
        try:
            made = self.program.run(scope.source, None, scope.bindings)
        except Unmappable:
            return None
        if type(made) is not dict:
            return None
        return [ALONE if key is None else made.get(key, UNDEFINED) for key in self.keys]


def batch_of(fields: Sequence[Field]) -> Batch | None:
    """The expressions of fields, joined; None if that is not worth it, or cannot be."""
    parts: list[str] = []
    keys: list[str | None] = []
    for index, field in enumerate(fields):
        text = _text(field)
        keys.append(None if text is None else str(index))
        if text is not None:
            parts.append(f'"{index}": {text}')
    joined = "{" + ", ".join(parts) + "}"
    if len(parts) < FEWEST or len(joined) > LONGEST_EXPRESSION:
        return None
    try:
        program = compiled_watching(joined) or compiled(joined)
        return Batch(program, tuple(keys), all(map(_is_plain, fields)))
    except Unmappable:
        return None


def _text(field: Field) -> str | None:
    if not isinstance(field.value, Formula):
        return None
    # The line ends what may be a comment; a block keeps variables to itself.
    value = f"({field.value.text}\n)"
    return value if field.enabled is None else f"(({field.enabled.text}\n) ? {value})"


def _is_plain(field: Field) -> bool:
    of_formula = isinstance(field.value, Formula)
    return of_formula or (field.enabled is None and field.value.kind in {"field", "constant"})
