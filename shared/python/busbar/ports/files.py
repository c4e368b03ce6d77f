"""Files of users and of ERPs, in S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class UploadForm:
    """How a browser sends a file: POST `fields` to `url` as `multipart/form-data`, `file` last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class FileThere:
    """A file as it came: its bytes, and when it was all there."""

    content: bytes
    uploaded_at: datetime


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file; `size` is that of all of it, `etag` tells it from another of its name."""

    content: bytes
    size: int
    etag: str


@dataclass(frozen=True)
class FileLook:
    """A file that was not read: how many bytes it has; `etag` is another once they are others."""

    size: int
    etag: str


class Files(Protocol):
    """Files of users, by keys that we make. All but the forms and links raise `Unavailable`."""

    def upload_form(
        self, key: str, largest: int, seconds: int, content_type: str = ""
    ) -> UploadForm:
        """A form that takes a file of 1 to `largest` bytes under this key, for so long; with
        `content_type` one that is called so, and no other."""
        ...

    def look(self, key: str) -> FileLook | None:
        """What a file is like; None if there is none."""
        ...

    def copy(self, key: str, to: str, etag: str = "") -> bool:
        """Copy a file as a whole. False if it is gone, or, with an `etag`, another one."""
        ...

    def read(self, key: str, most: int) -> FileThere | None:
        """A file, cut after `most` bytes; None if there is none."""
        ...

    def part(self, key: str, first: int, length: int, etag: str = "") -> FilePart | None:
        """Up to `length` bytes of a file from `first` on; None if there is none, or, with an
        `etag`, another one. Of an empty file nothing is known but that."""
        ...

    def keep(self, key: str, content: bytes, content_type: str) -> None:
        """Write a file. The same again is the same file."""
        ...

    def drop(self, key: str) -> None:
        """Delete a file; nothing happens if it is gone."""
        ...

    def link(self, key: str, name: str, seconds: int) -> str:
        """An address that saves the file as `name`, for so long. It shows it in no page."""
        ...
