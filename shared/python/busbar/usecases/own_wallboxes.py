"""Which wallbox a driver means: the one that he names, or the only one that he has."""

from __future__ import annotations

from busbar.domain.customers import Caller
from busbar.domain.wallboxes import Wallbox
from busbar.errors import FieldError, Problem
from busbar.ports.store import Stored
from busbar.usecases.deps import Deps
from busbar.usecases.wallbox_submission import refused

MOST = 100
"""Wallboxes of one user that are looked at."""


def own_wallboxes(caller: Caller, deps: Deps) -> list[Stored[Wallbox]]:
    """The caller's wallboxes, newest change first. A change shows after a moment."""
    page = deps.store.listed(Wallbox, f"user#{caller.user.id}", limit=MOST)
    # The index may lag behind: the record itself decides.
    return [stored for stored in page.items if stored.record.user_id == caller.user.id]


def own_wallbox(caller: Caller, wallbox_id: str | None, deps: Deps) -> Stored[Wallbox]:
    """The caller's wallbox of this id, or his only one. Raises `Problem` 404, 422."""
    if wallbox_id is None:
        own = own_wallboxes(caller, deps)
        if len(own) > 1:
            message = "has to be given, as you have several wallboxes"
            raise refused([FieldError("wallbox_id", message)])
        wallbox_id = own[0].record.id if own else ""
    stored = deps.store.get(Wallbox, wallbox_id) if wallbox_id else None
    if stored is None or stored.record.user_id != caller.user.id:
        raise no_wallbox()
    return stored


def no_wallbox() -> Problem:
    """The answer where there is no wallbox within the caller's reach."""
    return Problem(404, "wallbox-not-found", "No such wallbox")
