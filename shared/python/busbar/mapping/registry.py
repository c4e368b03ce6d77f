"""Finds, compiles and runs the mappings: `busbar.ports.outside.Mapper`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from busbar.errors import Unmappable
from busbar.ports.runtime import Json

if TYPE_CHECKING:
    from busbar.mapping.engine import Engine, Program
    from busbar.mapping.limits import Limits

MAPPINGS = Path(__file__).parent.parent / "mappings"
"""`<system>/<use_case>.jsonata`, beside the code: also inside a Lambda layer."""

_compiled: dict[tuple[str, str], Program] = {}
"""By engine and text: a process compiles an expression once, however many orgs and use cases share
it."""


class MappingRegistry:
    """The product's mappings, with an org's own in their place where it has any.

    `own` maps (system, use case) to the text of an expression.
    """

    def __init__(
        self,
        own: Mapping[tuple[str, str], str] | None = None,
        *,
        engine: Engine = "jlens",
        limits: Limits | None = None,
        folder: Path = MAPPINGS,
    ) -> None:
        self._own = own or {}
        self._engine = engine
        self._limits = limits
        self._folder = folder
        self._texts: dict[tuple[str, str], str] = {}

    def run(self, system: str, use_case: str, source: Mapping[str, Any]) -> Json:
        """See `Mapper.run`. Raises `Unmappable` naming the mapping, also if it makes no object."""
        name = f"{system}/{use_case}"
        try:
            made = self._program(system, use_case).run(source, self._limits)
        except Unmappable as error:
            raise Unmappable(f"mapping {name}: {error}") from None
        if not isinstance(made, dict):
            raise Unmappable(f"mapping {name}: the result is no object")
        return made

    def _program(self, system: str, use_case: str) -> Program:
        key = (self._engine, self._text(system, use_case))
        if key not in _compiled:
            # Many functions have no mapping to run.
            from busbar.mapping.engine import compile as compiled  # noqa: PLC0415  (import cost)

            _compiled[key] = compiled(key[1], self._engine)
        return _compiled[key]

    def _text(self, system: str, use_case: str) -> str:
        key = (system, use_case)
        if key in self._own:
            return self._own[key]
        if key not in self._texts:
            try:
                path = self._folder / system / f"{use_case}.jsonata"
                self._texts[key] = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                raise Unmappable("there is no such mapping") from None
        return self._texts[key]
