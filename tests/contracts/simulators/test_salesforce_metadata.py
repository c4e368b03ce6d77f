"""The simulated org has the fields that our metadata deploys into a real one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.simulators.salesforce.schema import EVENTS, schemas

ROOT = Path(__file__).resolve().parents[3]
METADATA = ROOT / "shared/python/busbar/connectors/salesforce/metadata"
KINDS = {
    "string": {"Text", "Url"},
    "boolean": {"Checkbox"},
    "double": {"Number"},
    "date": {"Date"},
    "datetime": {"DateTime"},
    "picklist": {"Picklist"},
    "reference": {"Lookup"},
}
FILES = sorted(
    path
    for folder in ("busbar", "wallbox")
    for path in METADATA.glob(f"{folder}/objects/*/fields/*.field-meta.xml")
    if not path.parts[-3].endswith("__e")
)
EVENT_FIELDS = {
    (path.parts[-3], path.name.partition(".")[0])
    for path in METADATA.glob("*/objects/*__e/fields/*.field-meta.xml")
}
NS = "{http://soap.sforce.com/2006/04/metadata}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parts[-3]}.{p.name.split('.')[0]}")
def test_should_have_each_field_of_the_metadata(path: Path) -> None:
    told = {
        e.tag.rpartition("}")[2]: e.text or ""
        for e in ET.parse(path).getroot()  # noqa: S314 (our own files)
    }
    field = schemas()[path.parts[-3].lower()].field(told["fullName"])
    assert field is not None
    assert told["type"] in KINDS[field.kind]
    assert field.external_id is (told.get("externalId") == "true")
    assert field.unique is (told.get("unique") == "true")
    assert field.required is (told.get("required") == "true")
    if told["type"] == "Checkbox":
        assert field.default is (told["defaultValue"] == "true")
    if told["type"] == "Picklist":
        values = ET.parse(path).getroot().iter(f"{NS}value")  # noqa: S314 (our own files)
        assert field.values == tuple(v.findtext(f"{NS}fullName") for v in values)
    if told["type"] == "Text":
        assert field.length == int(told["length"])
    if told["type"] == "Lookup":
        assert field.refers_to == told["referenceTo"]
        assert field.relationship == told["fullName"].replace("__c", "__r")


def test_should_describe_each_event_with_the_fields_of_the_metadata() -> None:
    ours = {(e.name, f.name) for e in EVENTS for f in e.fields if f.name.endswith("__c")}
    assert ours == EVENT_FIELDS
