"""S3, as far as the product uses it: presigned forms and links, objects, and the news of them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.exceptions import ClientError

from infra.catalog import USE_CASES

BUCKET = "busbar-files"
HOST = f"https://{BUCKET}.s3.example/"
UPLOADS = "uploads/"
QUEUE = next(case.name for case in USE_CASES if case.queue and case.queue.uploads)
Around = Callable[[str, Callable[[], Any]], Any]
Told = Callable[[str, str], None]


@dataclass(frozen=True)
class Held:
    """An object. `content_type` is what its writer called it."""

    content: bytes
    content_type: str
    at: datetime

    @property
    def etag(self) -> str:
        """As S3 has it of an object that came in one piece: quoted."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    def part(self, wanted: str) -> dict[str, Any]:
        """The answer to a range of bytes, as `bytes=0-99`."""
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        if first >= len(self.content):
            raise _error("InvalidRange", "GetObject")
        part = self.content[first : last + 1]
        told = f"bytes {first}-{first + len(part) - 1}/{len(self.content)}"
        return {"Body": io.BytesIO(part), "ContentRange": told, "ETag": self.etag}


class MemoryS3:
    """A bucket; each call of a worker is an effect that passes `around(name, effect)`.

    `tell(queue, body)` puts the news of an upload on its queue; with `holding` it is kept in
    `held`, for news that are late, lost or in another order. `is_down` refuses every call.
    """

    def __init__(self, now: Callable[[], datetime], around: Around, tell: Told) -> None:
        self._now = now
        self._around = around
        self._tell = tell
        self.objects: dict[str, Held] = {}
        self.holding = False
        self.held: list[str] = []
        self.is_down = False
        self.writes = 0
        """Objects that workers have written."""

    # --- what workers call ---------------------------------------------------------------------

    def generate_presigned_post(
        self,
        Bucket: str,  # noqa: N803  (boto3's name, as below)
        Key: str,  # noqa: N803
        Fields: Mapping[str, str],  # noqa: N803
        Conditions: list[Any],  # noqa: N803
        ExpiresIn: int,  # noqa: N803
    ) -> dict[str, Any]:
        """A form. Signed by nobody: `upload` goes by its policy."""
        assert Bucket == BUCKET
        until = self._now() + timedelta(seconds=ExpiresIn)
        policy = {"expiration": until.isoformat(), "conditions": [*Conditions, {"key": Key}]}
        signed = base64.b64encode(json.dumps(policy).encode()).decode()
        return {"url": HOST, "fields": {**Fields, "key": Key, "policy": signed}}

    def generate_presigned_url(
        self,
        operation: str,
        Params: Mapping[str, str],  # noqa: N803
        ExpiresIn: int,  # noqa: N803
    ) -> str:
        """A link; `follow` goes by what stands in it."""
        assert (operation, Params["Bucket"]) == ("get_object", BUCKET)
        until = self._now() + timedelta(seconds=ExpiresIn)
        said = {"until": until.isoformat(), "as": Params["ResponseContentDisposition"]}
        return f"{HOST}{Params['Key']}?{urlencode(said)}"

    def get_object(self, **call: Any) -> dict[str, Any]:
        """GetObject, at which the worker may die."""
        held: Held | None = self._call("get", lambda: self.objects.get(call["Key"]))
        if held is None:
            raise _error("NoSuchKey", "GetObject")
        if call.get("IfMatch", held.etag) != held.etag:
            raise _error("PreconditionFailed", "GetObject")
        if "Range" in call:
            return held.part(call["Range"])
        return {"Body": io.BytesIO(held.content), "LastModified": held.at}

    def head_object(self, **call: Any) -> dict[str, Any]:
        """HeadObject, at which the worker may die."""
        held: Held | None = self._call("head", lambda: self.objects.get(call["Key"]))
        if held is None:
            raise _error("404", "HeadObject")
        return {"ContentLength": len(held.content), "ETag": held.etag}

    def copy_object(self, **call: Any) -> None:
        """CopyObject, at which the worker may die."""
        source = call["CopySource"]
        assert source["Bucket"] == call["Bucket"] == BUCKET

        def copy() -> None:
            held = self.objects.get(source["Key"])
            if held is None:
                raise _error("NoSuchKey", "CopyObject")
            if call.get("CopySourceIfMatch", held.etag) != held.etag:
                raise _error("PreconditionFailed", "CopyObject")
            self.writes += 1
            self.objects[call["Key"]] = replace(held, at=self._now())

        self._call("copy", copy)

    def put_object(self, **call: Any) -> None:
        """PutObject, at which the worker may die."""

        def put() -> None:
            self.writes += 1
            self.objects[call["Key"]] = Held(call["Body"], call["ContentType"], self._now())

        self._call("put", put)

    def delete_object(self, **call: Any) -> None:
        """DeleteObject, at which the worker may die."""
        self._call("delete", lambda: self.objects.pop(call["Key"], None))

    def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        def answered() -> Any:
            if self.is_down:
                raise _error("ServiceUnavailable", name)
            return effect()

        return self._around(f"s3 {name}", answered)

    # --- what browsers do ----------------------------------------------------------------------

    def upload(self, form: Mapping[str, Any], content: bytes, key: str = "") -> int:
        """Send a file by a form; the status. `key`: what a browser puts in the place of its key."""
        fields = form["fields"]
        policy = json.loads(base64.b64decode(fields["policy"]))
        (ranged, *typed, named) = policy["conditions"]
        assert ranged[0] == "content-length-range"
        if any(fields.get(name) != value for each in typed for name, value in each.items()):
            return 403
        if self._now() >= datetime.fromisoformat(policy["expiration"]):
            return 403
        if (key or fields["key"]) != named["key"]:
            return 403
        if not ranged[1] <= len(content) <= ranged[2]:
            return 400
        self.put_there(named["key"], content)
        return 204

    def put_there(self, key: str, content: bytes) -> None:
        """A file comes to lie there, past all policies, and S3 tells of it."""
        self.objects[key] = Held(content, "binary/octet-stream", self._whole_second())
        if key.startswith(UPLOADS):
            # The object of S3's event, as the rule hands it on.
            told = {"key": key, "size": len(content), "etag": "any", "sequencer": "0062E99A88DC"}
            self._say(json.dumps(told))

    def _say(self, body: str) -> None:
        if self.holding:
            self.held.append(body)
        else:
            self._tell(QUEUE, body)

    def release(self, *numbers: int) -> None:
        """Tell what was held, in this order; by default all as it was."""
        for number in numbers or range(len(self.held)):
            self._tell(QUEUE, self.held[number])

    def _whole_second(self) -> datetime:
        """S3 shows when an object was changed to the second."""
        return self._now().replace(microsecond=0)

    def follow(self, url: str) -> tuple[bytes, str, str]:
        """Open a link: the file, its type, and what a browser does with it."""
        parts = urlsplit(url)
        said = parse_qs(parts.query)
        assert self._now() < datetime.fromisoformat(said["until"][0]), "the link is too old"
        held = self.objects[parts.path.removeprefix("/")]
        return held.content, held.content_type, said["as"][0]

    def below(self, prefix: str) -> list[str]:
        """The keys that begin so."""
        return sorted(key for key in self.objects if key.startswith(prefix))


def _error(code: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"RequestId": "any"}}
    return ClientError(answer, operation)
