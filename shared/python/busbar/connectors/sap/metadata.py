"""What a service says of itself: `GET <service>/$metadata`, an EDMX document (documented).

Annotations of SAP's say what may be done with a property; one that is absent means that it may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from busbar.connectors.reading import UnreadableError


@dataclass(frozen=True)
class SeenProperty:
    """A property as a service offers it."""

    creatable: bool
    updatable: bool
    filterable: bool


@dataclass
class _Document:
    """What is kept while a document is read, from its first element to its last."""

    types: dict[str, dict[str, SeenProperty]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    _type: str = ""

    def begin(self, element: str, attributes: dict[str, str]) -> None:
        name, kind = attributes.get("Name", ""), element.rpartition(":")[2]
        if kind == "EntityType":
            self._type = name
            self.types[name] = {}
        elif kind == "ComplexType":
            self._type = ""
        elif kind == "EntitySet":
            self.sets[name] = attributes.get("EntityType", "").rpartition(".")[2]
        elif kind == "Property" and self._type:
            self.types[self._type][name] = _property(attributes)


def entity_set_of(body: bytes, name: str) -> Mapping[str, SeenProperty] | None:
    """The properties of an entity set; None if the service has no such set."""
    document = _Document()
    parser = expat.ParserCreate()
    parser.StartElementHandler = document.begin
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        # From None: its text tells a place, and what it chained may quote the answer.
        raise UnreadableError("$metadata") from None
    if name not in document.sets:
        return None
    return document.types.get(document.sets[name], {})


def _property(attributes: Mapping[str, str]) -> SeenProperty:
    return SeenProperty(
        *(
            attributes.get(f"sap:{may}", "true") == "true"
            for may in ("creatable", "updatable", "filterable")
        )
    )


def _no_doctype(*_declared: object) -> None:
    """EDMX has none, and with one come entities, that grow without end."""
    raise UnreadableError("$metadata")
