"""The port `Files` over the client of S3: what is signed, what counts as gone."""

from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from busbar.errors import MisconfiguredError, Unavailable
from busbar.ports.files import FileLook, FilePart, FileThere
from busbar.s3_files import CLIENT, S3Files

BUCKET, KEY = "any-bucket", "uploads/demo/F6100BA4YESFB/VP10AD0000001"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def client(region: str = "eu-central-1", **options: Any) -> Any:
    return botocore.session.get_session().create_client(
        "s3",
        region_name=region,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        aws_session_token="any-session",
        config=Config(**CLIENT),
        **options,
    )


def files_of(given: Any) -> S3Files:
    return S3Files(BUCKET, lambda: given)


# --- what is signed ----------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_should_name_the_buckets_own_region_in_forms_and_links(region: str) -> None:
    files, host = files_of(client(region)), f"{BUCKET}.s3.{region}.amazonaws.com"
    assert files.upload_form(KEY, 10, 60).url == f"https://{host}/"
    assert urlsplit(files.link(KEY, "a.pdf", 60)).netloc == host


def test_should_sign_one_key_one_range_and_an_end() -> None:
    form = files_of(client()).upload_form(KEY, 1000, 60)
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert form.fields["key"] == KEY
    assert {"key": KEY} in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    ends = datetime.fromisoformat(policy["expiration"])
    assert 0 < (ends - datetime.now(UTC)).total_seconds() <= 60
    signed = {name for rule in policy["conditions"] if isinstance(rule, dict) for name in rule}
    assert signed >= set(form.fields) - {"policy", "x-amz-signature"}


def test_should_sign_the_type_of_a_file_where_one_is_wished() -> None:
    form = files_of(client()).upload_form(KEY, 1000, 60, "application/json")
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert form.fields["Content-Type"] == "application/json"
    assert {"Content-Type": "application/json"} in policy["conditions"]
    assert ["content-length-range", 1, 1000] in policy["conditions"]


def test_should_have_a_link_saved_and_not_shown() -> None:
    query = parse_qs(urlsplit(files_of(client()).link(KEY, "nachweis.pdf", 300)).query)
    assert query["response-content-disposition"] == ['attachment; filename="nachweis.pdf"']
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_should_go_by_path_where_the_endpoint_is_an_address() -> None:
    local = files_of(client(endpoint_url="http://127.0.0.1:4566"))
    assert local.upload_form(KEY, 10, 60).url == f"http://127.0.0.1:4566/{BUCKET}"


# --- what is called ----------------------------------------------------------------------------


def answered(stub: Stubber, content: bytes) -> None:
    body = StreamingBody(io.BytesIO(content), len(content))
    answer = {"Body": body, "LastModified": AT, "ContentLength": len(content)}
    stub.add_response("get_object", answer, {"Bucket": BUCKET, "Key": KEY})


@pytest.mark.parametrize(("most", "read"), [(3, b"any"), (4, b"any "), (100, b"any content")])
def test_should_read_a_file_up_to_a_limit(most: int, read: bytes) -> None:
    with Stubber(client()) as stub:
        answered(stub, b"any content")
        assert files_of(stub.client).read(KEY, most) == FileThere(read, AT)


def test_should_find_nothing_where_there_is_none() -> None:
    with Stubber(client()) as stub:
        stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
        assert files_of(stub.client).read(KEY, 1) is None


def test_should_look_at_a_file_without_reading_it() -> None:
    with Stubber(client()) as stub:
        answer = {"ContentLength": 7, "ETag": '"any"'}
        stub.add_response("head_object", answer, {"Bucket": BUCKET, "Key": KEY})
        stub.add_client_error("head_object", "404", http_status_code=404)
        files = files_of(stub.client)
        assert files.look(KEY) == FileLook(7, '"any"')
        assert files.look(KEY) is None


@pytest.mark.parametrize(
    ("code", "copied"), [(None, True), ("NoSuchKey", False), ("PreconditionFailed", False)]
)
@pytest.mark.parametrize("mark", ["", '"any"'])
def test_should_copy_a_file_that_is_as_it_was(code: str | None, copied: bool, mark: str) -> None:
    sent = {"Bucket": BUCKET, "Key": "to", "CopySource": {"Bucket": BUCKET, "Key": KEY}}
    if mark:
        sent["CopySourceIfMatch"] = mark
    with Stubber(client()) as stub:
        if code:
            stub.add_client_error("copy_object", code, expected_params=sent)
        else:
            stub.add_response("copy_object", {}, sent)
        assert files_of(stub.client).copy(KEY, "to", mark) is copied


def test_should_write_a_file_under_the_type_that_it_was_judged_to_be() -> None:
    sent = {"Bucket": BUCKET, "Key": KEY, "Body": b"any", "ContentType": "image/png"}
    with Stubber(client()) as stub:
        stub.add_response("put_object", {}, sent)
        files_of(stub.client).keep(KEY, b"any", "image/png")


def test_should_delete_a_file() -> None:
    with Stubber(client()) as stub:
        stub.add_response("delete_object", {}, {"Bucket": BUCKET, "Key": KEY})
        files_of(stub.client).drop(KEY)


CALLS = {
    "get_object": lambda files: files.read(KEY, 1),
    "put_object": lambda files: files.keep(KEY, b"any", "image/png"),
    "delete_object": lambda files: files.drop(KEY),
    "head_object": lambda files: files.look(KEY),
    "copy_object": lambda files: files.copy(KEY, "to", "any"),
}


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError", "NoSuchBucket"])
@pytest.mark.parametrize("operation", CALLS)
def test_should_take_whatever_else_is_refused_for_something_that_passes(
    operation: str, code: str
) -> None:
    with Stubber(client()) as stub:
        stub.add_client_error(operation, code)
        with pytest.raises(Unavailable) as raised:
            CALLS[operation](files_of(stub.client))
    assert (raised.value.system, raised.value.operation, raised.value.code) == (
        "s3",
        operation,
        code,
    )


@pytest.mark.parametrize("operation", CALLS)
def test_should_be_unavailable_where_s3_is_not_reached(operation: str) -> None:
    class Unreached:
        def __getattr__(self, _name: str) -> Any:
            def call(**_parameters: Any) -> None:
                raise EndpointConnectionError(endpoint_url="https://any.example")

            return call

    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        CALLS[operation](files_of(Unreached()))


@pytest.mark.parametrize(
    "call",
    [
        *CALLS.values(),
        lambda files: files.upload_form(KEY, 1, 1),
        lambda files: files.link(KEY, "any", 1),
    ],
)
def test_should_name_the_variable_that_is_missing(call: Any) -> None:
    with pytest.raises(MisconfiguredError, match="BUSBAR_FILES"):
        call(S3Files("", client))


# --- parts -------------------------------------------------------------------------------------

RANGED = {"Bucket": BUCKET, "Key": KEY, "Range": "bytes=4-7"}


def parted(code: str = "", status: int = 400, **more: Any) -> Any:
    """A client that answers a range so."""
    given = client()
    with_stub = Stubber(given)
    if code:
        with_stub.add_client_error(
            "get_object", code, "", status, expected_params={**RANGED, **more}
        )
    else:
        body = StreamingBody(io.BytesIO(b"4567"), 4)
        answer = {"Body": body, "ContentRange": "bytes 4-7/10", "ETag": '"any"'}
        with_stub.add_response("get_object", answer, {**RANGED, **more})
    with_stub.activate()
    return given


def test_should_read_a_part_of_a_file_on_condition_that_it_is_the_same() -> None:
    wanted = FilePart(b"4567", 10, '"any"')
    assert files_of(parted()).part(KEY, 4, 4) == wanted
    assert files_of(parted(IfMatch='"any"')).part(KEY, 4, 4, '"any"') == wanted


@pytest.mark.parametrize("code", ["NoSuchKey", "PreconditionFailed"])
def test_should_know_no_part_of_a_file_that_is_gone_or_another(code: str) -> None:
    assert files_of(parted(code)).part(KEY, 4, 4) is None


def test_should_give_nothing_behind_the_end_of_a_file() -> None:
    assert files_of(parted("InvalidRange", 416)).part(KEY, 4, 4) == FilePart(b"", 0, "")


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "InternalError"])
def test_should_try_a_part_again_later_whatever_else_is_wrong(code: str) -> None:
    with pytest.raises(Unavailable):
        files_of(parted(code)).part(KEY, 4, 4)
