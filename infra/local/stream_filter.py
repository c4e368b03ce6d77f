"""Filter criteria of an event source mapping, as far as our templates use the pattern language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_ABSENT = object()


def matches(record: Mapping[str, Any], patterns: Sequence[str]) -> bool:
    """Whether a record passes: no pattern at all, or one that fits."""
    return not patterns or any(_fits(record, json.loads(p)) for p in patterns)


def _fits(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        inside = value if isinstance(value, dict) else {}
        return all(_fits(inside.get(key, _ABSENT), wanted) for key, wanted in pattern.items())
    return any(_accepts(rule, value) for rule in pattern)


def _accepts(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return bool(rule == value)
    (kind, wanted), *_ = rule.items()
    if kind not in _RULES:
        raise NotImplementedError(f"Filter rule {kind!r} is not known locally: add it here")
    return _RULES[kind](value, wanted)


def _anything_but(value: Any, banned: Any) -> bool:
    return value is not _ABSENT and value not in (banned if isinstance(banned, list) else [banned])


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "exists": lambda value, wanted: (value is not _ABSENT) == wanted,
    "prefix": lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    "suffix": lambda value, wanted: isinstance(value, str) and value.endswith(wanted),
    "anything-but": _anything_but,
}
