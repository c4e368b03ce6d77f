"""The bucket of users' files: what the check holds it to, and who may do what there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from infra.app import make_app
from infra.catalog import USE_CASES
from infra.check.assembly import Assembly, Resource
from infra.check.inventory import buckets as standing_buckets
from infra.check.rules import buckets, rights, stacks, variables
from infra.constructs.files import UserFiles
from infra.environment import Names, environment
from infra.stages import stage_named
from tests.infra.conftest import AssemblyOf

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def dev(assembly: AssemblyOf) -> Assembly:
    return assembly("dev")


def bucket(assembly: Assembly) -> Resource:
    (found,) = assembly.resources("AWS::S3::Bucket")
    return found


def rule(assembly: Assembly) -> Resource:
    (found,) = (
        r
        for r in assembly.resources("AWS::Events::Rule")
        if r.properties["EventPattern"]["source"] == ["aws.s3"]
    )
    return found


def statements(assembly: Assembly, role: str) -> list[dict[str, Any]]:
    """The statements of a function's policy, to be written to."""
    (policy,) = (
        policy
        for r in assembly.resources("AWS::IAM::Role")
        if r.logical_id.startswith(f"{role}Role")
        for policy in r.properties["Policies"]
    )
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


PLANTED: dict[str, tuple[Change, str]] = {
    "public": (lambda has: has.pop("PublicAccessBlockConfiguration"), "may be made public"),
    "half public": (
        lambda has: has["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False),
        "may be made public",
    ),
    "plain": (lambda has: has.pop("BucketEncryption"), "without encryption"),
    "no versions": (lambda has: has.pop("VersioningConfiguration"), "cannot be brought back"),
    "no end": (lambda has: has.pop("LifecycleConfiguration"), "stay for ever"),
    "uploads stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"].pop(0),
        "uploads that nobody judges stay for ever",
    ),
    "events stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"].pop(1),
        "events of ERPs stay longer than 14 days",
    ),
    "their versions stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"][1].pop("NoncurrentVersionExpiration"),
        "events of ERPs stay longer than 14 days",
    ),
    "files of loads stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"].pop(2),
        "files of loads stay longer than 14 days",
    ),
    "uploaded payloads stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"].pop(3),
        "uploaded payloads stay longer than 1 day",
    ),
    "deleted stay": (
        lambda has: has["LifecycleConfiguration"]["Rules"].pop(4),
        "what is deleted stays for ever",
    ),
    "any page": (
        lambda has: has.update(CorsConfiguration={"CorsRules": [{"AllowedOrigins": ["*"]}]}),
        "pages of anybody may call",
    ),
    "silent": (lambda has: has.pop("NotificationConfiguration"), "is not told of uploads"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_should_be_red_when_the_bucket_is(dev: Assembly, planted: str) -> None:
    change, says = PLANTED[planted]
    change(bucket(dev).properties)
    assert any(says in fault for fault in buckets.faults(dev, USE_CASES))


def test_should_be_red_when_it_may_be_read_without_tls(dev: Assembly) -> None:
    (policy,) = dev.resources("AWS::S3::BucketPolicy")
    policy.properties["PolicyDocument"]["Statement"] = []
    assert any("without TLS" in fault for fault in buckets.faults(dev, USE_CASES))


def test_should_be_red_when_news_of_uploads_lead_nowhere(dev: Assembly) -> None:
    rule(dev).properties["Targets"][0]["Arn"] = "any"
    faults = buckets.faults(dev, USE_CASES)
    assert faults == ["wallbox_proof: is not told of uploads"]


def test_should_be_red_when_news_tell_from_where_an_upload_came(dev: Assembly) -> None:
    del rule(dev).properties["Targets"][0]["InputPath"]
    faults = buckets.faults(dev, USE_CASES)
    assert faults == ["wallbox_proof: is told from which address an upload came"]


def test_should_hear_of_uploads_alone(dev: Assembly) -> None:
    detail = rule(dev).properties["EventPattern"]["detail"]
    assert detail["object"] == {"key": [{"prefix": "uploads/"}]}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_should_be_red_when_the_bucket_would_not_share_the_fate_of_the_table(
    assembly: AssemblyOf, stage: str
) -> None:
    found = assembly(stage)
    bucket(found).body["DeletionPolicy"] = "Retain" if stage == "dev" else "Delete"
    assert any("DeletionPolicy" in fault for fault in stacks.faults(found))


# --- what stands after a deploy -----------------------------------------------------------------

STANDS: dict[str, dict[str, Any]] = {
    "get_public_access_block": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
    "get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": ["any"]}},
    "get_bucket_versioning": {"Status": "Enabled"},
    "get_bucket_notification_configuration": {"EventBridgeConfiguration": {}},
    "get_bucket_policy": {"Policy": '{"aws:SecureTransport": "false"}'},
}
MISSING: dict[str, tuple[dict[str, Any], str]] = {
    "get_public_access_block": (
        {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False}},
        "may be made public",
    ),
    "get_bucket_encryption": (
        {"ServerSideEncryptionConfiguration": {"Rules": []}},
        "is not encrypted",
    ),
    "get_bucket_versioning": ({}, "keeps no versions"),
    "get_bucket_notification_configuration": ({}, "tells nobody of its files"),
    "get_bucket_policy": ({"Policy": "{}"}, "without TLS"),
}


def standing(assembly: Assembly, **planted: dict[str, Any]) -> Any:
    """A deploy that answers as it should, but for what is planted."""
    told = {**STANDS, **planted}
    answers = {name: partial(lambda answer, Bucket: answer, told[name]) for name in told}  # noqa: ARG005, N803
    found = [(bucket(assembly), "any")]
    return SimpleNamespace(of=lambda _: found, client=lambda _: SimpleNamespace(**answers))


def test_should_find_nothing_wrong_with_the_bucket_that_was_meant(dev: Assembly) -> None:
    assert list(standing_buckets(standing(dev))) == []


@pytest.mark.parametrize("planted", MISSING)
def test_should_be_red_when_another_bucket_stands_than_in_the_template(
    dev: Assembly, planted: str
) -> None:
    answer, says = MISSING[planted]
    (fault,) = standing_buckets(standing(dev, **{planted: answer}))
    assert says in fault


# --- who may do what ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("MyWallbox", "s3:PutObject"),
        ("MyWallbox", "s3:GetObject"),
        ("WallboxProof", "s3:GetObject"),
        ("WallboxProof", "s3:PutObject"),
        ("WallboxProof", "s3:DeleteObject"),
        ("WallboxProof", "s3:ListBucket"),
        ("ErpEvents", "s3:PutObject"),
        ("ErpApply", "s3:GetObject"),
        ("ErpApply", "s3:ListBucket"),
        ("ErpLoads", "s3:PutObject"),
        ("ErpLoadSlices", "s3:GetObject"),
        ("ErpLoadSlices", "s3:ListBucket"),
    ],
)
def test_should_be_red_when_a_grant_is_missing(dev: Assembly, role: str, action: str) -> None:
    granted = statements(dev, role)
    granted[:] = [s for s in granted if action not in s["Action"]]
    assert any(f"may not {action}" in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_uploads_could_be_shown(dev: Assembly) -> None:
    (uploads,) = (s for s in statements(dev, "MyWallbox") if s["Action"] == "s3:PutObject")
    uploads["Action"] = ["s3:PutObject", "s3:GetObject"]
    (fault,) = rights.faults(dev, USE_CASES)
    assert "my_wallbox: may s3:GetObject on " in fault
    assert fault.endswith("/uploads/*, but does not need to")


@pytest.mark.parametrize("prefix", ["*", "proofs/*/any*", "other/*", "uploads*"])
def test_should_be_red_when_a_grant_is_for_more_than_one_kind_of_file(
    dev: Assembly, prefix: str
) -> None:
    resource = f"arn:aws:s3:::any/{prefix}"
    planted = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": resource}
    statements(dev, "MyWallbox").append(planted)
    assert any("on the wildcard resource" in fault for fault in rights.faults(dev, USE_CASES))


def test_should_be_red_when_a_function_is_told_of_the_bucket_for_nothing(dev: Assembly) -> None:
    function = dev.functions()["orders"]
    function.properties["Environment"]["Variables"]["BUSBAR_FILES"] = "any"
    (fault,) = variables.faults(dev, USE_CASES)
    assert fault.startswith("orders: a use case that handles files")


def test_should_tell_who_judges_of_the_page_for_clerks_and_nobody_else() -> None:
    link = "https://portal.example/{wallbox_id}"
    stage = stage_named("dev")
    orgs = {name: dataclasses.replace(org, proof_link=link) for name, org in stage.orgs.items()}
    stage = dataclasses.replace(stage, orgs=orgs)
    told = [c.name for c in USE_CASES if link in str(environment(c, stage, Names(table="any")))]
    assert told == ["wallbox_proof"]


# --- browsers ----------------------------------------------------------------------------------


def cors(*origins: str) -> Any:
    """The bucket's rules for browsers, in a stage with these origins."""
    stack = Stack(make_app(), "any")
    stage = dataclasses.replace(stage_named("dev"), cors_origins=origins)
    UserFiles(stack, "Files", stage=stage)
    ((_, body),) = Template.from_stack(stack).find_resources("AWS::S3::Bucket").items()
    return body["Properties"].get("CorsConfiguration")


def test_should_let_the_pages_of_the_portal_upload_and_read() -> None:
    (told,) = cors("https://portal.example")["CorsRules"]
    assert told["AllowedOrigins"] == ["https://portal.example"]
    assert told["AllowedMethods"] == ["POST", "GET"]


def test_should_let_no_page_of_any_other_do_so() -> None:
    assert cors() is None
