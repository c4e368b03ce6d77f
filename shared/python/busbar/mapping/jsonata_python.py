"""jsonata-python 0.7.1, the second engine: pure Python, for where no wheel of jlens runs.

What is put right here, so that mappings need not know:

* Its time limit cannot be used on a warm expression (see `Guard`).
* It reads Python's None as *undefined*, not as null, and would drop the key.
* `"BP-" & 5890840712243076` gives `BP-5.89084071224308e+15`; so does `$string`.
* `$now()` and `$millis()` are those of the expression that was compiled last.
* Results may hold its own list types, and parts of the source itself.
* Some faults come as bare `ValueError` (`$number("abc")`), with the value in the text.

What is not is listed in `busbar.mapping.differences`. Importing it costs start-up time, and sets
the process's recursion limit to 10 000.
"""

from __future__ import annotations

from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from busbar.errors import Unmappable
from busbar.mapping.failures import told
from busbar.mapping.given import HELPER_FAULTS, HELPERS, Bindings, Source
from busbar.mapping.limits import Guard, Limits, TooMuchError
from busbar.mapping.plain import NotJsonError, plain_of, source_of
from busbar.mapping.undefined import UNDEFINED
from busbar.mapping.words import ROOT, Words, rooted

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


class JsonataPythonProgram:
    """One expression. `words` are those of its text."""

    def __init__(self, text: str, words: Words) -> None:
        self._words = words
        self._rooted_text = rooted(text, words)
        self._helpers = "".join(HELPERS[name] for name in HELPERS if name in words.variables)
        _compiled(text)
        self._plain = self._expression(text)
        self._rooted: Expression | None = None

    def run(self, source: Source, bindings: Bindings, limits: Limits) -> Any:
        """The value in plain JSON types, or `UNDEFINED`."""
        expression, given = self._plain, {}
        if bindings.has_root and self._words.roots:
            self._rooted = expression = self._rooted or self._expression(self._rooted_text)
            given[ROOT] = self._converted(bindings.root, limits)
        if "env" in self._words.variables:
            env = bindings.given("jsonata-python", lambda: Source(bindings.nested, kept=True))
            given["env"] = self._converted(env, limits)
        value = self._evaluated(expression, self._converted(source, limits), given, limits)
        return UNDEFINED if value is None else plain_of(value, limits, NULL)

    def reads(self) -> tuple[str, ...]:
        """Nothing: this engine does not tell."""
        return ()

    def _expression(self, text: str) -> Expression:
        return _compiled(f"({self._helpers}{text}\n)" if self._helpers else text)

    @staticmethod
    def _converted(value: Any, limits: Limits) -> Any:
        source = value if isinstance(value, Source) else Source(value, kept=False)
        return source.form("jsonata-python", lambda plain: source_of(plain, limits, NULL))

    def _evaluated(
        self, expression: Expression, source: object, given: dict[str, Any], limits: Limits
    ) -> object:
        guard = Guard(limits)
        # The engine's own hooks, which it looks up under these names at every step.
        hooks = {"__evaluate_entry": guard.enter, "__evaluate_exit": guard.leave}
        expression.make_current()
        try:
            return expression.evaluate(source, {**given, **hooks})
        except (TooMuchError, NotJsonError):
            raise
        except RecursionError:
            raise TooMuchError("D1011") from None
        except Exception as error:  # noqa: BLE001  whatever the engine raises, the mapping is at fault
            # From None: the engine's message quotes the values it stumbled over.
            raise _unmappable(error, len(self._helpers) + 1 if self._helpers else 0) from None


def _compiled(text: str) -> Expression:
    try:
        # It reads beyond a comment that ends the text.
        return Expression(f"{text}\n" if text.endswith("*/") else text)
    except Exception as error:  # noqa: BLE001
        raise _unmappable(error, 0) from None


def _unmappable(error: Exception, shift: int) -> Unmappable:
    code = getattr(error, "error", None)
    # The engine has no code for what Python's own functions refuse.
    shown = code if isinstance(code, str) and code.isalnum() else type(error).__name__
    for fault in HELPER_FAULTS:
        if shown == "D3137" and fault in str(error):
            return Unmappable(f"{shown}: {fault}", shown)
    position = getattr(error, "location", None)
    known = isinstance(position, int) and position > shift
    at = position - shift if isinstance(position, int) and known else None
    return Unmappable(told(shown, at), shown, at)
