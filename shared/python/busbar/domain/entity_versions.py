"""What a write adds to an entity: its version, its times, its history, how far it is synced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from busbar.domain.entities import Entity, Operation, Synced, Version, content_hash
from busbar.domain.marks import Mark

MOST_VERSIONS = 20
"""Changes of which the history is kept, if there is room."""
SYNCED_EVERY = 3_600_000_000
"""In µs: so long a repeat writes nothing, not even how far its integration has come."""


def sealed(before: Entity, after: Entity, mark: Mark, now: int) -> Entity | None:
    """`after` as it is to be written over `before`; None if there is nothing to write.

    `now` in µs since 1970. A write that changes nothing that readers see leaves the time of the
    last change and the history alone.
    """
    if after.says_the_same(before):
        return None
    hashed = content_hash(after)
    changed = hashed != before.content_hash and (_is_there(before) or _is_there(after))
    operation = _operation(before, after, changed=changed)
    version = before.version + 1
    return replace(
        after,
        version=version,
        content_hash=hashed,
        created_at=before.created_at if _is_there(before) else now,
        changed_at=now if changed else before.changed_at,
        last=max(mark, before.last) if before.last else mark,
        history=_history(before, after, Version(version, mark, now, operation, {}))
        if changed
        else after.history,
        sync={**before.sync, mark.integration_id: _synced(before, mark, now, operation)},
    )


def resynced(entity: Entity, mark: Mark, now: int) -> Entity | None:
    """What a repeat of all that is known leaves behind: the time at which it was seen.

    None, as nearly always, if its integration has been seen within the hour.
    """
    known = entity.sync.get(mark.integration_id)
    if known is not None and now - known.synced_at < SYNCED_EVERY:
        return None
    synced = {**entity.sync, mark.integration_id: _synced(entity, mark, now, "no-op")}
    return replace(entity, version=entity.version + 1, sync=synced)


def _operation(before: Entity, after: Entity, *, changed: bool) -> Operation:
    if not changed:
        return "no-op"
    if not after.live and (before.live or not _is_there(after)):
        return "delete"
    return "patch" if _is_there(before) else "create"


def _is_there(entity: Entity) -> bool:
    """Whether there is something of it, be it in the bin."""
    return entity.live or entity.in_bin


def _synced(before: Entity, mark: Mark, now: int, operation: Operation) -> Synced:
    known = before.sync.get(mark.integration_id)
    changed_at = known.changed_at if known else None
    return Synced(
        mark.use_case, now, changed_at if operation == "no-op" else now, operation, mark.event_id
    )


def _history(before: Entity, after: Entity, entry: Version) -> tuple[Version, ...]:
    """A purged entity has none: it would hold what was to be forgotten."""
    if after.purged != before.purged:
        return ()
    old, new = before.attributes, after.attributes
    names = [n for n in old.keys() | new.keys() if n not in old or n not in new or old[n] != new[n]]
    was = {n: [old[n]] if n in old else [] for n in sorted(names)}
    return (entry._replace(before=was), *after.history)[:MOST_VERSIONS]


def at_version(entity: Entity, version: int) -> Mapping[str, Any] | None:
    """The attributes as they were at a version; None if the history does not reach back so far."""
    attributes = dict(entity.attributes)
    if version == entity.version:
        return attributes
    for entry in entity.history:
        if entry.version <= version:
            return attributes if version <= entity.version else None
        for name, was in entry.before.items():
            if was:
                attributes[name] = was[0]
            else:
                attributes.pop(name, None)
        if entry.version - 1 == version and entry.operation != "create":
            return attributes
    return None
