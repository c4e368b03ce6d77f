"""What can be told to a local run, and what a template becomes before the emulator sees it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from busbar.settings.function import Tuning
from infra.local import sample
from infra.local.assembly import read_assembly
from infra.local.deploying import adapted
from infra.local.options import (
    HOST,
    OUR_CODE,
    STANDARD_PORTS,
    CannotStart,
    Ports,
    check_free,
    free_ports,
    read_options,
)
from infra.local.people import PEOPLE
from infra.local.synthesis import sources
from infra.local.times import Times
from infra.machines import definition
from infra.stages import LOCAL, LOCAL_ISSUER


def test_should_run_handlers_in_process_and_keep_nothing_by_default() -> None:
    options = read_options({})
    assert (options.workers, options.keep, options.auth) == ("thread", False, False)
    assert (options.ports, options.code) == (STANDARD_PORTS, OUR_CODE)


def test_should_read_the_switches_of_the_environment() -> None:
    options = read_options(
        {"WORKERS": "process", "KEEP": "1", "AUTH": "true", "PORT_SHIFT": "1000"}
    )
    assert (options.workers, options.keep, options.auth) == ("process", True, True)
    assert options.ports.portal == 5580


@pytest.mark.parametrize("env", [{"WORKERS": "many"}, {"PORT_SHIFT": "up"}])
def test_should_say_what_a_switch_has_to_be(env: dict[str, str]) -> None:
    with pytest.raises(CannotStart, match="has to be"):
        read_options(env)


def test_should_name_a_port_that_is_in_use_and_what_to_do() -> None:
    ports = free_ports()
    check_free(ports)
    with socket.socket() as other:
        other.bind((HOST, ports.aws))
        other.listen()
        with pytest.raises(CannotStart, match=rf"{ports.aws} \(aws\).*PORT_SHIFT"):
            check_free(ports)


def test_should_agree_with_the_stage_about_addresses() -> None:
    org = LOCAL.orgs["demo"]
    assert f"http://{HOST}:{STANDARD_PORTS.issuer}" == LOCAL_ISSUER == LOCAL.issuer
    assert org.salesforce is not None
    assert org.energised is not None
    assert org.salesforce.base_url == f"http://{HOST}:{STANDARD_PORTS.salesforce}"
    assert org.energised.base_url == f"http://{HOST}:{STANDARD_PORTS.energised}"


def test_should_have_a_user_record_for_everybody_who_gets_a_token() -> None:
    assert {user.id for user in sample.users()} == set(PEOPLE.values())


def test_should_put_the_ports_of_the_run_into_a_template() -> None:
    template = {"Resources": {"A": {"Type": "X", "Properties": {"Url": f"http://{HOST}:4570"}}}}
    body, _ = adapted(json.dumps(template), Ports(1, 2, 3, 4, 5, 6))
    assert json.loads(body)["Resources"]["A"]["Properties"]["Url"] == f"http://{HOST}:1"


def test_should_put_the_times_of_the_run_into_a_template() -> None:
    times = Times(Tuning(lease=4.0, wait_at_most=9.0), {"card_event": 6}, visibility=8)
    assert read_options({}, [f"--times={times.as_text()}"]).times == times

    def function(handler: str) -> dict[str, Any]:
        variables = {"BUSBAR_TUNING": json.dumps({"lease": 20.0, "retry_most": 5.0})}
        properties = {"Handler": handler, "Timeout": 60, "Environment": {"Variables": variables}}
        return {"Type": "AWS::Lambda::Function", "Properties": properties}

    resources = {
        "Event": function("functions.card_event.handler.lambda_handler"),
        "Sync": function("functions.sync_cards.handler.lambda_handler"),
        "Foreign": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "index.handler"}},
        "Work": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 360}},
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "States": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionSubstitutions": {"QueueUrl": "q", "StepSeconds": "60"}},
        },
    }
    body, _ = adapted(json.dumps({"Resources": resources}), STANDARD_PORTS, times)
    found = {name: r["Properties"] for name, r in json.loads(body)["Resources"].items()}
    assert (found["Event"]["Timeout"], found["Sync"]["Timeout"]) == (6, 60)
    for name in ("Event", "Sync"):
        assert json.loads(found[name]["Environment"]["Variables"]["BUSBAR_TUNING"]) == {
            "lease": 4.0,
            "wait_at_most": 9.0,
        }
    assert found["Foreign"] == {"Handler": "index.handler"}
    assert found["States"]["DefinitionSubstitutions"] == {"QueueUrl": "q", "StepSeconds": "9"}
    assert (found["Work"], found["Dead"]) == ({"VisibilityTimeout": 8}, {})


def test_should_leave_definitions_of_state_machines_as_they_are() -> None:
    properties = {"DefinitionString": definition("wallbox_provisioning")}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    body, _ = adapted(json.dumps({"Resources": {"States": machine}}), Ports(1, 2, 3, 4, 5))
    assert json.loads(body)["Resources"]["States"] == machine


def test_should_leave_out_what_the_emulator_refuses_and_say_so() -> None:
    template = {
        "Rules": {"CheckBootstrapVersion": {}},
        "Parameters": {"BootstrapVersion": {}, "Other": {}},
        "Resources": {
            "All": {"Type": "AWS::CloudWatch::CompositeAlarm"},
            "Sum": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}},
            "One": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"MetricName": "x"},
                "DependsOn": ["All", "Two"],
            },
            "Two": {"Type": "AWS::SNS::Topic", "DependsOn": "All"},
        },
    }
    body, left_out = adapted(json.dumps(template), STANDARD_PORTS)
    adapted_template = json.loads(body)
    assert left_out == ["All", "Sum"]
    assert set(adapted_template["Resources"]) == {"One", "Two"}
    assert adapted_template["Resources"]["One"]["DependsOn"] == ["Two"]
    assert adapted_template["Resources"]["Two"]["DependsOn"] == []
    assert adapted_template["Parameters"] == {"Other": {}}
    assert "Rules" not in adapted_template


def test_should_deploy_stacks_after_those_that_they_need(tmp_path: Path) -> None:
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    artifacts = {
        "second": {**stack, "dependencies": ["second.assets", "first"]},
        "second.assets": {"type": "cdk:asset-manifest", "properties": {}},
        "first": stack,
    }
    (tmp_path / "t.json").write_text('{"Resources": {}}')
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    files = {"files": {"x": {"destinations": {"here": {"objectKey": "x.zip"}}}}}
    (tmp_path / "second.assets.json").write_text(json.dumps(files))
    stacks = read_assembly(tmp_path)
    assert [(s.name, s.assets) for s in stacks] == [("first", ()), ("second", ("x.zip",))]


def test_should_make_the_assembly_again_for_code_but_not_for_local_tools() -> None:
    names = {path.as_posix() for path in sources()}
    assert any(name.endswith("infra/catalog.py") for name in names)
    assert any("/shared/python/busbar/" in name for name in names)
    assert not any("/infra/local/" in name or "/infra/simulators/" in name for name in names)
