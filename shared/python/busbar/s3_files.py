"""Users' files in a bucket, by botocore's client of S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from busbar.errors import Unavailable
from busbar.ports import FilePart, FileThere, UploadForm
from busbar.settings import MisconfiguredError

CLIENT: Mapping[str, Any] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""How its client is made. Else forms and links would name the global host: that redirects to the
bucket's region for its first day, and no browser follows a redirect of a POST to another origin."""
GONE = "NoSuchKey"
"""What is answered for a key without a file to who may list the bucket; others are told 403."""

OTHER, BEHIND_ITS_END = "PreconditionFailed", "InvalidRange"


class S3Files:
    """Implements `ports.Files`. `client` gives the client when it is first needed."""

    def __init__(self, bucket: str, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def upload_form(self, key: str, largest: int, seconds: int) -> UploadForm:
        """A POST policy: S3 itself refuses another key, no bytes, and too many.

        Raises `MisconfiguredError`, as all of these, if the function was given no bucket.
        """
        made = self._client().generate_presigned_post(
            self._named(), key, Conditions=[["content-length-range", 1, largest]], ExpiresIn=seconds
        )
        return UploadForm(made["url"], made["fields"])

    def read(self, key: str, most: int) -> FileThere | None:
        """GetObject."""
        try:
            answer = self._client().get_object(Bucket=self._named(), Key=key)
            with closing(answer["Body"]) as body:
                return FileThere(body.read(most), answer["LastModified"])
        except ClientError as error:
            if error.response["Error"]["Code"] == GONE:
                return None
            raise _unavailable("get_object", error) from None
        except BotoCoreError as error:
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
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {GONE, OTHER}:
                return None
            if code == BEHIND_ITS_END:
                return FilePart(b"", 0, "")
            raise _unavailable("get_object", error) from None
        except BotoCoreError as error:
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


def _unavailable(operation: str, error: ClientError | BotoCoreError) -> Unavailable:
    """Whatever was refused, be it a right that is missing, may go well later on."""
    if not isinstance(error, ClientError):
        return Unavailable("s3", operation, code=type(error).__name__)
    request_id = error.response["ResponseMetadata"].get("RequestId", "")
    code = error.response["Error"]["Code"]
    return Unavailable("s3", operation, code=code, request_id=request_id)
