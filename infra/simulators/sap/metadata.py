"""What a service says of itself: its document, and `$metadata` in EDMX."""

from __future__ import annotations

from html import escape

from infra.simulators.messages import Request, Response, answer
from infra.simulators.sap.addresses import wants_json
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.edm import EntitySet, Navigation, Property, Service
from infra.simulators.sap.reading import base_of

_EDMX = "http://schemas.microsoft.com/ado/2007/06/edmx"
_EDM = "http://schemas.microsoft.com/ado/2008/09/edm"
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_SAP = "http://www.sap.com/Protocols/SAPData"
_XML = {"content-type": "application/xml"}
_ATOM = {"content-type": "application/atomsvc+xml"}


def document(desk: Desk, request: Request) -> Response:
    """The service document: the entity sets, as JSON where it is asked for."""
    names = [s.name for s in desk.service.sets]
    if wants_json(request):
        return answer(200, {"d": {"EntitySets": names}})
    sets = "".join(
        f'<app:collection href="{n}"><atom:title>{n}</atom:title></app:collection>' for n in names
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><app:service xml:base="{base_of(desk, request)}/" '
        'xmlns:app="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<app:workspace><atom:title>Data</atom:title>{sets}</app:workspace></app:service>"
    )
    return Response(200, text.encode(), _ATOM)


def metadata(desk: Desk, _request: Request) -> Response:
    """`$metadata`."""
    return Response(200, edmx(desk.service).encode(), _XML)


def edmx(service: Service) -> str:
    """The schema of a service."""
    types = "".join(_type(service, s) for s in service.sets)
    ways = [(s, n) for s in service.sets for n in s.navigations]
    associations = "".join(_association(service, s, n) for s, n in ways)
    sets = "".join(_set(service, s) for s in service.sets)
    joined = "".join(_joined(service, s, n) for s, n in ways)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" xmlns:edmx="{_EDMX}" '
        f'xmlns:m="{_DATA}" xmlns:sap="{_SAP}"><edmx:DataServices m:DataServiceVersion="2.0">'
        f'<Schema Namespace="{service.name}" xml:lang="en" sap:schema-version="1" xmlns="{_EDM}">'
        f'{types}{associations}<EntityContainer Name="{service.name}_Entities" '
        f'm:IsDefaultEntityContainer="true">{sets}{joined}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _tag(name: str, attributes: dict[str, str], inner: str = "") -> str:
    text = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if value)
    return f"<{name}{text}>{inner}</{name}>" if inner else f"<{name}{text}/>"


def _no(*, allowed: bool) -> str:
    return "" if allowed else "false"


def _type(service: Service, entity_set: EntitySet) -> str:
    keys = "".join(_tag("PropertyRef", {"Name": k}) for k in entity_set.keys)
    properties = "".join(_property(p, entity_set.keys) for p in entity_set.properties)
    ways = "".join(
        _tag(
            "NavigationProperty",
            {
                "Name": n.name,
                "Relationship": f"{service.name}.{_name(entity_set, n)}",
                "FromRole": f"From_{_name(entity_set, n)}",
                "ToRole": f"To_{_name(entity_set, n)}",
            },
        )
        for n in entity_set.navigations
    )
    inner = f"<Key>{keys}</Key>{properties}{ways}"
    return _tag("EntityType", {"Name": entity_set.type_name, "sap:content-version": "1"}, inner)


def _property(prop: Property, keys: tuple[str, ...]) -> str:
    moment = prop.kind in {"DateTime", "DateTimeOffset", "Time"}
    form = "Date" if prop.kind == "DateTime" else "UpperCase" if prop.upper or prop.padded else ""
    return _tag(
        "Property",
        {
            "Name": prop.name,
            "Type": f"Edm.{prop.kind}",
            "Nullable": "false" if prop.name in keys else "",
            "MaxLength": str(prop.length or ""),
            "Precision": "0" if moment else str(prop.digits or ""),
            "Scale": str(prop.scale or ""),
            "sap:display-format": form,
            "sap:label": prop.name,
            "sap:creatable": _no(allowed=prop.creatable),
            "sap:updatable": _no(allowed=prop.updatable),
        },
    )


def _name(entity_set: EntitySet, navigation: Navigation) -> str:
    return f"assoc_{entity_set.name}_{navigation.name}"


def _association(service: Service, entity_set: EntitySet, navigation: Navigation) -> str:
    target = next(s for s in service.sets if s.name == navigation.target)
    name = _name(entity_set, navigation)
    ends = (
        ("From", entity_set.type_name, "1" if navigation.many else "*"),
        ("To", target.type_name, "*" if navigation.many else "0..1"),
    )
    inner = "".join(
        _tag(
            "End",
            {"Type": f"{service.name}.{kind}", "Multiplicity": many, "Role": f"{way}_{name}"},
        )
        for way, kind, many in ends
    )
    return _tag("Association", {"Name": name}, inner)


def _set(service: Service, entity_set: EntitySet) -> str:
    return _tag(
        "EntitySet",
        {
            "Name": entity_set.name,
            "EntityType": f"{service.name}.{entity_set.type_name}",
            "sap:deletable": _no(allowed=entity_set.deletable),
            "sap:content-version": "1",
        },
    )


def _joined(service: Service, entity_set: EntitySet, navigation: Navigation) -> str:
    name = _name(entity_set, navigation)
    ends = _tag("End", {"EntitySet": entity_set.name, "Role": f"From_{name}"})
    ends += _tag("End", {"EntitySet": navigation.target, "Role": f"To_{name}"})
    about = {"Name": f"{name}_set", "Association": f"{service.name}.{name}"}
    return _tag("AssociationSet", about, ends)
