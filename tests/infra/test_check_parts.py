"""The parts of the check that run other programs are red for a planted fault, too."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.build import LAMBDA_PYTHON, Build, build, this_machine
from infra.check.artefact import Bench, answer_fault
from infra.check.assembly import Assembly
from infra.check.deploy import second_deploy_faults, version_faults
from infra.check.inventory import alarms, counted, dashboards, tables
from infra.check.layout import layout_faults
from infra.check.validators import lint_faults, template_faults

AssemblyOf = Callable[[str], Assembly]

needs_lambda = pytest.mark.skipif(
    sys.version_info[:2] != LAMBDA_PYTHON or sys.platform != "linux",
    reason="the artefact runs on Lambda's Python on Linux only",
)


def planted_template(folder: Path, name: str, value: object) -> Path:
    """A template with a function, one of whose properties is not right."""
    properties: dict[str, Any] = {
        "Handler": "a.b",
        "Runtime": "python3.13",
        "Role": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/any"},
        "Code": {"S3Bucket": "bucket", "S3Key": "key"},
        name: value,
    }
    path = folder / "planted.template.json"
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    path.write_text(json.dumps({"Resources": {"Function": function}}))
    return path


def test_should_be_red_when_cloudformation_validate_finds_a_bad_runtime(tmp_path: Path) -> None:
    good = template_faults(planted_template(tmp_path, "Timeout", 3))
    bad = template_faults(planted_template(tmp_path, "Runtime", "python1.0"))

    assert good == []
    assert any("Runtime" in fault or "python1.0" in fault for fault in bad)


def test_should_be_red_when_cfn_lint_finds_a_reserved_variable(tmp_path: Path) -> None:
    variables = {"Variables": {"AWS_REGION": "x"}}

    faults = lint_faults([planted_template(tmp_path, "Environment", variables)])

    assert any("AWS_REGION" in fault for fault in faults)


def test_should_be_red_when_a_second_deploy_changes_something() -> None:
    said = "✅  busbar-local-data (no changes)\n✅  busbar-local-orders\n"

    faults = second_deploy_faults(said, ["busbar-local-data", "busbar-local-orders"])

    assert faults == ["busbar-local-orders: the second deploy changed something"]


def test_should_use_the_locked_version_of_the_cdk_command_line() -> None:
    assert version_faults() == []


# --- what stands after a deploy -------------------------------------------------------------------


class Standing(SimpleNamespace):
    """What the inventory looks at, with answers of our own."""

    assembly: Assembly
    ids: dict[str, dict[str, str]]

    def of(self, kind: str) -> Any:
        return [(r, self.ids[r.stack].get(r.logical_id, "")) for r in self.assembly.resources(kind)]


def standing_as_in(assembly: Assembly, **more: Any) -> Any:
    ids = {s: {r: r.lower() for r in t["Resources"]} for s, t in assembly.templates.items()}
    return Standing(assembly=assembly, ids=ids, **more)


def test_should_be_red_when_a_resource_was_not_made(assembly: AssemblyOf) -> None:
    standing = standing_as_in(assembly("local"))
    assert list(counted(standing)) == []
    del standing.ids["busbar-local-data"]["StoreTable0CCFA19B"]

    assert list(counted(standing)) == [
        "busbar-local-data/StoreTable0CCFA19B: in the template or in the stack, not in both"
    ]


def test_should_be_red_when_the_table_stands_without_its_indexes(assembly: AssemblyOf) -> None:
    local = assembly("local")
    (table,) = local.resources("AWS::DynamoDB::Table")
    there = {**table.properties, "GlobalSecondaryIndexes": []}
    client = SimpleNamespace(describe_table=lambda TableName: {"Table": there})  # noqa: N803, ARG005

    (fault,) = tables(standing_as_in(local, client=lambda _: client))

    assert "other indexes" in fault


def test_should_be_red_when_an_alarm_stands_otherwise_than_in_the_template(
    assembly: AssemblyOf,
) -> None:
    local = assembly("local")
    there = {
        r.logical_id.lower(): {**r.properties, "AlarmActions": ["arn:any"]}
        for r in local.resources("AWS::CloudWatch::Alarm")
    }
    broken, gone, mute = list(there)[:3]
    there[broken] |= {"Threshold": 99}
    there[mute] |= {"AlarmActions": []}
    del there[gone]
    client = SimpleNamespace(
        describe_alarms=lambda AlarmNames: {  # noqa: N803
            "MetricAlarms": [there[n] for n in AlarmNames if n in there]
        }
    )

    faults = list(alarms(standing_as_in(local, client=lambda _: client)))

    assert [f for f in faults if "Threshold is 99, not" in f]
    assert [f for f in faults if "MetricName is None, not" in f]
    assert len([f for f in faults if "tells nobody" in f]) == 2
    assert len(faults) == 1 + (5 + 1) + 1


@pytest.mark.parametrize("body", ['{"widgets": []}', '{"widgets": [{"Ref": "Name"}]}'])
def test_should_be_red_when_a_dashboard_stands_without_graphs_or_names(
    assembly: AssemblyOf, body: str
) -> None:
    answer = {"DashboardBody": body}
    client = SimpleNamespace(get_dashboard=lambda DashboardName: answer)  # noqa: N803, ARG005

    faults = list(dashboards(standing_as_in(assembly("local"), client=lambda _: client)))

    assert len(faults) == 2
    assert all("its body has no graphs" in fault for fault in faults)


# --- the artefact ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def made_here() -> Build:
    return build(machine=this_machine())


@needs_lambda
def test_should_be_red_when_the_artefact_holds_a_library_for_another_machine(
    packages: Build, made_here: Build
) -> None:
    here = this_machine()
    assert list(layout_faults(packages, made_here, here)) == []

    planted = dataclasses.replace(packages, dependencies=made_here.dependencies)
    found = list(layout_faults(planted, made_here, here))

    assert here == "arm64" or (found and all("no library for arm64" in f for f in found))


@needs_lambda
def test_should_be_red_when_the_artefact_lacks_a_file(
    packages: Build, made_here: Build, tmp_path: Path
) -> None:
    empty = dataclasses.replace(packages.busbar, tree=tmp_path)

    found = list(
        layout_faults(dataclasses.replace(packages, busbar=empty), made_here, this_machine())
    )

    assert any(
        "busbar: python/busbar/settings/function.py is in one build only" in f for f in found
    )


HANDLERS = {
    "answers": "def lambda_handler(event, context): return {'batchItemFailures': []}",
    "raises": "def lambda_handler(event, context): raise ValueError('planted')",
    "cannot be imported": "import a_module_that_is_not_in_the_layer",
    "reaches for a tool": "import ministack",
    "answers 500": "def lambda_handler(event, context): return {'statusCode': 500}",
}


@needs_lambda
@pytest.mark.parametrize(
    ("handler", "event", "says"),
    [
        ("answers", {"Records": []}, None),
        ("answers", None, None),
        ("raises", {"Records": []}, "ValueError: planted"),
        ("cannot be imported", None, "a_module_that_is_not_in_the_layer"),
        ("reaches for a tool", None, "ministack"),
        ("answers 500", {"requestContext": {}}, "answered {'statusCode': 500}"),
    ],
)
def test_should_be_red_when_a_handler_does_not_work_as_on_lambda(
    made_here: Build, tmp_path: Path, handler: str, event: dict[str, Any] | None, says: str | None
) -> None:
    module = tmp_path / "task" / "functions" / "orders" / "handler.py"
    module.parent.mkdir(parents=True)
    module.write_text(HANDLERS[handler])
    package = dataclasses.replace(made_here.functions["orders"], tree=tmp_path / "task")
    planted = dataclasses.replace(made_here, functions={"orders": package})

    fault = Bench(planted, tmp_path).fault("orders", event, {})

    assert (fault is None) if says is None else (fault and says in fault)


@pytest.mark.parametrize(
    ("event", "answer", "good"),
    [
        ({"requestContext": {}}, {"statusCode": 403}, True),
        ({"requestContext": {}}, {"statusCode": 503}, True),
        ({"requestContext": {}}, {"statusCode": 500}, False),
        ({"requestContext": {}}, None, False),
        ({"Records": []}, {"batchItemFailures": []}, True),
        ({"Records": []}, None, False),
        ({"source": "busbar.schedule"}, None, True),
    ],
)
def test_should_take_an_answer_for_what_it_is(
    event: dict[str, Any], answer: object, good: bool
) -> None:
    assert (answer_fault(event, answer) is None) is good
