"""A configuration document while it is read: its parts with their paths, and all that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from busbar.domain.updates import Warned
from busbar.errors import Unmappable
from busbar.mapping.jsonpath import NoPathError
from busbar.mapping.jsonpath import compile as compile_path
from busbar.mapping.limits import Limits
from busbar.mapping.sources import Constant, Formula, Key, Path, compiled, compiled_watching

PLAIN = ("constant", "jsonataExpression", "field")
"""The plain sources of a value, by precedence."""


def below(path: str, key: str) -> str:
    """The path of a member: `entities[0].scope`, `mapping.events["a b"]`."""
    if not key.replace("-", "_").isidentifier():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


class Document:
    """Collects the faults and warnings of one document."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.warnings: list[Warned] = []

    def fault(self, path: str, message: str) -> None:
        """Something that cannot be taken."""
        self.faults.append((path, message))

    def warn(self, schema: str, path: str, message: str) -> None:
        """Something that is passed over."""
        self.warnings.append(Warned(schema, path, message))

    def members(self, value: Any, path: str) -> dict[str, Any] | None:
        """An object without its members that are null; None, and a fault, if it is none."""
        if not isinstance(value, dict):
            self.fault(path, "has to be an object")
            return None
        return {k: v for k, v in value.items() if v is not None or k == "constant"}

    def known(
        self, value: Mapping[str, Any], path: str, keys: Collection[str], schema: str
    ) -> None:
        """Warns of the members that nobody reads."""
        for key in value:
            if key not in keys:
                self.warn(schema, below(path, key), "this key is not known, and passed over")

    def items(self, value: Any, path: str, *, least: int = 0) -> Iterator[tuple[str, Any]]:
        """The items of a list, each with its path; none, and a fault, if it is none."""
        if not isinstance(value, list):
            self.fault(path, "has to be a list")
            return
        if len(value) < least:
            self.fault(path, "must not be empty")
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item

    def text(self, value: Mapping[str, Any], key: str, path: str) -> str:
        """A required text; empty, and a fault, if it is missing or empty."""
        found = value.get(key)
        if isinstance(found, str) and found.strip():
            return found
        said = "is required" if found is None else "has to be a text that is not empty"
        self.fault(below(path, key), said)
        return ""

    def choice(
        self, value: Mapping[str, Any], key: str, path: str, choices: Collection[str], default: str
    ) -> str:
        """One of several texts; the default, and a fault, if it is another."""
        found = value.get(key, default)
        if isinstance(found, str) and found in choices:
            return found
        self.fault(below(path, key), f"has to be one of: {', '.join(choices)}")
        return default

    def texts(self, value: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        """A list of texts; none if it is missing."""
        return self.listed(value.get(key, []), below(path, key))

    def listed(self, value: Any, path: str) -> tuple[str, ...]:
        """A list of texts by itself."""
        found: list[str] = []
        for at, item in self.items(value, path):
            if isinstance(item, str) and item.strip():
                found.append(item)
            else:
                self.fault(at, "has to be a text that is not empty")
        return tuple(found)

    def formula(
        self,
        value: Mapping[str, Any],
        key: str,
        path: str,
        schema: str,
        limits: Limits | None = None,
    ) -> Formula | None:
        """An expression, if there is one."""
        text, at = value.get(key), below(path, key)
        if text is None:
            return None
        if not isinstance(text, str):
            self.fault(at, "has to be a JSONata expression as a text")
            return None
        if not text.strip():
            self.warn(schema, at, "it is empty, and passed over")
            return None
        try:
            return Formula(text, at, compiled(text), limits=limits, watched=compiled_watching(text))
        except Unmappable as error:
            self.fault(at, f"is no JSONata expression: {error}")
            return None

    def condition(self, value: Mapping[str, Any], path: str, schema: str) -> Formula | bool:
        """`enabled`: true, false or an expression."""
        found = value.get("enabled", True)
        if isinstance(found, bool):
            return found
        formula = self.formula(value, "enabled", path, schema)
        return True if formula is None else formula

    def plain(
        self, value: Mapping[str, Any], path: str, schema: str
    ) -> Constant | Key | Path | Formula | None:
        """The plain source of a value; None, perhaps with a fault, if it has none."""
        given = [key for key in PLAIN if key in value and (key == "constant" or value[key] != "")]
        for key in given[1:]:
            self.warn(schema, below(path, key), f"it is passed over: {given[0]} goes before it")
        if not given:
            return None
        if given[0] == "constant":
            return Constant(value["constant"])
        if given[0] == "jsonataExpression":
            return self.formula(value, "jsonataExpression", path, schema)
        return self._place(value["field"], below(path, "field"))

    def _place(self, text: Any, path: str) -> Key | Path | None:
        if not isinstance(text, str):
            self.fault(path, "has to be a key, or a JSONPath that starts with $")
            return None
        if not text.startswith("$"):
            return Key(text)
        of_root = text.startswith("$$")
        try:
            return Path(text, compile_path(text[1:] if of_root else text), of_root)
        except NoPathError as error:
            self.fault(path, f"is no JSONPath: {error}")
            return None
