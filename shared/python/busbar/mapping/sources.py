"""Where the value of an attribute comes from: a constant, a key, a path, an expression.

A source is made when a configuration is parsed, and read for each item of each event. It keeps the
place in the configuration that it stands at, for the fault that names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from busbar.domain.schemas import Use
from busbar.domain.updates import Fault, Warned
from busbar.errors import BusbarError, Unmappable
from busbar.mapping import engine
from busbar.mapping.engine import UNDEFINED, Bindings, Program, Source
from busbar.mapping.given import watching
from busbar.mapping.jsonpath import JsonPath
from busbar.mapping.limits import Limits


@dataclass(frozen=True)
class Context:
    """What a mapping is done with, beside the payload.

    `simulation`: reading values are shown as they are mapped, and what ingest refuses about them
    is warned of. `env`: the org's variables that are no secrets, by their dotted keys. `portals`:
    its portal configurations; None if nobody has looked. `known`: the attributes of its schemas,
    each with what it is for in unique ids: of those by which nothing is found is warned.
    `check`: nothing is mapped, the configuration alone is looked at.
    """

    simulation: bool = False
    explain: bool = False
    env: Mapping[str, Any] = field(default_factory=dict)
    portals: Sequence[Mapping[str, Any]] | None = None
    known: Mapping[str, Mapping[str, Use]] = field(default_factory=dict)
    check: bool = False

    @cached_property
    def bindings(self) -> Bindings:
        """`$env` for expressions on the payload itself."""
        return Bindings(self.env)


class NotMapped(BusbarError):
    """A value that cannot be made. `path` is the place in the configuration.

    `attribute_only`: the rest of its item is good without it.
    """

    def __init__(self, code: str, message: str, path: str, *, attribute_only: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.attribute_only = attribute_only


@dataclass(slots=True, eq=False)
class Scope:
    """One item that fields are read from, and where warnings about it go."""

    source: Source
    root: Source
    bindings: Bindings
    context: Context
    schema: str
    warned: list[Warned]
    faults: list[Fault] = field(default_factory=list)

    def unmapped(self, path: str) -> None:
        """A value was in no table, and its default was taken. Which value, nobody is told."""
        message = "a value is in no table of the expression: its default was taken"
        fault = Fault("LOOKUP_UNMAPPED", message, self.schema, path)
        if fault not in self.faults:
            self.faults.append(fault)

    def warn(self, name: str, message: str) -> None:
        """Something that is borne. `name`: the attribute, or the place in the configuration."""
        warning = Warned(self.schema, name, message)
        if warning not in self.warned:
            self.warned.append(warning)


class Value(Protocol):
    """What gives an attribute its value."""

    @property
    def kind(self) -> str:
        """As explanations name it: `constant`, `field`, `jsonataExpression`, `relations`, …"""

    @property
    def text(self) -> str:
        """As it stands in the configuration."""

    def read(self, scope: Scope) -> Any:
        """The value, or `UNDEFINED`. Raises `NotMapped`."""

    def reads(self) -> tuple[str, ...]:
        """The paths of the event that it may read."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every event."""

    value: Any
    kind: str = "constant"

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(self.value, ensure_ascii=False)

    def read(self, _: Scope) -> Any:
        """The value; a copy, if it could be changed."""
        return deepcopy(self.value) if isinstance(self.value, dict | list) else self.value

    def reads(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Key:
    """What the item has at a key of its own."""

    text: str
    kind: str = "field"

    def read(self, scope: Scope) -> Any:
        """The value there, null too."""
        item = scope.source.value
        return item.get(self.text, UNDEFINED) if type(item) is dict else UNDEFINED

    def reads(self) -> tuple[str, ...]:
        """The key."""
        return (self.text,)


@dataclass(frozen=True, slots=True)
class Path:
    """What stands at a JSONPath: in the item, or in the whole payload if it began with `$$`."""

    text: str
    path: JsonPath
    of_root: bool
    kind: str = "field"

    def read(self, scope: Scope) -> Any:
        """See `busbar.mapping.jsonpath`."""
        return self.path.read((scope.root if self.of_root else scope.source).value)

    def reads(self) -> tuple[str, ...]:
        """The path."""
        return (self.text,)


@dataclass(frozen=True, slots=True)
class Formula:
    """A JSONata expression on the item; `$$` is the whole payload."""

    text: str
    path: str
    program: Program
    kind: str = "jsonataExpression"
    limits: Limits | None = None
    watched: Program | None = None
    """The same, failing where a table has no entry: see `given.watching`."""

    def read(self, scope: Scope) -> Any:
        """Its value. Raises `NotMapped` if it fails."""
        if self.watched is not None:
            with suppress(Unmappable):
                return self.watched.run(scope.source, self.limits, scope.bindings)
        value = self.run(scope.source, scope.bindings)
        if self.watched is not None:
            scope.unmapped(self.path)
        return value

    def run(self, source: Any, bindings: Bindings) -> Any:
        """Its value for a source."""
        try:
            return self.program.run(source, self.limits, bindings)
        except Unmappable as error:
            raise NotMapped("MAPPING_EXPRESSION_FAILED", str(error), self.path) from None

    def holds(self, scope: Scope) -> bool:
        """Whether its value is true, as JSONata casts it: not empty, not 0, not null."""
        return is_true(self.read(scope))

    def reads(self) -> tuple[str, ...]:
        """What the engine can tell."""
        return self.program.reads()


def is_true(value: Any) -> bool:
    """JSONata's `$boolean`: a list is true if an item of it is."""
    return any(map(is_true, value)) if isinstance(value, list) else bool(value)


def compiled(text: str) -> Program:
    """The one place where a configuration's expressions are compiled. Raises `Unmappable`."""
    return engine.compile(text)


def compiled_watching(text: str) -> Program | None:
    """The same, that fails where a table has no entry; None where it asks none."""
    watched = watching(text)
    with suppress(Unmappable):  # with its helpers it is too long
        return compiled(watched) if watched else None
    return None


def id_text(value: Any) -> str | None:
    """A value that identifies something, as text; None if it is none or has no character.

    Numbers become texts as JSON writes them.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if value == int(value) else repr(value)
