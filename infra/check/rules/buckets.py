"""Buckets: nobody's but ours, encrypted, over TLS, and heard of; nothing in them stays for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from busbar.domain.erp_events import (
    RECEIVED,
    RECEIVED_KEPT_DAYS,
    UPLOADED,
    UPLOADED_KEPT_DAYS,
)
from busbar.domain.erp_loads import LOADS, LOADS_KEPT_DAYS
from busbar.domain.wallbox_proofs import UPLOADS
from infra.catalog import UseCase
from infra.check.assembly import Assembly, Json, Resource

BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _faults(assembly: Assembly, bucket: Resource) -> Iterator[str]:
    has = bucket.properties
    public = has.get("PublicAccessBlockConfiguration", {})
    if not all(public.get(name) is True for name in BLOCKED):
        yield f"{bucket}: a bucket that may be made public"
    if "BucketEncryption" not in has:
        yield f"{bucket}: bucket without encryption"
    if has.get("VersioningConfiguration", {}).get("Status") != "Enabled":
        yield f"{bucket}: bucket whose files cannot be brought back"
    if not _denies_http(assembly, bucket):
        yield f"{bucket}: bucket that may be read without TLS"
    if "*" in _origins(has):
        yield f"{bucket}: bucket that pages of anybody may call"
    yield from _kept_faults(bucket)


def _kept_faults(bucket: Resource) -> Iterator[str]:
    rules = bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
    if not any(r.get("Prefix") == UPLOADS and "ExpirationInDays" in r for r in rules):
        yield f"{bucket}: uploads that nobody judges stay for ever"
    if not any("NoncurrentVersionExpiration" in r and "Prefix" not in r for r in rules):
        yield f"{bucket}: what is deleted stays for ever"
    for what, prefix, days in (
        ("events of ERPs", RECEIVED, RECEIVED_KEPT_DAYS),
        ("uploaded payloads", UPLOADED, UPLOADED_KEPT_DAYS),
        ("files of loads", LOADS, LOADS_KEPT_DAYS),
    ):
        if not any(_forgets(rule, prefix, days) for rule in rules):
            yield f"{bucket}: {what} stay longer than {days} days"


def _forgets(rule: Json, prefix: str, after: int) -> bool:
    """They hold personal data: they and their versions go."""
    days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0)
    return rule.get("Prefix") == prefix and rule.get("ExpirationInDays") == after and 1 <= days <= 7


def _origins(has: Json) -> set[str]:
    rules = has.get("CorsConfiguration", {}).get("CorsRules", [])
    return {origin for rule in rules for origin in rule.get("AllowedOrigins", [])}


def _denies_http(assembly: Assembly, bucket: Resource) -> bool:
    wanted = {"Bool": {"aws:SecureTransport": "false"}}
    return any(
        statement["Effect"] == "Deny" and statement.get("Condition") == wanted
        for policy in assembly.resources("AWS::S3::BucketPolicy")
        if assembly.text(policy.stack, policy.properties["Bucket"]) == f"${{{bucket}}}"
        for statement in policy.properties["PolicyDocument"]["Statement"]
    )


def _queue_of(assembly: Assembly, use_case: str) -> str:
    function = f"${{{assembly.functions()[use_case]}}}"
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping"):
        if assembly.text(mapping.stack, mapping.properties["FunctionName"]) == function:
            return assembly.text(mapping.stack, mapping.properties["EventSourceArn"])
    return ""


def _told(assembly: Assembly, queue: str) -> Iterator[tuple[str, str]]:
    """(bucket, what of the event goes on) of each rule that leads news of uploads to the queue."""
    for rule in assembly.resources("AWS::Events::Rule"):
        pattern = rule.properties["EventPattern"]
        if pattern.get("source") != ["aws.s3"] or "Object Created" not in pattern["detail-type"]:
            continue
        for target in rule.properties["Targets"]:
            if assembly.text(rule.stack, target["Arn"]) == queue:
                for name in pattern["detail"]["bucket"]["name"]:
                    yield assembly.text(rule.stack, name), target.get("InputPath", "$")


def _unheard(assembly: Assembly, use_cases: Sequence[UseCase]) -> Iterator[str]:
    speaks = {
        f"${{{bucket}}}" for bucket in assembly.resources("AWS::S3::Bucket") if _speaks(bucket)
    }
    for case in use_cases:
        if case.queue and case.queue.uploads and case.name in assembly.functions():
            told = dict(_told(assembly, _queue_of(assembly, case.name)))
            if not speaks & set(told):
                yield f"{case.name}: is not told of uploads"
            if set(told.values()) - {"$.detail.object"}:
                yield f"{case.name}: is told from which address an upload came"


def _speaks(bucket: Resource) -> bool:
    notification = bucket.properties.get("NotificationConfiguration", {})
    return bool(notification.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled"))


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Buckets that show, lose or keep too much, and uploads that nobody would hear of."""
    buckets = assembly.resources("AWS::S3::Bucket")
    return [
        *(fault for bucket in buckets for fault in _faults(assembly, bucket)),
        *_unheard(assembly, use_cases),
    ]
