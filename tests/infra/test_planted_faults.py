"""Each rule of the deploy check turns red for the fault that it is there for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.build import Build
from infra.catalog import USE_CASES, use_case
from infra.check.assembly import Assembly, Resource
from infra.check.own_rules import RULES, STAGES
from infra.check.rules import alarms, handlers, queues, rights, routes, stacks, triggers, variables

AssemblyOf = Callable[[str], Assembly]


@pytest.fixture
def dev(assembly: AssemblyOf) -> Assembly:
    return assembly("dev")


def one(assembly: Assembly, kind: str, part_of_id: str) -> Resource:
    """The one resource of this type whose logical id begins like this."""
    (found,) = [r for r in assembly.resources(kind) if r.logical_id.startswith(part_of_id)]
    return found


def statements(assembly: Assembly, role: str) -> list[dict[str, Any]]:
    """The statements of a function's policy, to be written to."""
    (policy,) = one(assembly, "AWS::IAM::Role", f"{role}Role").properties["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_should_find_nothing_when_nothing_is_planted(assembly: AssemblyOf, packages: Build) -> None:
    found = {
        (stage, name): rule(assembly(stage), packages)
        for stage in STAGES
        for name, rule in RULES.items()
    }

    assert {at: faults for at, faults in found.items() if faults} == {}


# --- a missing grant, a surplus one, a wildcard ---------------------------------------------------


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("OrderSubmit", "secretsmanager:GetSecretValue"),
        ("OrderSubmit", "dynamodb:PutItem"),
        ("Orders", "dynamodb:Query"),
        ("CardEvent", "sqs:ReceiveMessage"),
        ("OutboxRelay", "dynamodb:GetRecords"),
        ("OutboxRelay", "sqs:SendMessage"),
        ("SyncCards", "xray:PutTraceSegments"),
        ("ChargeCards", "logs:PutLogEvents"),
    ],
)
def test_should_be_red_when_a_grant_is_missing(dev: Assembly, role: str, action: str) -> None:
    granted = statements(dev, role)
    granted[:] = [s for s in granted if action not in s["Action"]]

    assert any(f"may not {action}" in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_a_grant_is_for_another_resource(dev: Assembly) -> None:
    for statement in statements(dev, "OrderSubmit"):
        if statement["Action"] == "secretsmanager:GetSecretValue":
            statement["Resource"] = {"Ref": "NameDemoEnergisedSecretArn"}

    assert [f.split(": ")[0] for f in rights.faults(dev, USE_CASES)] == ["order_submit"] * 2


def test_should_be_red_when_a_grant_is_not_needed(dev: Assembly) -> None:
    writes = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
    table = statements(dev, "Orders")[2]["Resource"]
    statements(dev, "Orders").append({"Effect": "Allow", "Action": writes, "Resource": table})

    (first, second) = rights.faults(dev, USE_CASES)

    assert "orders: may dynamodb:DeleteItem" in first
    assert "orders: may dynamodb:PutItem" in second


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:::table/x"}, "wildcard right"),
        ({"Action": "*", "Resource": "*"}, "wildcard right"),
        ({"Action": "sqs:SendMessage", "Resource": "*"}, "wildcard resource *"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, "wildcard resource arn"),
        ({"NotAction": "iam:*", "Resource": "*"}, "statement by exclusion"),
    ],
)
def test_should_be_red_when_a_right_is_a_wildcard(
    dev: Assembly, planted: dict[str, str], says: str
) -> None:
    statements(dev, "OrderForm").append({"Effect": "Allow", **planted})

    assert any(says in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_a_role_has_a_managed_policy(dev: Assembly) -> None:
    role = one(dev, "AWS::IAM::Role", "OrderFormRole")
    role.properties["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]

    assert any("managed policies" in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_two_functions_share_a_role(dev: Assembly) -> None:
    function = one(dev, "AWS::Lambda::Function", "OrderFormFunction")
    other = one(dev, "AWS::Lambda::Function", "OrdersFunction")
    function.properties["Role"] = other.properties["Role"]

    assert any("shares its role" in fault for fault in rights.faults(dev, USE_CASES))


# --- handlers -------------------------------------------------------------------------------------


def with_tree(packages: Build, use_case: str, tree: Path) -> Build:
    """The packages, with one use case's tree replaced."""
    package = dataclasses.replace(packages.functions[use_case], tree=tree)
    return dataclasses.replace(packages, functions={**packages.functions, use_case: package})


def test_should_be_red_when_a_handler_is_missing(
    dev: Assembly, packages: Build, tmp_path: Path
) -> None:
    (fault,) = handlers.faults(dev, with_tree(packages, "order_submit", tmp_path))

    assert "order_submit: handler functions.order_submit.handler.lambda_handler is missing" in fault


def test_should_be_red_when_a_handler_lacks_its_entry(
    dev: Assembly, packages: Build, tmp_path: Path
) -> None:
    module = tmp_path / "functions" / "orders" / "handler.py"
    module.parent.mkdir(parents=True)
    module.write_text("def make_handler(settings, clients): ...\n")

    (fault,) = handlers.faults(dev, with_tree(packages, "orders", tmp_path))

    assert "does not define ['lambda_handler']" in fault


def test_should_be_red_when_a_use_case_has_no_function(dev: Assembly, packages: Build) -> None:
    function = one(dev, "AWS::Lambda::Function", "OrderFormFunction")
    del dev.templates[function.stack]["Resources"][function.logical_id]

    assert handlers.faults(dev, packages) == ["order_form: the templates hold no function for it"]


# --- queues and triggers --------------------------------------------------------------------------


def test_should_be_red_when_a_queue_has_no_dead_letter_queue(dev: Assembly) -> None:
    del one(dev, "AWS::SQS::Queue", "CardEventWorkQueue").properties["RedrivePolicy"]

    assert any(
        "queue without a dead-letter queue" in fault for fault in queues.faults(dev, USE_CASES)
    )


@pytest.mark.parametrize(
    ("alarm", "says"),
    [
        ("CardEventWorkParkedDepth", "without an alarm on its depth"),
        ("CardEventWorkAge", "without an alarm on its oldest message"),
    ],
)
def test_should_be_red_when_a_queue_has_no_alarm(dev: Assembly, alarm: str, says: str) -> None:
    one(dev, "AWS::CloudWatch::Alarm", alarm).properties["AlarmActions"] = []

    assert any(says in fault for fault in queues.faults(dev, USE_CASES))


def test_should_be_red_when_visibility_is_below_six_times_the_time_limit(dev: Assembly) -> None:
    one(dev, "AWS::SQS::Queue", "CardEventWorkQueue").properties["VisibilityTimeout"] = 359

    (fault,) = queues.faults(dev, USE_CASES)

    assert "visibility below 360 s" in fault


@pytest.mark.parametrize("queue", ["ErpApplyWorkQueue", "ErpApplyWorkParkedQueue"])
@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"FifoThroughputLimit": "perQueue"}, "does not keep the order of each group"),
        ({"DeduplicationScope": "queue"}, "does not keep the order of each group"),
        ({"FifoQueue": False}, "does not keep the order of each group"),
        ({"ContentBasedDeduplication": True}, "takes equal messages for one"),
    ],
)
def test_should_be_red_when_a_queue_does_not_keep_order(
    dev: Assembly, queue: str, planted: dict[str, Any], says: str
) -> None:
    one(dev, "AWS::SQS::Queue", queue).properties.update(planted)

    (fault,) = queues.faults(dev, USE_CASES)

    assert says in fault


def test_should_be_red_when_a_queue_keeps_an_order_that_nobody_asked_for(dev: Assembly) -> None:
    one(dev, "AWS::SQS::Queue", "CardEventWorkQueue").properties["FifoQueue"] = True

    (fault,) = queues.faults(dev, USE_CASES)

    assert "keeps an order" in fault


@pytest.mark.parametrize(
    ("kind", "begins", "path", "says"),
    [
        (
            "AWS::Events::Rule",
            "CardEvent",
            ("Targets", 0, "DeadLetterConfig"),
            "rule target without a dead-letter queue",
        ),
        ("AWS::Events::Rule", "CardEvent", ("Targets", 0, "RetryPolicy"), "bound on its retries"),
        (
            "AWS::Scheduler::Schedule",
            "SyncCards",
            ("Target", "DeadLetterConfig"),
            "schedule without a dead-letter queue",
        ),
        (
            "AWS::Lambda::EventSourceMapping",
            "OutboxRelay",
            ("DestinationConfig",),
            "stream mapping without a dead-letter queue",
        ),
        (
            "AWS::Lambda::EventSourceMapping",
            "OutboxRelay",
            ("BisectBatchOnFunctionError",),
            "stream mapping without BisectBatchOnFunctionError",
        ),
        (
            "AWS::Lambda::EventSourceMapping",
            "CardEvent",
            ("FunctionResponseTypes",),
            "without partial batch failures",
        ),
        ("AWS::Lambda::EventSourceMapping", "CardEvent", ("ScalingConfig",), "concurrency"),
    ],
)
def test_should_be_red_when_a_trigger_lacks(
    dev: Assembly, kind: str, begins: str, path: tuple[str | int, ...], says: str
) -> None:
    holder: Any = one(dev, kind, begins).properties
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]

    assert any(says in fault for fault in triggers.faults(dev, USE_CASES))


@pytest.mark.parametrize(
    "expression", ["rate(1 minutes)", "rate(0 minutes)", "rate(2 minute)", "every minute", "cron()"]
)
def test_should_be_red_when_a_schedule_expression_is_none(dev: Assembly, expression: str) -> None:
    schedule = one(dev, "AWS::Scheduler::Schedule", "OutboxSweep")
    schedule.properties["ScheduleExpression"] = expression

    faults = triggers.faults(dev, USE_CASES)

    assert any("is no schedule expression" in fault for fault in faults)


def test_should_be_red_when_a_trigger_is_not_the_catalogues(dev: Assembly) -> None:
    schedule = one(dev, "AWS::Scheduler::Schedule", "OutboxSweep")
    del dev.templates[schedule.stack]["Resources"][schedule.logical_id]

    assert triggers.faults(dev, USE_CASES) == [
        "outbox_sweep: started by [], not ['rate(1 minute)']"
    ]


# --- routes ---------------------------------------------------------------------------------------


def test_should_be_red_when_a_route_has_no_authoriser(dev: Assembly) -> None:
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        if route.properties["RouteKey"] == "GET /v1/charge-cards":
            route.properties["AuthorizationType"] = "NONE"

    assert routes.faults(dev, USE_CASES) == ["GET /v1/charge-cards: route without the authoriser"]


EVENTS = "POST /v3/erp/updates/events"


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("AuthorizerId", "route behind an authoriser that is not ours"),
        ("ApiId", "route of another API"),
    ],
)
def test_should_be_red_when_a_route_of_another_stack_hangs_elsewhere(
    dev: Assembly, part: str, says: str
) -> None:
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        if route.properties["RouteKey"] == EVENTS:
            assert route.stack == "busbar-dev-toolkit"
            route.properties[part] = {"Ref": "NameAlarmsArn"}

    assert routes.faults(dev, USE_CASES) == [f"{EVENTS}: {says}"]


WEBHOOK = "POST /v1/webhooks/salesforce/{org}"


def test_should_be_red_when_an_open_route_is_not_called_signed(dev: Assembly) -> None:
    unsigned = [
        dataclasses.replace(u, routes=u.signed_routes + u.routes, signed_routes=())
        for u in USE_CASES
    ]

    assert routes.faults(dev, unsigned) == [f"{WEBHOOK}: route without the authoriser"]


def test_should_be_red_when_a_signed_route_asks_for_a_token(dev: Assembly) -> None:
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        if route.properties["RouteKey"] == WEBHOOK:
            route.properties["AuthorizationType"] = "JWT"
            route.properties["AuthorizerId"] = "any"

    assert routes.faults(dev, USE_CASES) == [
        f"{WEBHOOK}: signed route that asks for a token, which its sender has not"
    ]


def test_should_be_red_when_a_signed_route_has_no_limit_of_its_own(dev: Assembly) -> None:
    (stage,) = dev.resources("AWS::ApiGatewayV2::Stage")
    del stage.properties["RouteSettings"][WEBHOOK]

    assert routes.faults(dev, USE_CASES) == [
        f"{WEBHOOK}: signed route without a rate limit of its own"
    ]


def test_should_let_one_function_alone_read_the_keys_of_the_webhook(dev: Assembly) -> None:
    readers = {
        name
        for name, function in dev.functions().items()
        for _, resource in rights.granted(
            dev, function.stack, function.properties["Role"]["Fn::GetAtt"][0]
        )
        if "Webhook" in resource
    }
    assert readers == {"salesforce_webhook"}


def test_should_be_red_when_a_route_is_not_the_catalogues(dev: Assembly) -> None:
    for route in dev.resources("AWS::ApiGatewayV2::Route"):
        if route.properties["RouteKey"] == "GET /v1/charge-cards":
            route.properties["RouteKey"] = "GET /v1/cards"

    assert routes.faults(dev, USE_CASES) == [
        "GET /v1/charge-cards: the API has no such route",
        "GET /v1/cards: route that the catalogue does not have",
    ]


def test_should_be_red_when_a_route_leads_elsewhere(dev: Assembly) -> None:
    mine = one(dev, "AWS::Lambda::Function", "MyChargeCardsFunction")
    for integration in dev.resources("AWS::ApiGatewayV2::Integration"):
        integration.properties["IntegrationUri"] = {"Fn::GetAtt": [mine.logical_id, "Arn"]}

    faults = routes.faults(dev, USE_CASES)

    assert "POST /v1/charge-card-orders: does not lead to order_submit" in faults


def test_should_be_red_when_the_api_may_not_call_the_function(dev: Assembly) -> None:
    permission = one(dev, "AWS::Lambda::Permission", "OrderSubmitFunction")
    del dev.templates[permission.stack]["Resources"][permission.logical_id]

    assert routes.faults(dev, USE_CASES) == [
        "POST /v1/charge-card-orders: the API may not call order_submit"
    ]


@pytest.mark.parametrize(
    "source",
    [
        None,
        "arn:aws:execute-api:eu-central-1:123456789012:*/*/*/*",
        {"Fn::Join": ["", ["arn:aws:execute-api:*:*:", {"Ref": "OtherApi"}, "/*/*/*"]]},
    ],
    ids=["anything", "any API", "another API"],
)
def test_should_be_red_when_more_than_our_api_may_call_a_function(
    dev: Assembly, source: object
) -> None:
    permission = one(dev, "AWS::Lambda::Permission", "OrderSubmitFunction")
    permission.properties["SourceArn"] = source
    if source is None:
        del permission.properties["SourceArn"]

    (fault,) = routes.faults(dev, USE_CASES)
    assert fault.startswith("order_submit: may be called by ")


def test_should_be_red_when_a_function_may_be_called_twice_by_the_api(dev: Assembly) -> None:
    permission = one(dev, "AWS::Lambda::Permission", "OrderSubmitFunction")
    dev.templates[permission.stack]["Resources"]["Again"] = permission.body

    (fault,) = routes.faults(dev, USE_CASES)
    assert fault.endswith("and not by our API alone, once")


def test_should_be_red_when_the_api_may_call_a_function_without_a_route(dev: Assembly) -> None:
    permission = one(dev, "AWS::Lambda::Permission", "OrderSubmitFunction")
    forward = one(dev, "AWS::Lambda::Function", "OrderForwardFunction")
    arn = {"Fn::GetAtt": [forward.logical_id, "Arn"]}
    planted = {**permission.body, "Properties": {**permission.properties, "FunctionName": arn}}
    dev.templates[permission.stack]["Resources"]["Planted"] = planted

    assert routes.faults(dev, USE_CASES) == [
        "order_forward: the API may call it, and it has no route"
    ]


# --- variables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BUSBAR_ORGS", "{}", "has to name at least one org"),
        ("BUSBAR_ORGS", '{"demo": {"epilot": {}}}', "unknown keys ['epilot']"),
        ("BUSBAR_TUNING", '{"retry_frist": 1}', "unknown keys ['retry_frist']"),
        ("BUSBAR_TUNING", '{"pause_bound": 10}', "above tuning.pause_bound"),
        ("BUSBAR_TABLE", "", "BUSBAR_TABLE is not set"),
        ("BUSBAR_QUEUES", '{"elsewhere": "https://…"}', "queues are ['elsewhere'], not []"),
        ("BUSBAR_PARKED", "https://…", "only a worker, has a parked queue"),
        ("BUSBAR_PADDING", "x" * 4096, "longer than 4096 bytes"),
    ],
)
def test_should_be_red_when_a_variable_is_wrong(
    dev: Assembly, name: str, value: str, says: str
) -> None:
    function = one(dev, "AWS::Lambda::Function", "OrderSubmitFunction")
    function.properties["Environment"]["Variables"][name] = value

    assert any(says in fault for fault in variables.faults(dev, USE_CASES))


def test_should_be_red_when_a_function_that_changes_other_systems_may_take_long(
    dev: Assembly,
) -> None:
    cases = [dataclasses.replace(case, only_reads=False) for case in USE_CASES]
    above = "reconcile: its time limit is above tuning.pause_bound (60.0 s)"
    assert variables.faults(dev, cases) == [above]


# --- stacks ---------------------------------------------------------------------------------------


def test_should_be_red_when_a_stack_is_above_400_resources(dev: Assembly) -> None:
    resources = dev.templates["busbar-dev-ops"]["Resources"]
    resources |= {f"More{n}": {"Type": "AWS::SNS::Topic"} for n in range(400)}

    assert any("more than 400" in fault for fault in stacks.faults(dev))


def test_should_be_red_when_a_template_makes_a_secrets_value(dev: Assembly) -> None:
    one(dev, "AWS::SecretsManager::Secret", "DemoSalesforce").properties["SecretString"] = "s"

    assert any("whose value the template makes" in fault for fault in stacks.faults(dev))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("PointInTimeRecoverySpecification", "without point-in-time recovery"),
        ("DeletionProtectionEnabled", "without deletion protection"),
    ],
)
def test_should_be_red_when_production_could_lose_its_table(
    assembly: AssemblyOf, name: str, says: str
) -> None:
    prod = assembly("prod")
    del one(prod, "AWS::DynamoDB::Table", "Store").properties[name]

    assert any(says in fault for fault in stacks.faults(prod))


def test_should_be_red_when_production_would_delete_what_it_keeps(assembly: AssemblyOf) -> None:
    prod = assembly("prod")
    one(prod, "AWS::Cognito::UserPool", "Identity").body["DeletionPolicy"] = "Delete"

    (fault,) = stacks.faults(prod)

    assert "DeletionPolicy has to be Retain in prod" in fault


def test_should_be_red_when_the_table_gets_another_logical_id(dev: Assembly) -> None:
    resources = dev.templates["busbar-dev-data"]["Resources"]
    resources["Table2"] = resources.pop("StoreTable0CCFA19B")

    assert any("logical id has to stay" in fault for fault in stacks.faults(dev))


def test_should_be_red_when_a_function_has_no_alarm_on_errors(dev: Assembly) -> None:
    alarm = one(dev, "AWS::CloudWatch::Alarm", "OrderFormErrors")
    alarm.properties["AlarmActions"] = []

    assert stacks.faults(dev) == ["order_form: function without an alarm on errors"]


def test_should_be_red_when_alarms_would_ring_unheard(dev: Assembly) -> None:
    policy = one(dev, "AWS::SNS::TopicPolicy", "Alarms").properties["PolicyDocument"]
    policy["Statement"] = [s for s in policy["Statement"] if s["Effect"] == "Deny"]

    (fault,) = stacks.faults(dev)

    assert "CloudWatch may not publish" in fault


# --- alarms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alarm", "says"),
    [
        ("OrderFormErrors", "no alarm on Errors of ${busbar-dev-orders/OrderFormFunction"),
        ("TasksThrottles", "no alarm on Throttles of ${busbar-dev-orders/TasksFunction"),
        ("OutboxRelayStreamBehind", "no alarm on IteratorAge of"),
        ("OutboxSweepScheduleSilent", "no alarm on ScheduledRuns of outbox_sweep"),
        ("OrderForwardOldest", "no alarm on OldestErrand of order_forward"),
        ("DemoTasks", "no alarm on OpenTasks of demo"),
    ],
)
def test_should_be_red_when_an_alarm_tells_nobody(dev: Assembly, alarm: str, says: str) -> None:
    one(dev, "AWS::CloudWatch::Alarm", alarm).properties["AlarmActions"] = []

    (fault,) = alarms.faults(dev, USE_CASES)

    assert fault.startswith(says)


def test_should_be_red_when_a_new_use_case_has_no_alarm(dev: Assembly) -> None:
    new = dataclasses.replace(use_case("orders"), every_minutes=60)

    (fault,) = alarms.faults(dev, [new if case.name == new.name else case for case in USE_CASES])

    assert fault == "no alarm on ScheduledRuns of orders"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("Metrics", [{"Expression": "m1 / m2"}], "more than one plain metric"),
        ("AlarmDescription", "it broke", "does not end with its page"),
        ("AlarmDescription", "see infra/runbook/gone.md", "there is no page infra/runbook/gone.md"),
        (
            "AlarmDescription",
            "see infra/runbook/throttles.md",
            "infra/runbook/use_cases.md has no section None",
        ),
        (
            "AlarmDescription",
            "see infra/runbook/throttles.md; what stands still: infra/runbook/use_cases.md#gone",
            "infra/runbook/use_cases.md has no section gone",
        ),
        ("TreatMissingData", "breaching", "missing data is a breach for what has to run"),
    ],
)
def test_should_be_red_when_an_alarm_leaves_a_person_without_help(
    dev: Assembly, name: str, value: object, says: str
) -> None:
    one(dev, "AWS::CloudWatch::Alarm", "TasksThrottles").properties[name] = value

    (fault,) = alarms.faults(dev, USE_CASES)

    assert says in fault


def test_should_be_red_when_silence_of_a_schedule_would_not_ring(dev: Assembly) -> None:
    alarm = one(dev, "AWS::CloudWatch::Alarm", "OutboxSweepScheduleSilent")
    alarm.properties["TreatMissingData"] = "notBreaching"

    (fault,) = alarms.faults(dev, USE_CASES)

    assert "missing data is a breach" in fault


def test_should_be_red_when_a_use_case_has_no_section_and_a_section_no_use_case(
    dev: Assembly, tmp_path: Path
) -> None:
    for page in alarms.RUNBOOK.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text().replace("## vehicles", "## planes"))

    found = alarms.faults(dev, USE_CASES, tmp_path)

    assert found[-2:] == [
        "infra/runbook/use_cases.md: no section says what stands still with vehicles",
        "infra/runbook/use_cases.md: there is no use case planes",
    ]
    assert {fault.split(": ")[1] for fault in found[:-2]} == {
        "infra/runbook/use_cases.md has no section vehicles"
    }


def test_should_be_red_when_a_page_belongs_to_no_alarm(dev: Assembly, tmp_path: Path) -> None:
    for page in alarms.RUNBOOK.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text())
    assert alarms.faults(dev, USE_CASES, tmp_path) == []
    (tmp_path / "planted.md").touch()
    (tmp_path / "errors.md").unlink()

    found = alarms.faults(dev, USE_CASES, tmp_path)

    assert found[-1] == "infra/runbook/planted.md: no alarm has this page"
    assert {fault.split(": ")[1] for fault in found[:-1]} == {
        "there is no page infra/runbook/errors.md"
    }
