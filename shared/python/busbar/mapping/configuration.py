"""Mapping configurations: what of an event becomes which entities and meter readings.

Three kinds of documents are read: the inner one of a use case, `{"entities", "meter_readings",
"direct"}`; version 2.0, `{"version", "mapping": {"events": {name: inner}}}`; and version 1.0,
`{"version", "mapping": {"objects": {name: {"unique_ids", "fields"}}}}`. A configuration is checked
as a whole, and its expressions are compiled, when it is read.
"""

from __future__ import annotations

from typing import Any, Literal

from busbar.errors import InvalidMapping
from busbar.mapping.document import Document, below
from busbar.mapping.entries import read_inner
from busbar.mapping.model import Configuration
from busbar.mapping.version_one import read_object

__all__ = ["Configuration", "parse", "parse_all"]


def parse(document: Any, name: str | None = None) -> Configuration:
    """The configuration of a document; of several, that of the event `name`.

    Raises `InvalidMapping` with all faults of the document, also when it has no such event.
    """
    found = parse_all(document)
    if "mapping" not in document or (name is None and len(found) == 1):
        return next(iter(found.values()))
    if name is None or name not in found:
        versioned = document["mapping"]
        at = "mapping.objects" if "objects" in versioned else "mapping.events"
        said = "it has several: a name is needed" if name is None else "has no entry of this name"
        raise InvalidMapping([(at, said)])
    return found[name]


def parse_all(document: Any) -> dict[str, Configuration]:
    """The configurations of a document by the name of their event; of an inner one, under ""."""
    if not isinstance(document, dict):
        raise InvalidMapping([("", "has to be an object")])
    if "mapping" not in document and "version" not in document:
        return {"": _inner(document)}
    reader = Document()
    reader.known(document, "", ("version", "mapping"), "")
    mapping = reader.members(document.get("mapping"), "mapping")
    version = document.get("version", "1.0" if "objects" in (mapping or {}) else None)
    if not isinstance(version, str) or version not in {"1.0", "2.0"}:
        reader.fault("version", "has to be 1.0 or 2.0")
    if reader.faults or mapping is None:
        raise InvalidMapping(reader.faults)
    return _versioned(reader, mapping, "objects" if version == "1.0" else "events")


def _inner(document: dict[str, Any]) -> Configuration:
    reader = Document()
    made = read_inner(reader, reader.members(document, "") or {}, "")
    if reader.faults:
        raise InvalidMapping(reader.faults)
    return made


def _versioned(
    reader: Document, mapping: dict[str, Any], key: Literal["objects", "events"]
) -> dict[str, Configuration]:
    reader.known(mapping, "mapping", (key,), "")
    at = below("mapping", key)
    made: dict[str, Configuration] = {}
    faults = reader.faults
    for name, entry in (reader.members(mapping.get(key), at) or {}).items():
        # A document of its own, so that warnings go with the event that they are about.
        inner = Document()
        inner.warnings += reader.warnings
        read = read_inner if key == "events" else read_object
        members = inner.members(entry, below(at, name))
        if members is not None:
            made[name] = read(inner, members, below(at, name))
        faults += inner.faults
    if not made and not faults:
        reader.fault(at, "must not be empty")
    if faults:
        raise InvalidMapping(faults)
    return made
