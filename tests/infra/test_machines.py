"""State machines: each gate that looks at one turns red for the fault that it is there for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from infra.catalog import USE_CASES, use_case
from infra.check.assembly import Assembly, Resource
from infra.check.definitions import definition_faults
from infra.check.inventory import machines as standing_machines
from infra.check.inventory import resolved
from infra.check.inventory import rules as standing_rules
from infra.check.rules import alarms, machines, rights, variables
from infra.check.rules.machines import MACHINE, filled
from infra.check.validators import BEHIND
from infra.machines import PLACEHOLDER, definition, longest_way, put_in, substitutions
from infra.stages import STAGES

AssemblyOf = Callable[[str], Assembly]
NAME = "wallbox_provisioning"
WITH_MACHINE = [case.name for case in USE_CASES if case.machine]


@pytest.fixture
def dev(assembly: AssemblyOf) -> Assembly:
    return assembly("dev")


def machine_of(assembly: Assembly) -> Resource:
    return machines.machines(assembly)[NAME]


def faults(assembly: Assembly) -> list[str]:
    return machines.faults(assembly, USE_CASES)


def any_definition() -> dict[str, Any]:
    return put_in(definition(NAME), {"QueueUrl": "https://queue", "StepSeconds": "60"})


# --- one definition for all -----------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", WITH_MACHINE)
def test_should_deploy_the_file_beside_the_handler_word_by_word_in_every_stage(
    assembly: AssemblyOf, stage: str, name: str
) -> None:
    machine = machines.machines(assembly(stage))[name]

    assert machine.properties["DefinitionString"] == definition(name)


@pytest.mark.parametrize("name", WITH_MACHINE)
def test_should_put_in_the_queue_and_the_time_and_nothing_else(name: str) -> None:
    placeholders = set(PLACEHOLDER.findall(definition(name)))

    assert placeholders == {"QueueUrl", "StepSeconds"}
    assert placeholders == set(substitutions(STAGES["dev"].tuning, "any"))
    assert substitutions(STAGES["prod"].tuning, "any")["StepSeconds"] == str(14 * 86_400)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DefinitionString", "{}", "its definition is not functions/wallbox_provisioning/"),
        ("Definition", {"States": {}}, "its definition is not functions/wallbox_provisioning/"),
        ("DefinitionSubstitutions", {"QueueUrl": "q"}, "what is put into its definition is"),
    ],
)
def test_should_be_red_when_a_template_has_another_definition(
    assembly: AssemblyOf, name: str, value: object, says: str
) -> None:
    local = assembly("local")
    machine_of(local).properties[name] = value

    (fault,) = faults(local)

    assert says in fault


def test_should_be_red_when_one_stage_has_a_comma_more_than_another(assembly: AssemblyOf) -> None:
    prod = assembly("prod")
    machine_of(prod).properties["DefinitionString"] += " "

    assert len(faults(prod)) == 1


# --- what it may, says and tells ------------------------------------------------------------------


def policy(assembly: Assembly) -> list[dict[str, Any]]:
    """The statements of the machine's role, to be written to."""
    role = machine_of(assembly).properties["RoleArn"]["Fn::GetAtt"][0]
    return list(assembly.statements(role, machine_of(assembly).stack))


def test_should_be_red_when_a_machine_may_not_send_to_its_queue(dev: Assembly) -> None:
    (send,) = [s for s in policy(dev) if s["Action"] == "sqs:SendMessage"]
    send["Resource"] = {"Ref": "AnyOther"}

    missing, surplus = faults(dev)

    assert "its machine may not sqs:SendMessage on ${busbar-dev-wallboxes/Wallbox" in missing
    assert "its machine may sqs:SendMessage on ${busbar-dev-wallboxes/AnyOther}" in surplus


def test_should_be_red_when_a_machine_may_do_more(dev: Assembly) -> None:
    (send,) = [s for s in policy(dev) if s["Action"] == "sqs:SendMessage"]
    send["Action"] = ["sqs:SendMessage", "lambda:InvokeFunction"]

    (fault,) = faults(dev)

    assert "its machine may lambda:InvokeFunction" in fault


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("Level", "OFF", "does not log its errors"),
        ("Destinations", [], "does not log its errors"),
        ("IncludeExecutionData", True, "logs what the states are given"),
    ],
)
def test_should_be_red_when_a_machine_logs_too_little_or_too_much(
    dev: Assembly, name: str, value: object, says: str
) -> None:
    machine_of(dev).properties["LoggingConfiguration"][name] = value

    (fault,) = faults(dev)

    assert says in fault


@pytest.mark.parametrize("planted", ["status", "target"])
def test_should_be_red_when_nobody_hears_of_an_end(dev: Assembly, planted: str) -> None:
    (rule,) = [
        r
        for r in dev.resources("AWS::Events::Rule")
        if r.properties["EventPattern"]["source"] == ["aws.states"]
    ]
    if planted == "status":
        rule.properties["EventPattern"]["detail"]["status"].remove("ABORTED")
    else:
        rule.properties["Targets"][0]["Arn"] = {"Ref": "Elsewhere"}

    assert faults(dev) == [f"{NAME}: does not hear of executions that end without success"]


def test_should_be_red_when_a_machine_is_missing_or_too_many(dev: Assembly) -> None:
    without = dataclasses.replace(use_case(NAME), machine=False)

    assert machines.faults(dev, [without]) == [
        f"{NAME}: has a machine that the catalogue does not name"
    ]
    function = dev.functions()[NAME]
    del function.properties["Environment"]["Variables"]["BUSBAR_MACHINE"]

    missing, alone = faults(dev)

    assert missing == f"{NAME}: the templates hold no machine for it"
    assert alone.endswith(": no function may start it")


@pytest.mark.parametrize(
    "action", ["states:StartExecution", "states:SendTaskSuccess", "states:SendTaskFailure"]
)
def test_should_be_red_when_the_function_may_not_work_its_machine(
    dev: Assembly, action: str
) -> None:
    role = dev.functions()[NAME].properties["Role"]["Fn::GetAtt"][0]
    for statement in dev.statements(role, dev.functions()[NAME].stack):
        if action in statement["Action"]:
            statement["Effect"] = "Deny"

    assert any(f"may not {action}" in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_another_function_is_told_of_the_machine(dev: Assembly) -> None:
    told = dev.functions()[NAME].properties["Environment"]["Variables"]["BUSBAR_MACHINE"]
    dev.functions()["orders"].properties["Environment"]["Variables"]["BUSBAR_MACHINE"] = told

    assert "orders: a use case with a state machine, and only that, is told of one" in (
        variables.faults(dev, USE_CASES)
    )


@pytest.mark.parametrize("metric", ["ExecutionsFailed", "ExecutionsTimedOut"])
def test_should_be_red_when_a_failed_execution_tells_nobody(dev: Assembly, metric: str) -> None:
    for alarm in dev.resources("AWS::CloudWatch::Alarm"):
        if alarm.properties["MetricName"] == metric:
            alarm.properties["AlarmActions"] = []

    (fault,) = alarms.faults(dev, USE_CASES)

    assert fault.startswith(f"no alarm on {metric} of ${{busbar-dev-wallboxes/Wallbox")


# --- the definition itself ------------------------------------------------------------------------


def test_should_find_nothing_in_the_definitions_of_all_stages(assembly: AssemblyOf) -> None:
    for stage in STAGES:
        for machine in assembly(stage).resources(MACHINE):
            assert definition_faults(stage, filled(assembly(stage), machine)) == []


@pytest.mark.parametrize(
    ("state", "field", "value", "says"),
    [
        ("Partner", "Next", "Nowhere", "Missing 'StartAt'|'Next'|'Default' target: Nowhere"),
        ("Way", "Default", "Contract", "State Partner is not reachable"),
        ("Partner", "Arguments", {"MessageBody": "{% $merge([ %}"}, "/States/Partner/Arguments"),
        ("Partner", "Parameters", {}, "/States/Partner is invalid"),
        ("Partner", "TimeoutSeconds", "60", "/States/Partner/TimeoutSeconds"),
        ("Partner", "Catch", [{"ErrorEquals": ["Parked"]}], "/States/Partner/Catch/0"),
        ("Rejected", "Error", 4, "/States/Rejected/Error"),
    ],
)
def test_should_be_red_when_a_definition_is_not_of_the_language(
    state: str, field: str, value: object, says: str
) -> None:
    planted = any_definition()
    planted["States"][state][field] = value

    assert any(says in fault for fault in definition_faults("planted", planted))


def test_should_let_pass_what_cfn_lint_does_not_know_yet_and_no_more() -> None:
    behind = "E3601 '{% ${StepSeconds} %}' is not of type 'number' at 'States/Park/TimeoutSeconds'"

    assert BEHIND.fullmatch(behind)
    assert not BEHIND.fullmatch(behind.replace("{% ${StepSeconds} %}", "60"))
    assert not BEHIND.fullmatch(behind.replace("TimeoutSeconds", "MaxConcurrency"))


def test_should_be_red_when_a_way_is_too_long(dev: Assembly) -> None:
    most = longest_way(any_definition())

    assert machines.faults(dev, USE_CASES, most=most) == []
    assert machines.faults(dev, USE_CASES, most=most - 1) == [
        f"{NAME}: its longest way has {most} transitions, more than {most - 1}"
    ]


def test_should_count_every_retry_among_the_transitions() -> None:
    planted = any_definition()
    for state in planted["States"].values():
        for retry in state.get("Retry", []):
            retry["MaxAttempts"] = 2

    assert longest_way(planted) > 25 >= longest_way(any_definition())


def test_should_find_no_longest_way_in_a_circle() -> None:
    planted = any_definition()
    planted["States"]["Identities"]["Next"] = "Partner"

    with pytest.raises(RecursionError):
        longest_way(planted)


# --- what stands after a deploy -------------------------------------------------------------------


class Standing(SimpleNamespace):
    """What the inventory looks at, with answers of our own."""

    assembly: Assembly
    ids: dict[str, dict[str, str]]

    def of(self, kind: str) -> Any:
        return [(r, self.ids[r.stack][r.logical_id]) for r in self.assembly.resources(kind)]

    def named(self, text: str) -> str:
        stack, _, logical_id = text.removeprefix("${").removesuffix("}").partition("/")
        return self.ids[stack][logical_id]


def standing_as_in(assembly: Assembly, client: Any) -> Any:
    ids = {s: {r: r.lower() for r in t["Resources"]} for s, t in assembly.templates.items()}
    return Standing(assembly=assembly, ids=ids, client=lambda _: client)


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({}, None),
        ({"definition": "{}"}, "its definition is another"),
        ({"type": "EXPRESS"}, "type"),
    ],
)
def test_should_be_red_when_another_machine_stands_than_in_the_template(
    assembly: AssemblyOf, planted: dict[str, str], says: str | None
) -> None:
    local = assembly("local")
    machine = machine_of(local)
    queue = machine.properties["DefinitionSubstitutions"]["QueueUrl"]["Ref"].lower()
    text = definition(NAME).replace("${QueueUrl}", queue).replace("${StepSeconds}", "1209600")
    there = {"definition": text, "type": "STANDARD", **planted}
    client = SimpleNamespace(describe_state_machine=lambda stateMachineArn: there)  # noqa: ARG005, N803

    found = list(standing_machines(standing_as_in(local, client)))

    assert found == [] if says is None else (len(found) == 1 and says in found[0])


def test_should_be_red_when_a_rule_stands_for_another_machine(assembly: AssemblyOf) -> None:
    local = assembly("local")
    patterns: dict[str, Any] = {}
    standing = standing_as_in(local, None)
    for rule in local.resources("AWS::Events::Rule"):
        pattern = resolved(standing, rule.stack, rule.properties["EventPattern"])
        if "stateMachineArn" in pattern.get("detail", {}):
            pattern["detail"]["stateMachineArn"] = ["arn:another"]
        patterns[rule.logical_id.lower()] = pattern
    client = SimpleNamespace(
        describe_rule=lambda Name, EventBusName: {  # noqa: ARG005, N803
            "EventPattern": json.dumps(patterns[Name])
        },
        list_targets_by_rule=lambda Rule, EventBusName: {"Targets": [{"Id": "Target0"}]},  # noqa: ARG005, N803
    )

    (fault,) = standing_rules(standing_as_in(local, client))

    assert "its pattern is" in fault
