"""Shows the audit trail, newest first, and says whether it is as it was written."""

from __future__ import annotations

import re
from dataclasses import asdict

from pydantic import Field

from busbar.domain.audit import AuditEntry
from busbar.domain.authorisation import require
from busbar.domain.customers import Caller
from busbar.ports.runtime import Json
from busbar.process.audit import Mark
from busbar.usecases.deps import Deps
from busbar.usecases.inputs import Input
from busbar.usecases.pages import bad_parameter, check_limit

AT_ONCE = 2000
"""Entries that one request verifies at most."""


class MarkInput(Input):
    """An entry noted down earlier: its place, and its hash."""

    sequence: int = Field(strict=True, ge=1, le=10**12)
    hash: str = Field(pattern="^[0-9a-f]{64}$")


class Verification(Input):
    """From which place on to verify, and what the chain has to hold besides."""

    first: int = Field(default=1, strict=True, ge=1, le=10**12)
    mark: MarkInput | None = None


def list_entries(caller: Caller, deps: Deps, *, limit: int, cursor: str | None) -> Json:
    """The audit trail of the org, newest first. Raises `Problem` 400 or 403."""
    require(caller, "audit_list")
    check_limit(limit)
    if cursor is not None and not re.fullmatch("[0-9]{1,12}", cursor):
        raise bad_parameter("cursor", "is no cursor of this list")
    before = int(cursor) if cursor else None
    entries, following = deps.audit.newest(before, limit)
    return {
        "entries": [_view(entry) for entry in entries],
        "next_cursor": str(following) if following else None,
    }


def verify(caller: Caller, deps: Deps, wanted: Verification) -> Json:
    """Whether the chain is as it was written, from `first` on, up to `AT_ONCE` entries."""
    require(caller, "audit_verify")
    mark = Mark(wanted.mark.sequence, wanted.mark.hash) if wanted.mark else None
    verdict = deps.audit.verify(wanted.first, AT_ONCE, mark)
    return {"intact": verdict.broken_at is None, **asdict(verdict)}


def _view(entry: AuditEntry) -> Json:
    return entry.model_dump(mode="json", exclude={"id"})
