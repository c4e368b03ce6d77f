"""A direct payload while it is checked: its parts, and all that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from busbar.domain.updates import Fault, Repeatable, Warned
from busbar.mapping.identifiers import REPEATABLE
from busbar.mapping.sources import id_text

_NAME = re.compile(r"[\w$-]{1,64}")


def is_name(text: str) -> bool:
    """Whether a text can be the name of a schema or an attribute, and may be told in rows: what is
    longer, or has blanks, is a value that went astray."""
    return _NAME.fullmatch(text) is not None


def shown(name: str) -> str:
    """A name out of a payload, unless it looks like a value."""
    return name if is_name(name) else "?"


def at(path: str, name: str) -> str:
    """The path of a member that the payload names."""
    return f"{path}.{shown(name)}" if path else shown(name)


class Checked:
    """Collects violations. `operation`: the index of that which is being read."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warned: list[Warned] = []
        self.operation: int | None = None

    def wrong(self, path: str, message: str, code: str = "DIRECT_PAYLOAD_INVALID") -> None:
        """A violation, of the operation that is being read."""
        self.faults.append(Fault(code, message, path=path, item=self.operation))

    def members(self, value: Any, path: str, keys: Collection[str]) -> dict[str, Any] | None:
        """An object that has no other keys; None, and a fault, if it is none."""
        if not isinstance(value, dict):
            self.wrong(path, "is required" if value is None else "has to be an object")
            return None
        for key in value:
            if key not in keys:
                self.wrong(at(path, key), "this key is not known")
        return value

    def text(self, members: dict[str, Any], key: str, path: str) -> str:
        """A required text that is not empty."""
        found = members.get(key)
        if isinstance(found, str) and found.strip():
            return found
        self.wrong(f"{path}.{key}", "is required, as a text that is not empty")
        return ""

    def name(self, members: dict[str, Any], key: str, path: str) -> str:
        """A required name of a schema."""
        found = self.text(members, key, path)
        if found and not is_name(found):
            self.wrong(f"{path}.{key}", "has to be a name of at most 64 letters, digits, - and _")
        return found

    def choice(
        self, members: dict[str, Any], key: str, path: str, choices: Collection[str], default: str
    ) -> str:
        """One of several texts."""
        found = members.get(key, default)
        if isinstance(found, str) and found in choices:
            return found
        self.wrong(f"{path}.{key}", f"has to be one of: {', '.join(choices)}")
        return default

    def unique_ids(self, value: Any, path: str) -> dict[str, str]:
        """`{attribute: text or number}`, at least one; numbers become texts."""
        if not isinstance(value, dict) or not value:
            self.wrong(path, "at least one unique identifier is required, in an object")
            return {}
        made: dict[str, str] = {}
        for name, told in value.items():
            text = id_text(told)
            if not is_name(name):
                self.wrong(path, "has something that is no name of an attribute")
            elif text is None:
                self.wrong(at(path, name), "has to be a text that is not empty, or a number")
            else:
                made[name] = text
        return made

    def types(self, members: dict[str, Any], path: str) -> dict[str, Repeatable]:
        """`unique_id_types`: which unique ids are looked for in an array."""
        told = members.get("unique_id_types")
        path = f"{path}.unique_id_types"
        if told is None:
            return {}
        if not isinstance(told, dict):
            self.wrong(path, "has to be an object")
            return {}
        for name, kind in told.items():
            if kind not in REPEATABLE:
                self.wrong(at(path, name), f"has to be one of: {', '.join(REPEATABLE)}")
        return told
