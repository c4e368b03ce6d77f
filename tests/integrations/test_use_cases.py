"""Each use case that comes with the product is complete, and does what its samples say.

A use case has a README that tells of each attribute and each sample event, at least a typical event
and one edge case, and for each the answer of a simulation. Whoever adds one has no test to write
for that: this one finds the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.cases import ROOT, UseCase, use_cases
from tests.integrations.desk import ErpDesk
from tests.oracle.cases import variants

USE_CASES = use_cases()
EVERY = pytest.mark.parametrize("one", USE_CASES, ids=lambda one: one.name)
SAMPLES = [(one, case) for one in USE_CASES for case in one.cases()]
EVERY_SAMPLE = pytest.mark.parametrize(
    ("one", "case"), SAMPLES, ids=[f"{one.name}/{case}" for one, case in SAMPLES]
)
BORNE = {
    *("MISSING_UNIQUE_IDENTIFIERS", "INVALID_METER_READING_ATTRIBUTES", "INVALID_TIMESTAMP"),
    "LOOKUP_UNMAPPED",
}
"""What becomes of an item that lacks what it needs. An expression never fails for it."""
LONG = 320
"""Characters of an expression that nobody reads in one line."""
NOT_USE_CASES = {"samples"}
"""Folders beside the use cases: events for demonstrations."""


def attributes_of(one: UseCase) -> set[str]:
    """All attributes that a configuration maps."""
    found = set()
    for kind in ("entities", "meter_readings"):
        for entry in one.inbound.configuration.get(kind, []):
            found |= {field["attribute"] for field in entry["fields"]}
    return found


def expressions_of(value: Any) -> Iterator[str]:
    """All expressions of a configuration."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in {"jsonataExpression", "enabled"} and isinstance(below, str):
                yield below
            yield from expressions_of(below)
    for below in value if isinstance(value, list) else ():
        yield from expressions_of(below)


def missing_parts(folder: Path) -> list[str]:
    """What a folder of a use case lacks."""
    events = {path.stem for path in (folder / "events").glob("*.json")}
    expected = {path.stem for path in (folder / "expected").glob("*.json")}
    there = {name for name in ("use_case.json", "README.md") if (folder / name).is_file()}
    readme = (folder / "README.md").read_text("utf-8") if "README.md" in there else ""
    return [
        *(name for name in ("use_case.json", "README.md") if name not in there),
        *(["two events: a typical one and an edge case"] if len(events) < 2 else []),
        *(f"expected/{case}.json" for case in sorted(events - expected)),
        *(f"events/{case}.json" for case in sorted(expected - events)),
        *(f"README.md: {case}" for case in sorted(events) if f"`{case}`" not in readme),
    ]


def test_should_find_use_cases_in_all_their_folders() -> None:
    folders = {
        f"{path.parent.name}/{path.name}"
        for path in ROOT.glob("*/*")
        if path.is_dir() and path.name not in NOT_USE_CASES and path.name[0] not in "_."
    }
    assert {one.name for one in USE_CASES} == folders
    assert folders


@EVERY
def test_should_be_complete(one: UseCase) -> None:
    assert missing_parts(one.folder) == []


def test_should_find_what_a_use_case_lacks(tmp_path: Path) -> None:
    assert missing_parts(tmp_path) == [
        *("use_case.json", "README.md", "two events: a typical one and an edge case")
    ]
    for name in ("use_case.json", "README.md", "events/a.json", "events/b.json", "expected/c.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("`a`")
    assert missing_parts(tmp_path) == [
        *("expected/a.json", "expected/b.json", "events/c.json", "README.md: b")
    ]


@EVERY
def test_should_have_a_configuration_without_warnings(one: UseCase) -> None:
    assert one.configuration.warnings == ()


@EVERY
def test_should_tell_of_each_attribute_in_its_readme(one: UseCase) -> None:
    told = set(re.findall(r"`([^`]+)`", (one.folder / "README.md").read_text("utf-8")))
    assert attributes_of(one) - told == set()


@EVERY
def test_should_show_its_long_expressions_in_lines(one: UseCase) -> None:
    readme = (one.folder / "README.md").read_text("utf-8")
    shown = {_bare(block) for block in re.findall(r"```jsonata\n(.*?)```", readme, re.DOTALL)}
    long = {_bare(text) for text in expressions_of(one.inbound.configuration) if len(text) > LONG}
    assert shown == long


def _bare(expression: str) -> str:
    return re.sub(r"/\*.*?\*/|\s", "", expression, flags=re.DOTALL)


@EVERY_SAMPLE
def test_should_become_what_is_expected(one: UseCase, case: str) -> None:
    expected = json.loads(one.expected_file(case).read_text("utf-8"))
    assert one.simulated(one.payload(case)) == expected


@EVERY_SAMPLE
def test_should_bear_any_part_missing_null_or_empty(one: UseCase, case: str) -> None:
    payload = one.payload(case)
    borne = BORNE | {fault.code for fault in one.mapped(payload).faults}
    for what, changed in variants(payload):
        assert {fault.code for fault in one.mapped(changed).faults} <= borne, what


@EVERY_SAMPLE
def test_should_leave_out_what_is_not_sent(one: UseCase, case: str) -> None:
    payload = one.payload(case)
    before = _nulls(one.mapped(payload).entity_updates)
    for what, changed in variants(payload):
        if what.startswith("without "):
            assert _nulls(one.mapped(changed).entity_updates) <= before, what


def _nulls(updates: Any) -> set[tuple[str, str]]:
    return {
        (update.entity_slug, name)
        for update in updates
        for name, value in update.attributes.items()
        if value is None
    }


@EVERY_SAMPLE
def test_should_write_nothing_when_an_event_comes_again(one: UseCase, case: str) -> None:
    if one.mapped(one.payload(case)).faults:
        return
    desk = ErpDesk(one.folder.parent.name)
    desk.send(one.folder.name, case)
    before = desk.state()

    codes = desk.again(one.folder.name, case)

    assert desk.state() == before
    assert not {"ENTITY_CREATED", "ENTITY_UPDATED", "ENTITY_DELETED"} & set(codes)
