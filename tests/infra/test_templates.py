"""What the stages' templates have in common, and what alone may differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from infra import openapi
from infra.catalog import USE_CASES
from infra.check.assembly import Assembly

AssemblyOf = Callable[[str], Assembly]

ALLOWED = {
    r"(wallboxes|orders|toolkit|ops|watch)/Parameters/Name\w+/Default": "names of the stage's own",
    r"(orders|toolkit)/Parameters/Name(Issuer|DemoPortalClientId|DemoMachineClientId)": (
        "local has an issuer and audiences of its own, and so does not read the user pool's"
    ),
    r"data/Resources/Name\w+/Properties/Name": "published names carry the stage",
    r"(wallboxes|orders|toolkit|ops)/Resources/Name\w+/Properties/Name": (
        "published names carry the stage"
    ),
    r"data/Resources/\w+Secret\w+/Properties/Name": "secret ids carry the stage",
    r"data/Resources/DemoEventsBus\w+/Properties/(Name|EventSourceName)": "event source",
    r"data/Resources/IdentityUsersDomain\w+/Properties/Domain/Fn::Join/1/0": "name of the domain",
    r"\w+/Resources/\w+/Properties/RetentionInDays": "log retention",
    r"\w+/Resources/\w+/Properties/Environment/Variables/BUSBAR_(STAGE|ORGS|TUNING)": "settings",
    r"(wallboxes|orders)/Resources/\w+/Properties/EventPattern/source/0": "event source",
    r"\w+/Resources/\w+UndeliveredQueuePolicy\w+/Properties/PolicyDocument/Statement/1/Sid": (
        "the CDK writes the name of the stack into it"
    ),
    r"\w+/Resources/\w+Alarm\w+/Properties/Dimensions/\d/Value": "our metrics carry the stage",
    r"watch/Resources/\w+Board\w+/Properties/DashboardName": "name of the dashboard",
    r"watch/Resources/\w+Board\w+/Properties/DashboardBody/Fn::Join/1/\d+": (
        "our metrics carry the stage"
    ),
    r"orders/Resources/DoorApi\w+/Properties/JwtConfiguration/(Issuer|Audience)": "issuer",
}
"""Path in a template -> why it may differ between `local` and `dev`. Nothing else may."""


def differences(one: object, other: object, path: str) -> Iterator[str]:
    """Paths at which two templates differ, as far down as both have the same shape."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{path}/{key}"
            else:
                yield from differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from differences(first, second, f"{path}/{index}")
    elif one != other:
        yield path


def short(assembly: Assembly) -> dict[str, object]:
    """Templates by the stack's name without the stage."""
    return {stack.split("-")[-1]: t for stack, t in assembly.templates.items()}


def unexplained(one: Assembly, other: Assembly) -> list[str]:
    """Differences between two stages that `ALLOWED` does not name."""
    first, second = short(one), short(other)
    assert first.keys() == second.keys()
    found = [d for stack in first for d in differences(first[stack], second[stack], stack)]
    return [d for d in found if not any(re.fullmatch(pattern, d) for pattern in ALLOWED)]


def test_should_differ_in_stage_settings_only_between_local_and_dev(assembly: AssemblyOf) -> None:
    assert unexplained(assembly("local"), assembly("dev")) == []


@pytest.mark.parametrize(
    "path",
    [
        ("Resources", "StoreTable0CCFA19B", "Properties", "BillingMode"),
        ("Resources", "StoreTable0CCFA19B", "Properties", "StreamSpecification"),
    ],
)
def test_should_notice_when_local_differs_in_anything_else(
    assembly: AssemblyOf, path: tuple[str, ...]
) -> None:
    local = assembly("local")
    holder = local.templates["busbar-local-data"]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = "planted"

    assert unexplained(local, assembly("dev")) == ["data/" + "/".join(path)]


def test_should_need_each_allowed_difference(assembly: AssemblyOf) -> None:
    first, second = short(assembly("local")), short(assembly("dev"))
    found = [d for stack in first for d in differences(first[stack], second[stack], stack)]

    stale = [p for p in ALLOWED if not any(re.fullmatch(p, d) for d in found)]

    assert stale == []


def test_should_have_one_stack_for_what_lasts_one_per_context_and_one_that_watches(
    assembly: AssemblyOf,
) -> None:
    assert set(assembly("dev").templates) == {
        "busbar-dev-data",
        "busbar-dev-wallboxes",
        "busbar-dev-orders",
        "busbar-dev-toolkit",
        "busbar-dev-ops",
        "busbar-dev-watch",
    }


def test_should_pass_names_by_parameters_and_never_by_exports(assembly: AssemblyOf) -> None:
    for stack, template in assembly("dev").templates.items():
        assert "Fn::ImportValue" not in str(template), stack
        assert not any("Export" in o for o in template.get("Outputs", {}).values()), stack


def test_should_read_no_name_that_no_stack_publishes(assembly: AssemblyOf) -> None:
    dev = assembly("dev")
    published = {r.properties["Name"] for r in dev.resources("AWS::SSM::Parameter")}
    read = {
        parameter["Default"]
        for template in dev.templates.values()
        for parameter in template.get("Parameters", {}).values()
        if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
        and parameter["Default"].startswith("/busbar/")
    }

    assert read <= published


def test_should_put_rules_on_the_partner_bus_when_the_source_is_a_partners(
    assembly: AssemblyOf,
) -> None:
    (dev,) = assembly("dev").resources("AWS::Events::EventBus")
    (local,) = assembly("local").resources("AWS::Events::EventBus")

    assert dev.properties["EventSourceName"].startswith("aws.partner/salesforce.com/")
    assert dev.properties["Name"] == dev.properties["EventSourceName"]
    assert "EventSourceName" not in local.properties


def test_should_hold_keys_indexes_stream_and_expiry_of_the_table(assembly: AssemblyOf) -> None:
    (table,) = assembly("dev").resources("AWS::DynamoDB::Table")
    indexes = {
        i["IndexName"]: [k["AttributeName"] for k in i["KeySchema"]]
        for i in table.properties["GlobalSecondaryIndexes"]
    }

    assert [k["AttributeName"] for k in table.properties["KeySchema"]] == ["pk", "sk"]
    assert indexes == {"list": ["list_pk", "list_sk"], "due": ["due_pk", "due_at"]}
    assert table.properties["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table.properties["TimeToLiveSpecification"]["AttributeName"] == "expires_at"


def test_should_keep_what_lasts_in_prod_and_only_there(assembly: AssemblyOf) -> None:
    for stage, kept in (("dev", False), ("prod", True)):
        (table,) = assembly(stage).resources("AWS::DynamoDB::Table")
        recovery = table.properties["PointInTimeRecoverySpecification"]

        assert recovery["PointInTimeRecoveryEnabled"] is kept
        assert table.properties["DeletionProtectionEnabled"] is kept
        assert table.body["DeletionPolicy"] == ("Retain" if kept else "Delete")


def test_should_wake_the_relay_for_outbox_rows_that_want_to_be_sent_alone(
    assembly: AssemblyOf,
) -> None:
    (stream,) = [
        m
        for m in assembly("dev").resources("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" in m.properties
    ]

    assert stream.properties["FilterCriteria"]["Filters"] == [
        {"Pattern": '{"dynamodb":{"NewImage":{"schema":{"S":["outbox"]},"wake":{"BOOL":[true]}}}}'}
    ]


def test_should_have_the_routes_of_the_api_document_and_ask_for_a_token_where_it_says_so(
    assembly: AssemblyOf,
) -> None:
    written = json.loads(openapi.WRITTEN.read_text())
    described = {
        f"{verb.upper()} {path}": "JWT"
        if {"token": []} in entry.get("security", written["security"])
        else "NONE"
        for path, verbs in written["paths"].items()
        for verb, entry in verbs.items()
    }
    for stage in ("local", "dev"):
        routes = assembly(stage).resources("AWS::ApiGatewayV2::Route")
        asks = {r.properties["RouteKey"]: r.properties["AuthorizationType"] for r in routes}
        assert asks == described


def test_should_spend_nine_resources_on_a_use_case_of_one_route(assembly: AssemblyOf) -> None:
    """CloudFormation takes 500 in a stack, and each use case adds to them: see decision 0037."""
    mine = re.compile("OrderForm|NameFunctionsOrderFormName|DoorApiGETv1chargecardordersform")
    found = assembly("prod").templates["busbar-prod-orders"]["Resources"]
    assert sorted(body["Type"] for name, body in found.items() if mine.match(name)) == [
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Alarm",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::SSM::Parameter",
    ]


def test_should_let_the_api_call_each_function_by_one_permission(assembly: AssemblyOf) -> None:
    permissions = list(assembly("prod").resources("AWS::Lambda::Permission"))
    assert len(permissions) == sum(bool(u.routes or u.signed_routes) for u in USE_CASES)
