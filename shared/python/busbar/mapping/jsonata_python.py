"""jsonata-python 0.7.1, with the corrections that `busbar.mapping.engine` lists."""

from __future__ import annotations

from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

NULL: object = Utils.NULL_VALUE
"""The engine's null; None is its undefined."""


class _Strings:
    """String functions whose numbers keep all their digits."""

    @staticmethod
    def string(value: object, prettify: bool | None = None) -> str | None:
        """`$string`, and the operands of `&`."""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        made: str | None = Functions.string(value, prettify)
        return made


class Expression(Jsonata):  # type: ignore[misc]  # the package has no types
    """An expression that may be evaluated again and again."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # Copying the source has checked its types already, and costs less.
        self.validate_input = False
        self.output_convert_nulls = False
        self.environment.bind("string", Jsonata.function("string", "<x-b?:s>", _Strings, "string"))

    def make_current(self) -> None:
        """Make this the expression whose start time `$now()` tells.

        The engine keeps one instance per thread, the one that was compiled last.
        """
        Jsonata.CURRENT.jsonata = self

    def evaluate_string_concat(self, lhs: object, rhs: object) -> str:
        """`&`; undefined is the empty string."""
        return (_Strings.string(lhs) or "") + (_Strings.string(rhs) or "")

    def evaluate(self, input: object, bindings: Any = None) -> Any:  # noqa: A002  theirs
        """The raw value: it may hold `NULL` and the engine's own lists."""
        return super().evaluate(input, bindings)
