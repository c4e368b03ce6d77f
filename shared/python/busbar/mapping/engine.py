"""The one seam that hides which JSONata engine evaluates: `compile(text).run(source, limits)`.

Behind it stands jsonata-python 0.7.1. What is put right here, so that mappings need not know:

* Its time limit cannot be used on a warm expression (see `Guard`).
* It reads Python's None as *undefined*, not as null, and would drop the key.
* `"BP-" & 5890840712243076` gives `BP-5.89084071224308e+15`; so does `$string`.
* `$now()` and `$millis()` are those of the expression that was compiled last.
* Results may hold its own list types, and parts of the source itself.
* Some faults come as bare `ValueError` (`$number("abc")`), with the value in the text.

Not put right, so not to be relied on in a mapping: `$sort` with a comparator is not stable on ties,
`$m.groups[0]` in `$replace` is the whole match, `?:` takes a negative number for false.

The package is imported when the first expression is compiled: it costs start-up time, and it sets
the process's recursion limit to 10 000.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.errors import Unmappable
from busbar.mapping.limits import Guard, Limits, TooMuchError
from busbar.mapping.plain import NotJsonError, plain_of, source_of

LONGEST_EXPRESSION = 100_000
"""Characters."""


class Program:
    """A compiled expression. May be kept and run as often as wanted, by one thread at a time."""

    def __init__(self, expression: Any, null: object) -> None:
        self._expression = expression
        self._null = null

    def run(self, source: Mapping[str, Any], limits: Limits | None = None) -> Any:
        """The value of the expression for `source`, in plain JSON types; None for undefined.

        `source` is not changed. Raises `Unmappable` with a code and, where the engine knows it, the
        position in the expression; never with a value.
        """
        limits = limits or Limits()
        try:
            given = source_of(source, limits, self._null)
            return plain_of(self._evaluate(given, limits), limits, self._null)
        except TooMuchError as error:
            raise Unmappable(error.code) from None
        except NotJsonError as error:
            raise Unmappable(str(error)) from None

    def _evaluate(self, source: object, limits: Limits) -> object:
        guard = Guard(limits)
        # The engine's own hooks, which it looks up under these names at every step.
        hooks = {"__evaluate_entry": guard.enter, "__evaluate_exit": guard.leave}
        self._expression.make_current()
        try:
            return self._expression.evaluate(source, hooks)
        except (TooMuchError, NotJsonError):
            raise
        except RecursionError:
            raise TooMuchError("D1011") from None
        except Exception as error:  # noqa: BLE001  whatever the engine raises, the mapping is at fault
            # From None: the engine's message quotes the values it stumbled over.
            raise Unmappable(_code_and_position(error)) from None


def compile(text: str) -> Program:  # noqa: A001  the seam's documented name
    """Compile an expression. Raises `Unmappable` with code and position if it is none."""
    from busbar.mapping.jsonata_python import NULL, Expression  # noqa: PLC0415

    if len(text) > LONGEST_EXPRESSION:
        raise Unmappable("the expression is too long")
    try:
        expression = Expression(text)
    except Exception as error:  # noqa: BLE001
        raise Unmappable(_code_and_position(error)) from None
    return Program(expression, NULL)


def _code_and_position(error: Exception) -> str:
    code = getattr(error, "error", None)
    position = getattr(error, "location", None)
    # The engine has no code for what Python's own functions refuse.
    shown = code if isinstance(code, str) and code.isalnum() else type(error).__name__
    at = f" at position {position}" if isinstance(position, int) and position > 0 else ""
    return f"{shown}{at}"
