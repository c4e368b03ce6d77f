"""The one seam that hides which JSONata engine evaluates: `compile(text).run(source, limits)`.

Behind it stands jlens, or jsonata-python where a setting says so (`use`). Where they differ stands
in `busbar.mapping.differences`; both are compared with the reference, npm jsonata, in
`tests/oracle`.

An engine is imported when the first expression is compiled for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, cast, get_args

from busbar.errors import Unmappable
from busbar.mapping.failures import told
from busbar.mapping.given import NO_BINDINGS, Bindings, Source
from busbar.mapping.limits import Limits, TooMuchError
from busbar.mapping.plain import NotJsonError, is_plain, source_of
from busbar.mapping.undefined import UNDEFINED
from busbar.mapping.words import Words, words_of

__all__ = ["UNDEFINED", "Bindings", "Engine", "Program", "Source", "compile", "source", "use"]

Engine = Literal["jlens", "jsonata-python"]
LONGEST_EXPRESSION = 100_000
"""Characters."""
_DEFAULT = Limits()
_used: list[Engine] = ["jlens"]


class _Evaluator(Protocol):
    def run(self, source: Source, bindings: Bindings, limits: Limits) -> Any: ...

    def reads(self) -> tuple[str, ...]: ...


class Program:
    """A compiled expression. May be kept and run as often as wanted, by one thread at a time."""

    def __init__(self, evaluator: _Evaluator) -> None:
        self._evaluator = evaluator

    def run(
        self, source: Any, limits: Limits | None = None, bindings: Bindings | None = None
    ) -> Any:
        """The value of the expression for `source`, in plain JSON types, or `UNDEFINED`.

        `source` is a JSON value or, where several expressions are evaluated on it, a `Source`; it
        is not changed. Raises `Unmappable` with a code and, where the engine knows it, the
        position in the expression; never with a value.
        """
        limits = limits or _DEFAULT
        try:
            given = source if isinstance(source, Source) else _checked(source, limits, kept=False)
            return self._evaluator.run(given, bindings or NO_BINDINGS, limits)
        except (TooMuchError, NotJsonError) as error:
            raise _refused(error) from None

    def reads(self) -> tuple[str, ...]:
        """The paths of the source that it may read, e.g. `partner.address.city`, sorted.

        `$` is all of it; paths of the root begin with `$$`, of the environment with `$env`. Nothing
        if the engine cannot tell.
        """
        return self._evaluator.reads()


def compile(text: str, engine: Engine | None = None) -> Program:  # noqa: A001  the documented name
    """Compile an expression. Raises `Unmappable` with code and position if it is none."""
    if len(text) > LONGEST_EXPRESSION:
        raise Unmappable("the expression is too long", "TooLong")
    return Program(_evaluator_of(engine or _used[0])(text, words_of(text)))


def source(value: Any, limits: Limits | None = None) -> Source:
    """A value on which several expressions are evaluated. Raises `Unmappable` if it is no JSON,
    has an integer above 2^53, or goes beyond the limits."""
    try:
        return _checked(value, limits or _DEFAULT, kept=True)
    except (TooMuchError, NotJsonError) as error:
        raise _refused(error) from None


def use(engine: str) -> None:
    """Compile with this engine from now on. Raises `ValueError` if there is no such engine."""
    if engine not in get_args(Engine):
        raise ValueError(f"no such engine: {engine}")
    _used[0] = cast("Engine", engine)


def _checked(value: Any, limits: Limits, *, kept: bool) -> Source:
    return Source(value if is_plain(value, limits) else source_of(value, limits, None), kept=kept)


def _evaluator_of(engine: Engine) -> Callable[[str, Words], _Evaluator]:
    if engine == "jlens":
        from busbar.mapping.jlens_engine import JlensProgram  # noqa: PLC0415

        return JlensProgram
    from busbar.mapping.jsonata_python import JsonataPythonProgram  # noqa: PLC0415

    return JsonataPythonProgram


def _refused(error: TooMuchError | NotJsonError) -> Unmappable:
    if isinstance(error, TooMuchError):
        return Unmappable(told(error.code), error.code)
    return Unmappable(str(error), "NotJson")
