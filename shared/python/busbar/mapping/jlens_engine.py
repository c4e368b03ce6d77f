"""jlens 0.25.0, a JSONata engine in Rust.

What is put right here: it answers None for undefined and for null, and for a function; it takes
None for the absence of a source; its own codes for what goes beyond a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from jlens import Document, Expression, JlensError, Read, Reads

from busbar.errors import Unmappable
from busbar.mapping.failures import told
from busbar.mapping.given import HELPER_FAULTS, HELPERS, Bindings, Source
from busbar.mapping.limits import Limits
from busbar.mapping.plain import is_plain, plain_of, source_of
from busbar.mapping.undefined import UNDEFINED
from busbar.mapping.words import ROOT, Words, rooted

_CODES = {"U1001": "D2014", "U1006": "D1012"}
"""Too large, too many steps: JSONata's codes for the like."""


class _Options(TypedDict):
    timeout: float
    max_depth: int
    max_steps: int
    max_string_length: int
    max_array_length: int
    max_result_size: int


class _Form:
    """One text of a program, and the one that tells what None means."""

    def __init__(self, text: str, helpers: str) -> None:
        self._text = f"({helpers}{text}\n)" if helpers else text
        self._shift = len(helpers) + 1 if helpers else 0
        self._type: Expression | None = None
        try:
            # By itself first: what is wrong with it must not be hidden by what stands around it.
            self.expression = Expression(text)
            if helpers:
                self.expression = Expression(self._text)
        except JlensError as error:
            raise _unmappable(error, 0) from None
        except UnicodeEncodeError:
            raise Unmappable("the expression is no Unicode text", "UnicodeEncodeError") from None

    def run(self, source: Source, given: dict[str, Any] | None, options: _Options) -> Any:
        """The raw value. Raises `Unmappable`."""
        try:
            value = _evaluated(self.expression, source, given, options)
            return value if value is not None else self._nothing(source, given, options)
        except JlensError as error:
            raise _unmappable(error, self._shift) from None
        except Unmappable:
            raise
        except Exception as error:  # noqa: BLE001  it could not read a value
            raise Unmappable(type(error).__name__, type(error).__name__) from None

    def _nothing(self, source: Source, given: dict[str, Any] | None, options: _Options) -> Any:
        self._type = self._type or Expression(f"$type(({self._text}\n))")
        kind = _evaluated(self._type, source, given, options)
        if kind == "function":
            raise Unmappable("result has no JSON type", "NotJson")
        return None if kind == "null" else UNDEFINED


class JlensProgram:
    """One expression. `words` are those of its text."""

    def __init__(self, text: str, words: Words) -> None:
        self._text = text
        self._words = words
        self._helpers = "".join(HELPERS[name] for name in HELPERS if name in words.variables)
        self._plain = _Form(text, self._helpers)
        self._rooted: _Form | None = None
        self._found: Reads | None = None

    def run(self, source: Source, bindings: Bindings, limits: Limits) -> Any:
        """The value in plain JSON types, or `UNDEFINED`."""
        form, given = self._plain, None
        if bindings.has_root and self._words.roots:
            self._rooted = form = self._rooted or _Form(self._rooted_text(), self._helpers)
        if self._words.roots or "env" in self._words.variables:
            given = bindings.given(self, lambda: self._given(bindings, limits))
        value = form.run(source, given, _options(limits))
        # Mostly a text, which needs no look.
        if type(value) is str or value is UNDEFINED or is_plain(value, limits):
            return value
        return plain_of(value, limits, None)

    def reads(self) -> tuple[str, ...]:
        """The paths that it reads of the source, and as `$$.…` of the root and `$env.…`."""
        found = self._reads()
        paths = _paths("", found["input"]) if "input" in found else []
        for name, shown in ((ROOT, "$$"), ("env", "$env")):
            if name in found["bindings"]:
                paths += _paths(shown, found["bindings"][name])
        return tuple(paths)

    def _reads(self) -> Reads:
        """What it reads, whatever the values: found out once, for it costs as much as a compile."""
        if self._found is None:
            # To jlens a function among the bindings reads its arguments, an unknown one everything.
            known = dict.fromkeys(HELPERS, len)
            self._found = Expression(self._rooted_text()).reads({"env": {}, ROOT: {}, **known})
        return self._found

    def _rooted_text(self) -> str:
        return rooted(self._text, self._words)

    def _given(self, bindings: Bindings, limits: Limits) -> dict[str, Any]:
        """The bindings, cut down to what is read: they are converted at every evaluation."""
        values: dict[str, Any] = {"env": bindings.nested}
        if bindings.has_root:
            root = bindings.root
            values[ROOT] = root.value if isinstance(root, Source) else root
        found = self._reads()
        if "everyBinding" in found:
            cut = values
        else:
            cut = {n: _cut(values[n], r) for n, r in found["bindings"].items() if n in values}
        return cut if is_plain(cut, limits) else source_of(cut, limits, None)


def _evaluated(
    expression: Expression, source: Source, given: dict[str, Any] | None, options: _Options
) -> Any:
    # A document is worth its making from the second evaluation on, and the only form of null.
    if source.kept or source.value is None:
        return expression.evaluate_document(source.form("jlens", Document), given, **options)
    return expression.evaluate(source.value, given, **options)


def _options(limits: Limits) -> _Options:
    return {
        "timeout": limits.milliseconds / 1000,
        "max_depth": limits.depth,
        "max_steps": limits.steps,
        "max_string_length": limits.string,
        "max_array_length": limits.values,
        "max_result_size": limits.result,
    }


def _cut(value: Any, read: Read) -> Any:
    if read is True:
        return value
    if isinstance(value, Mapping):
        return {key: _cut(value[key], below) for key, below in read.items() if key in value}
    if isinstance(value, list | tuple):
        return [_cut(item, read) for item in value]
    return value


def _paths(start: str, read: Read) -> list[str]:
    if read is True or not read:
        return [start or "$"]
    found = []
    for key in sorted(read):
        name = key if key.isidentifier() else f"`{key}`"
        found += _paths(f"{start}.{name}" if start else name, read[key])
    return found


def _unmappable(error: JlensError, shift: int) -> Unmappable:
    code = _CODES.get(error.code, error.code)
    position = error.position - shift if error.position is not None else None
    if position is not None and position < 0:
        position = None
    if code == "D3137" and str(error) in HELPER_FAULTS:
        return Unmappable(f"{code}: {error}", code)
    # Never its message, which quotes the values it stumbled over.
    return Unmappable(told(code, position), code, position)
