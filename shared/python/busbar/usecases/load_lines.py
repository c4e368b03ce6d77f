"""Lines of a file in S3, read piece by piece: a piece and a line are all that is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from busbar.domain.erp_loads import LARGEST_LINE, Load
from busbar.ports.files import Files

PIECE = 1024 * 1024


class FileChangedError(Exception):
    """The file is gone, or another one is in its place."""


class Line(NamedTuple):
    """A line without its end; None if it is longer than a line may be. `end` is the first byte
    behind it and its end."""

    text: bytes | None
    end: int


def read_piece(files: Files, load: Load, first: int, length: int) -> bytes:
    """Bytes of a load's file. Raises `FileChangedError`, `Unavailable`."""
    part = files.part(load.key, first, length, load.etag)
    if part is None or not part.content:
        raise FileChangedError
    return part.content


def lines_of(files: Files, load: Load, start: int, end: int) -> Iterator[Line]:
    """The lines between two bytes of a load's file. Raises what `read_piece` does."""
    held, at, too_long = b"", start, False
    while at < end:
        piece = read_piece(files, load, at, min(PIECE, end - at))
        behind = at
        at += len(piece)
        *whole, rest = piece.split(b"\n")
        for text in whole:
            behind += len(text) + 1
            line = held + text
            yield Line(None if too_long or len(line) > LARGEST_LINE else line, behind)
            held, too_long = b"", False
        held += rest
        if len(held) > LARGEST_LINE:
            held, too_long = b"", True
    if held or too_long:
        yield Line(None if too_long else held, end)
