"""A user as he is shown."""

from __future__ import annotations

from busbar.domain.customers import User
from busbar.errors import Conflict
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.changes import etag
from busbar.usecases.deps import Deps


def stored_user(user_id: str, deps: Deps) -> Stored[User]:
    """The user as he stands now. Raises `Conflict` if he is gone in the same moment."""
    stored = deps.store.get(User, user_id)
    if stored is None:
        raise Conflict("user")
    return stored


def view_user(stored: Stored[User]) -> Json:
    """What the portal sees."""
    user = stored.record
    return {
        "id": user.id,
        "role": user.role.value,
        "name": user.name,
        "email": user.email,
        "company_id": user.company_id,
        "suspended": user.suspended,
        "energised_contact_id": user.energised_uuid,
        "waiting_for": user.waiting_for,
        "etag": etag(stored.version),
        "changed_at": stored.changed_at.isoformat(),
    }
