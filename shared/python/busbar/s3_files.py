"""Users' files in a bucket, by botocore's client of S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from busbar.errors import MisconfiguredError, Unavailable
from busbar.ports.files import FileLook, FilePart, FileThere, UploadForm

CLIENT: Mapping[str, Any] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""How its client is made. Else forms and links would name the global host: that redirects to the
bucket's region for its first day, and no browser follows a redirect of a POST to another origin."""
GONE = "NoSuchKey"
"""What is answered for a key without a file to who may list the bucket; others are told 403."""
GONE_BY_HEAD, CHANGED = "404", "PreconditionFailed"
"""The same of a HEAD, which has no body to say it; and for a file that is another by now."""
BEHIND_ITS_END = "InvalidRange"
"""And for a range that begins where the file has ended."""


class S3Files:
    """Implements `ports.Files`. `client` gives the client when it is first needed."""

    def __init__(self, bucket: str, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def upload_form(
        self, key: str, largest: int, seconds: int, content_type: str = ""
    ) -> UploadForm:
        """A POST policy: S3 itself refuses another key or type, no bytes, and too many.

        Raises `MisconfiguredError`, as all of these, if the function was given no bucket.
        """
        typed = {"Content-Type": content_type} if content_type else {}
        made = self._client().generate_presigned_post(
            self._named(),
            key,
            Fields=dict(typed),
            Conditions=[["content-length-range", 1, largest], *([typed] if typed else [])],
            ExpiresIn=seconds,
        )
        return UploadForm(made["url"], made["fields"])

    def look(self, key: str) -> FileLook | None:
        """HeadObject."""
        try:
            answer = self._client().head_object(Bucket=self._named(), Key=key)
        except (ClientError, BotoCoreError) as error:
            if _code(error) == GONE_BY_HEAD:
                return None
            raise _unavailable("head_object", error) from None
        return FileLook(answer["ContentLength"], answer["ETag"])

    def copy(self, key: str, to: str, etag: str = "") -> bool:
        """CopyObject: the bytes never leave S3."""
        bucket = self._named()
        condition = {"CopySourceIfMatch": etag} if etag else {}
        source = {"Bucket": bucket, "Key": key}
        try:
            self._client().copy_object(Bucket=bucket, Key=to, CopySource=source, **condition)
        except (ClientError, BotoCoreError) as error:
            if _code(error) in {GONE, CHANGED}:
                return False
            raise _unavailable("copy_object", error) from None
        return True

    def read(self, key: str, most: int) -> FileThere | None:
        """GetObject."""
        try:
            answer = self._client().get_object(Bucket=self._named(), Key=key)
            with closing(answer["Body"]) as body:
                return FileThere(body.read(most), answer["LastModified"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) == GONE:
                return None
            raise _unavailable("get_object", error) from None

    def part(self, key: str, first: int, length: int, etag: str = "") -> FilePart | None:
        """GetObject of a range, on condition that it is the same object."""
        wanted = {"Range": f"bytes={first}-{first + length - 1}"}
        if etag:
            wanted["IfMatch"] = etag
        try:
            answer = self._client().get_object(Bucket=self._named(), Key=key, **wanted)
            with closing(answer["Body"]) as body:
                size = int(answer["ContentRange"].rpartition("/")[2])
                return FilePart(body.read(), size, answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) in {GONE, CHANGED}:
                return None
            if _code(error) == BEHIND_ITS_END:
                return FilePart(b"", 0, "")
            raise _unavailable("get_object", error) from None

    def keep(self, key: str, content: bytes, content_type: str) -> None:
        """PutObject. The bucket encrypts."""
        self._call("put_object", Key=key, Body=content, ContentType=content_type)

    def drop(self, key: str) -> None:
        """DeleteObject, which minds no key without a file."""
        self._call("delete_object", Key=key)

    def link(self, key: str, name: str, seconds: int) -> str:
        """A presigned GET. A browser saves what it answers, and does not show it."""
        wanted = {
            "Bucket": self._named(),
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        }
        url: str = self._client().generate_presigned_url("get_object", wanted, ExpiresIn=seconds)
        return url

    def _named(self) -> str:
        if not self._bucket:
            raise MisconfiguredError("BUSBAR_FILES is not set")
        return self._bucket

    def _call(self, operation: str, **parameters: Any) -> None:
        try:
            getattr(self._client(), operation)(Bucket=self._named(), **parameters)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(operation, error) from None


def _code(error: ClientError | BotoCoreError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _unavailable(operation: str, error: ClientError | BotoCoreError) -> Unavailable:
    """Whatever was refused, be it a right that is missing, may go well later on."""
    if not isinstance(error, ClientError):
        return Unavailable("s3", operation, code=type(error).__name__)
    request_id = error.response["ResponseMetadata"].get("RequestId", "")
    code = error.response["Error"]["Code"]
    return Unavailable("s3", operation, code=code, request_id=request_id)
