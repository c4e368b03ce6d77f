"""The comparison with the reference: what is listed is so, and what is not is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from busbar.mapping.differences import DIFFERENCES, Difference, Fault
from busbar.mapping.engine import UNDEFINED
from tests.oracle.cases import INTEGRATIONS, mappings_without_samples, of_integrations, variants
from tests.oracle.compare import OTHER_CODE, compare
from tests.oracle.reference import Case, of_engine, of_reference, same


@pytest.fixture(scope="module")
def references() -> dict[str, Any]:
    """By the name of a difference, what the reference answers."""
    answers = of_reference([Case(d.text, d.source) for d in DIFFERENCES])
    return {d.name: a for d, a in zip(DIFFERENCES, answers, strict=True)}


@pytest.mark.parametrize("listed", DIFFERENCES, ids=lambda d: d.name)
def test_should_differ_as_it_is_listed(listed: Difference, references: dict[str, Any]) -> None:
    case = Case(listed.text, listed.source)
    assert same(references[listed.name], listed.reference)
    assert same(of_engine(case, "jlens"), listed.jlens)
    assert same(of_engine(case, "jsonata-python"), listed.jsonata_python)


def test_should_list_each_difference_once_and_only_differences() -> None:
    assert len({d.name for d in DIFFERENCES}) == len({d.text for d in DIFFERENCES})
    for listed in DIFFERENCES:
        answers = (listed.jlens, listed.jsonata_python)
        assert not all(same(answer, listed.reference) for answer in answers)


def test_should_find_a_difference_that_is_not_listed() -> None:
    by_name = {d.name: d for d in DIFFERENCES}
    ties = by_name["a sort keeps the order of ties"]
    keys = by_name["the order of keys is that of writing, where JavaScript puts numbers first"]
    result = compare(
        [Case("1 + 1", {}), Case(ties.text, ties.source), Case(keys.text, keys.source)]
    )
    assert [fault.split(":")[0] for fault in result.faults] == [
        *("jsonata-python", "jlens", "jsonata-python")
    ]


def test_should_bear_another_code_of_the_second_engine_but_not_of_the_first() -> None:
    assert compare([Case('$number("abc")', {})]).known == {OTHER_CODE: 1}
    assert compare([Case('$number("abc")', {})]).faults == []
    assert len(compare([Case("1 / 0", {})]).faults) == 1


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, UNDEFINED, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ([1, {"a": None}], [1, {"a": None}], True),
        ([1], [1, 2], False),
        (Fault("T0410"), Fault("T0410"), True),
        (Fault("T0410"), Fault("T0412"), False),
        ("1", 1, False),
    ],
)
def test_should_take_for_the_same_what_json_does(one: Any, other: Any, *, is_same: bool) -> None:
    assert same(one, other) is is_same


def test_should_have_a_sample_for_each_mapping_of_the_product() -> None:
    assert mappings_without_samples() == []


def test_should_try_each_part_of_a_source_missing_null_and_empty() -> None:
    made = dict(variants({"a": [{"b": 1}]}))
    assert made["as it is"] == {"a": [{"b": 1}]}
    assert made["without a.0.b"] == {"a": [{}]}
    assert made["null a.0"] == {"a": [None]}
    assert made["empty a"] == {"a": ""}
    assert len(made) == 10


def test_should_evaluate_the_fields_of_an_integration_on_what_its_entity_fans_out_to(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "any" / "thing"
    (folder / "events").mkdir(parents=True)
    variables = [{"key": "more", "value": 1}]
    (folder.parent / "integration.json").write_text(json.dumps({"variables": variables}))
    payload = {"head": 9, "rows": [{"a": 1}, {"a": 2}]}
    (folder / "events" / "two_rows.json").write_text(json.dumps(payload))
    (folder / "events" / "none.json").write_text("{}")
    expression = "a + $$.head + $env.more"
    field = {"attribute": "x", "jsonataExpression": expression, "enabled": "$exists(a)"}
    constant = {"attribute": "y", "constant": "no expression"}
    entity = {"jsonataExpression": "rows", "fields": [field, constant]}
    (folder / "use_case.json").write_text(json.dumps({"configuration": {"entities": [entity]}}))

    cases = list(of_integrations(tmp_path))

    plain = [case for case in cases if "as it is" in case.name]
    assert [c.text for c in plain] == ["rows", "rows", *["$exists(a)", expression] * 2]
    assert of_reference(plain)[2:] == [True, 11, True, 12]
    assert compare(cases).faults == []


def test_should_try_parts_of_the_largest_payload_of_each_use_case_only() -> None:
    names = [case.name for case in of_integrations(INTEGRATIONS)]
    assert any(name.startswith("erp/customer person without AccountID") for name in names)
    assert not any(name.startswith("erp/customer archived without") for name in names)
