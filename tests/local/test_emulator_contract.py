"""What we trust the emulator with. Runs at each version bump: a red test is news."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pytest
from botocore.exceptions import ClientError

from busbar.s3_files import S3Files
from infra.local.emulator import PINNED
from infra.local.testing import RunningSystem
from tests.local.driving import eventually, items, key, received
from tests.local.probe_stack import FILES, TABLE

pytestmark = pytest.mark.local
ECHO = "/v1/echo/anna%20b"


def test_should_be_the_version_that_this_suite_has_seen() -> None:
    assert version("ministack") == PINNED


# --- DynamoDB ----------------------------------------------------------------------------------


def test_should_write_all_or_nothing_and_say_which_condition_failed(plain: RunningSystem) -> None:
    table: Any = plain.aws("dynamodb")
    table.put_item(TableName=TABLE, Item=key("taken"))
    puts = [
        {
            "Put": {
                "TableName": TABLE,
                "Item": key(name),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for name in ("free", "taken")
    ]
    with pytest.raises(ClientError) as raised:
        table.transact_write_items(TransactItems=puts)
    reasons = [r["Code"] for r in raised.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert "Item" not in table.get_item(TableName=TABLE, Key=key("free"))


def test_should_find_items_by_a_sparse_index_in_order(plain: RunningSystem) -> None:
    table: Any = plain.aws("dynamodb")
    for sort in ("2", "1", "3"):
        table.put_item(TableName=TABLE, Item={**key("indexed", sort), "by": {"S": "list"}})
    table.put_item(TableName=TABLE, Item=key("indexed", "0"))
    page = table.query(
        TableName=TABLE,
        IndexName="lists",
        KeyConditionExpression="#b = :b AND sk <= :until",
        ExpressionAttributeNames={"#b": "by"},
        ExpressionAttributeValues={":b": {"S": "list"}, ":until": {"S": "2"}},
        ScanIndexForward=False,
    )
    assert [item["sk"]["S"] for item in page["Items"]] == ["2", "1"]


def test_should_have_what_the_templates_say_and_cloudformation_drops(plain: RunningSystem) -> None:
    table: Any = plain.aws("dynamodb")
    ttl = table.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = table.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    answer = plain.http.options(
        plain.api + ECHO,
        headers={"Origin": "https://portal.example", "Access-Control-Request-Method": "GET"},
    )
    assert answer.headers["access-control-allow-origin"] == "https://portal.example"


# --- queues, bus, clock ------------------------------------------------------------------------


def test_should_try_failed_messages_again_and_park_them(plain: RunningSystem) -> None:
    sqs: Any = plain.aws("sqs")
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    for body in ({"id": "good"}, {"id": "bad", "fail": True}):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    (parked,) = eventually(lambda: received(plain, "parked"))
    assert json.loads(parked)["id"] == "bad"
    assert items(plain, "kept#good")
    assert not items(plain, "kept#bad")


def test_should_bring_events_of_the_bus_to_a_queue(plain: RunningSystem) -> None:
    entries = [
        {
            "EventBusName": "probe",
            "Source": "salesforce.local/x",
            "DetailType": kind,
            "Detail": json.dumps({"payload": {"kind": kind}}),
        }
        for kind in ("Other__e", "Assigned__e")
    ]
    assert plain.aws("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    (body,) = eventually(lambda: received(plain, "fired"))
    event = json.loads(body)
    assert (event["detail-type"], event["source"]) == ("Assigned__e", "salesforce.local/x")
    assert event["detail"] == {"payload": {"kind": "Assigned__e"}}


def test_should_fire_a_schedule_within_two_ticks(plain: RunningSystem) -> None:
    at = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    target = plain.aws("sqs").get_queue_url(QueueName="fired")["QueueUrl"].rpartition("/")[2]
    plain.aws("scheduler").create_schedule(
        Name="soon",
        ScheduleExpression=f"at({at})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": f"arn:aws:sqs:eu-central-1:123456789012:{target}",
            "RoleArn": "arn:aws:iam::123456789012:role/any",
            "Input": '{"source": "schedule"}',
        },
    )
    started = time.monotonic()
    assert eventually(lambda: received(plain, "fired")) == ['{"source": "schedule"}']
    assert time.monotonic() - started < 4


# --- files -------------------------------------------------------------------------------------


def form(system: RunningSystem, key: str, seconds: int = 60) -> Any:
    """A form that takes 1 to 10 bytes under this key."""
    s3: Any = system.aws("s3")
    bounds = [["content-length-range", 1, 10]]
    return s3.generate_presigned_post(FILES, key, Conditions=bounds, ExpiresIn=seconds)


def send(system: RunningSystem, form: Any, content: bytes, **fields: str) -> int:
    """Upload as a browser does; the status."""
    sent = {**form["fields"], **fields}
    name = {"file": ("../any name.pdf", content, "text/html")}
    return system.http.post(form["url"], data=sent, files=name).status_code


@pytest.mark.parametrize(("size", "status"), [(0, 400), (1, 204), (10, 204), (11, 400)])
def test_should_hold_a_form_to_its_range(plain: RunningSystem, size: int, status: int) -> None:
    assert send(plain, form(plain, "other/range"), b"x" * size) == status


def test_should_hold_a_form_to_its_key_its_signature_and_its_end(plain: RunningSystem) -> None:
    given = form(plain, "other/key")
    assert send(plain, given, b"any", key="other/another") == 403
    assert send(plain, given, b"any", policy=form(plain, "other/2")["fields"]["policy"]) == 403
    assert send(plain, form(plain, "other/key", seconds=-1), b"any") == 403


def test_should_tell_a_queue_of_uploads_with_their_key_alone(plain: RunningSystem) -> None:
    for name in ("other/told", "uploads/demo/told"):
        assert send(plain, form(plain, name), b"any") == 204
    (body,) = eventually(lambda: received(plain, "uploaded"))
    told = json.loads(body)
    assert (told["key"], told["size"]) == ("uploads/demo/told", 3)
    assert "source-ip-address" not in body


def test_should_copy_a_file_only_while_it_is_what_was_looked_at(plain: RunningSystem) -> None:
    s3: Any = plain.aws("s3")
    files = S3Files(FILES, lambda: s3)
    assert files.look("other/from") is None
    files.keep("other/from", b"any", "image/png")
    seen = files.look("other/from")
    assert seen is not None
    assert seen.size == 3
    assert files.copy("other/from", "other/to", seen.etag)
    files.keep("other/from", b"another", "image/png")
    assert not files.copy("other/from", "other/to", seen.etag)
    assert not files.copy("other/nothing", "other/to")
    there = files.read("other/to", 10)
    assert there is not None
    assert there.content == b"any"


def test_should_follow_a_link_and_know_what_is_gone(plain: RunningSystem) -> None:
    s3: Any = plain.aws("s3")
    s3.put_object(Bucket=FILES, Key="other/link", Body=b"any", ContentType="image/png")
    saved = {"ResponseContentDisposition": 'attachment; filename="a.png"'}
    wanted = {"Bucket": FILES, "Key": "other/link", **saved}
    got = plain.http.get(s3.generate_presigned_url("get_object", wanted, ExpiresIn=60))
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, b"any", "image/png")
    assert got.headers["content-disposition"] == saved["ResponseContentDisposition"]
    s3.delete_object(Bucket=FILES, Key="other/link")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=FILES, Key="other/link")
    s3.delete_object(Bucket=FILES, Key="other/link")
    assert s3.get_bucket_versioning(Bucket=FILES)["Status"] == "Enabled"


def test_should_give_ranges_of_a_file_and_know_another_one(plain: RunningSystem) -> None:
    s3: Any = plain.aws("s3")
    where = {"Bucket": FILES, "Key": "other/ranged"}
    s3.put_object(**where, Body=b"0123456789")
    first = s3.get_object(**where, Range="bytes=0-3")
    assert (first["Body"].read(), first["ContentRange"]) == (b"0123", "bytes 0-3/10")
    same = {"IfMatch": first["ETag"]}
    last = s3.get_object(**where, **same, Range="bytes=8-20")
    assert (last["Body"].read(), last["ContentRange"]) == (b"89", "bytes 8-9/10")
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(**where, Range="bytes=10-11")
    s3.put_object(**where, Body=b"another")
    with pytest.raises(ClientError, match=r"PreconditionFailed|412"):
        s3.get_object(**where, **same, Range="bytes=0-3")


# --- rights ------------------------------------------------------------------------------------


def test_should_enforce_the_roles_of_functions(auth: RunningSystem) -> None:
    event = json.dumps({"put": key("written")})
    allowed = auth.aws("lambda").invoke(FunctionName="echo", Payload=event)
    denied = auth.aws("lambda").invoke(FunctionName="denied", Payload=event)
    assert "FunctionError" not in allowed
    error = json.loads(denied["Payload"].read())
    assert "dynamodb:PutItem" in error["errorMessage"]
    assert "AccessDenied" in error["errorMessage"]


def test_should_serve_the_api_while_roles_are_enforced(auth: RunningSystem) -> None:
    assert auth.call("GET", ECHO, "driver").status_code == 200
    assert auth.call("GET", ECHO).status_code == 401
