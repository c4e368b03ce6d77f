"""The simulated org has the fields that our metadata deploys into a real one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.simulators.salesforce.schema import schemas

ROOT = Path(__file__).resolve().parents[3]
OBJECTS = ROOT / "shared/python/busbar/connectors/salesforce/metadata/busbar/objects"
KINDS = {
    "string": {"Text"},
    "boolean": {"Checkbox"},
    "double": {"Number"},
    "date": {"Date"},
    "reference": {"Lookup"},
}
FILES = sorted(
    path for path in OBJECTS.glob("*/fields/*.field-meta.xml") if not path.parts[-3].endswith("__e")
)


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
    if told["type"] == "Text":
        assert field.length == int(told["length"])
    if told["type"] == "Lookup":
        assert field.refers_to == told["referenceTo"]
        assert field.relationship == told["fullName"].replace("__c", "__r")
