"""Deploys stacks to the emulator: what the CDK CLI does, in milliseconds and without node.

The real CLI deploys the same assembly in the deploy check. Here the code of functions and layers
is a stub, as handlers run from the source tree.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.local.assembly import Stack
from infra.local.clients import LocalClients
from infra.local.options import ACCOUNT, REGION, CannotStart, Ports
from infra.local.times import Times

ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
"""The bucket of a bootstrapped account, which templates refer to."""
INLINE_LIMIT = 51_200
LEFT_OUT = frozenset(
    {
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Events::ApiDestination",
        "AWS::Events::Archive",
        "AWS::Events::Connection",
        "AWS::WAFv2::WebACLAssociation",
    }
)
"""Types that the emulator's CloudFormation refuses. None of them carries the product's flow."""
_POLICIES = frozenset({"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"})
_ENDED_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_UNDER_WAY = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"})


def adapted(template: str, ports: Ports, times: Times | None = None) -> tuple[str, list[str]]:
    """The template as the emulator takes it, and the logical ids that were left out."""
    body: dict[str, Any] = json.loads(ports.in_text(template))
    body.pop("Rules", None)
    body.get("Parameters", {}).pop("BootstrapVersion", None)
    for resource in body["Resources"].values():
        _allow_plain_http(resource)
        if times:
            times.put_into(resource)
    left_out = sorted(k for k, r in body["Resources"].items() if _refused(r))
    for logical_id in left_out:
        del body["Resources"][logical_id]
    for resource in body["Resources"].values():
        _forget_dependencies(resource, left_out)
    return json.dumps(body), left_out


def _allow_plain_http(resource: dict[str, Any]) -> None:
    """Drop `deny without TLS`: the emulator speaks http on loopback, and AUTH=1 enforces it."""
    policy = resource.get("Properties", {}).get("PolicyDocument", {})
    if resource["Type"] in _POLICIES:
        policy["Statement"] = [s for s in policy["Statement"] if not _denies_http(s)]


def _denies_http(statement: Mapping[str, Any]) -> bool:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return statement["Effect"] == "Deny" and statement.get("Condition") == condition


def _refused(resource: Mapping[str, Any]) -> bool:
    metric_math = "Metrics" in resource.get("Properties", {})
    return resource["Type"] in LEFT_OUT or (
        resource["Type"] == "AWS::CloudWatch::Alarm" and metric_math
    )


def _forget_dependencies(resource: dict[str, Any], gone: list[str]) -> None:
    before = resource.get("DependsOn")
    if before:
        named = [before] if isinstance(before, str) else before
        resource["DependsOn"] = [name for name in named if name not in gone]


class Deployer:
    """Brings stacks to the state of their templates."""

    def __init__(self, aws: LocalClients, ports: Ports, times: Times | None = None) -> None:
        self._aws = aws
        self._ports = ports
        self._times = times

    def deploy(self, stack: Stack) -> list[str]:
        """Create or update one stack. Returns what was left out. Raises `CannotStart`."""
        template, left_out = adapted(stack.template, self._ports, self._times)
        if self._deployed(stack.name) == json.loads(template):
            return left_out
        self._upload_stubs(stack)
        arguments: dict[str, Any] = {
            "StackName": stack.name,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            **self._template(stack.name, template),
        }
        cloudformation = self._aws("cloudformation")
        if self._status(stack.name) is None:
            cloudformation.create_stack(**arguments)
        else:
            cloudformation.update_stack(**arguments)
        self._wait(stack.name)
        return left_out

    def _upload_stubs(self, stack: Stack) -> None:
        if stack.assets:
            self._make_bucket(ASSETS)
        for key in stack.assets:
            self._aws("s3").put_object(Bucket=ASSETS, Key=key, Body=_STUB)

    def _make_bucket(self, name: str) -> None:
        files = self._aws("s3")
        if name not in {b["Name"] for b in files.list_buckets()["Buckets"]}:
            files.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
            )

    def _template(self, name: str, template: str) -> dict[str, str]:
        if len(template.encode()) <= INLINE_LIMIT:
            return {"TemplateBody": template}
        bucket, key = f"busbar-local-templates-{ACCOUNT}", f"{name}.json"
        self._make_bucket(bucket)
        self._aws("s3").put_object(Bucket=bucket, Key=key, Body=template.encode())
        return {"TemplateURL": f"{self._aws.endpoint}/{bucket}/{key}"}

    def _status(self, name: str) -> str | None:
        try:
            stacks = self._aws("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError:
            return None
        return str(stacks[0]["StackStatus"])

    def _deployed(self, name: str) -> Any:
        try:
            body = self._aws("cloudformation").get_template(StackName=name)["TemplateBody"]
        except ClientError:
            return None
        return json.loads(body) if isinstance(body, str) else body

    def _wait(self, name: str, within: float = 60.0) -> None:
        until = time.monotonic() + within
        while (status := self._status(name)) in _UNDER_WAY and time.monotonic() < until:
            time.sleep(0.02)
        if status not in _ENDED_WELL:
            events = self._aws("cloudformation").describe_stack_events(StackName=name)
            reasons = [
                f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}"
                for e in events["StackEvents"]
                if "FAILED" in e["ResourceStatus"] and e.get("ResourceStatusReason")
            ]
            raise CannotStart(f"Stack {name} ended as {status}. {'; '.join(reasons)}")


def _stub() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("README", "Handlers run from the source tree.")
    return archive.getvalue()


_STUB = _stub()
