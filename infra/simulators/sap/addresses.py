"""Addresses of rows: `A_BusinessPartner('1000001')`, `Set(KeyOne='…',KeyTwo='…')`."""

from __future__ import annotations

import re

from infra.simulators.messages import Request
from infra.simulators.sap.edm import EntitySet, Service
from infra.simulators.sap.failures import malformed, no_segment
from infra.simulators.sap.rows import Key, Row
from infra.simulators.sap.values import in_key, literal

_PART = re.compile(r"(?:(\w+)=)?((?:\w+)?'(?:[^']|'')*'|[^',=]+)(?:,|$)")
_PLAIN = re.compile(r"%(24|27|28|29|2C|3A|3D)", re.IGNORECASE)


def plain(request_path: str) -> str:
    """A path with `$ ' ( ) , : =` as themselves: clients differ in which of them they encode."""
    return _PLAIN.sub(lambda found: chr(int(found[1], 16)), request_path)


def split(text: str) -> tuple[str, str | None]:
    """A segment's name, and what stands between its parentheses."""
    name, bracket, rest = text.partition("(")
    return (name, rest.removesuffix(")")) if bracket else (name, None)


def named_set(service: Service, name: str) -> EntitySet:
    """The set with this name. Raises `SapError` 404."""
    found = service.set(name)
    if found is None:
        raise no_segment(name)
    return found


def key_of(entity_set: EntitySet, text: str) -> Key:
    """The key that stands between the parentheses. Raises `SapError` 400."""
    given = _parts(text)
    if len(entity_set.keys) == 1 and list(given) == [""]:
        given = {entity_set.keys[0]: given[""]}
    if sorted(given) != sorted(entity_set.keys):
        raise malformed(f"Invalid key predicate ({text}) for {entity_set.type_name}")
    found = []
    for name in entity_set.keys:
        prop = entity_set.property(name)
        found.append(literal(prop, given[name]) if prop else "")
    return tuple(found)


def _parts(text: str) -> dict[str, str]:
    parts, at = {}, 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or text.endswith(","):
            raise malformed(f"Invalid key predicate ({text})")
        parts[match[1] or ""] = match[2].strip()
        at = match.end()
    return parts


def segment(entity_set: EntitySet, row: Row, *, short: bool) -> str:
    """The address of a row, below its service."""
    literals = {
        name: in_key(prop, row[name], short=short)
        for name in entity_set.keys
        if (prop := entity_set.property(name))
    }
    if len(literals) == 1:
        return f"{entity_set.name}({literals[entity_set.keys[0]]})"
    inner = ",".join(f"{name}={text}" for name, text in literals.items())
    return f"{entity_set.name}({inner})"


def wants_json(request: Request) -> bool:
    """Whether the caller asks for JSON: without that SAP answers in Atom."""
    if request.parameters.get("$format", "").lower() == "json":
        return True
    return "application/json" in request.headers.get("accept", "").lower()
