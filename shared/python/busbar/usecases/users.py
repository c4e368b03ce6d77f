"""Users: who may do what for whom. Show, list, change, suspend, remove (`user_invitation` invites).

A user is known by the `sub` of his token, which the identity provider gives; passwords never pass
through us. A driver follows into be.ENERGISED by `contact_forward`. Removing or suspending ends
access with the next request, and takes his cards from him.
"""

from __future__ import annotations

import re

from pydantic import Field

from busbar.domain.authorisation import reaches, require
from busbar.domain.customers import STAFF_LIST, SUB_PATTERN, Caller, Role, User
from busbar.errors import Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored, Unbind
from busbar.usecases.changes import bindings, check_seen, entry
from busbar.usecases.contact_states import LEAVING, contact_errand
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.inputs import ContactId, Email, Input, Line
from busbar.usecases.orders import scope
from busbar.usecases.pages import read_page
from busbar.usecases.user_invitation import check_company, check_role, contact_ids, with_contact
from busbar.usecases.user_view import stored_user, view_user


class UserChange(Input):
    """What may change; a field that is not sent stays."""

    role: Role = Role.DRIVER
    name: Line = Field(default="", min_length=1, max_length=80)
    email: Email = ""
    suspended: bool = Field(default=False, strict=True)
    energised_contact_id: ContactId | None = None


def list_users(
    caller: Caller, deps: Deps, *, company_id: str | None, limit: int, cursor: str | None
) -> Json:
    """A company's users, newest change first; without a company, for staff: who has none."""
    require(caller, "users_list")
    by = STAFF_LIST
    if company_id or caller.user.company_id:
        by = f"company#{scope(caller, 'users_list', company_id, deps)}"
    elif caller.user.role is Role.FLEET_MANAGER:
        raise Problem(403, "no-company", "No company", "Your user belongs to no company.")
    page = read_page(deps, User, by, limit, cursor)
    return {"users": [view_user(stored) for stored in page.items], "next_cursor": page.cursor}


def show_user(caller: Caller, deps: Deps, user_id: str) -> Json:
    """One user. Raises a 404 `Problem` if there is none within reach."""
    return view_user(_within_reach(caller, "users_show", user_id, deps))


def change_user(
    caller: Caller, deps: Deps, user_id: str, change: UserChange, seen: int | None
) -> Json:
    """Change what was sent; `suspended` ends access or gives it back, but not the cards.

    Raises `Problem` 403, 404, 409, 412, 422.
    """
    until_written(lambda: _change(caller, deps, user_id, change, seen), deps.clock)
    return view_user(stored_user(user_id, deps))


def _change(caller: Caller, deps: Deps, user_id: str, change: UserChange, seen: int | None) -> None:
    stored = _own_to_change(caller, "users_change", user_id, seen, deps)
    before, fields = stored.record, change.model_dump(include=change.model_fields_set)
    if "role" in fields:
        check_role(caller, change.role)
        check_company(change.role, before.company_id)
    contact = fields.pop("energised_contact_id", None)
    bound = bindings(before, contact_ids(contact), deps)
    if contact:
        fields |= {"energised_uuid": contact, "waiting_for": None}
    user = before.model_copy(update=fields)
    if user.suspended != before.suspended:
        changes = _switched(user, stored, bound, deps)
    elif user == before and not bound:
        return
    else:
        changes = with_contact(user, stored, bound, deps)
    told = entry(caller, "users_change", user, deps, before=before, bound=bound)
    deps.store.commit(*changes, *told)


def _switched(user: User, stored: Stored[User], bound: list[Change], deps: Deps) -> list[Change]:
    if not user.suspended:
        back = user.model_copy(update={"access_ended_at": None, "waiting_for": None})
        return with_contact(back, stored, bound, deps)
    return _ended(user, stored, bound, deps)


def _ended(user: User, stored: Stored[User], more: list[Change], deps: Deps) -> list[Change]:
    """His access ends in this transaction; his cards follow."""
    leaving = LEAVING if user.energised_uuid else None
    update = {"access_ended_at": deps.clock.now(), "waiting_for": leaving}
    errand = contact_errand(user, stored.version + 1, deps)
    return [Save(user.model_copy(update=update), stored), *more, deps.outbox.awake(errand)]


def remove_user(caller: Caller, deps: Deps, user_id: str, seen: int | None) -> None:
    """Remove him: no access, no name, no address, and no contact bound any more."""
    until_written(lambda: _remove(caller, deps, user_id, seen), deps.clock)


def _remove(caller: Caller, deps: Deps, user_id: str, seen: int | None) -> None:
    stored = _own_to_change(caller, "users_remove", user_id, seen, deps)
    gone = stored.record.model_copy(
        update={"removed_at": deps.clock.now(), "name": "", "email": "", "suspended": False}
    )
    bound = deps.store.external_id(User.schema_name, user_id, "energised")
    unbound = [Unbind(User.schema_name, user_id, "energised", bound)] if bound else []
    told = entry(caller, "users_remove", gone, deps)
    deps.store.commit(*_ended(gone, stored, [*unbound], deps), *told)


def _own_to_change(
    caller: Caller, operation: str, user_id: str, seen: int | None, deps: Deps
) -> Stored[User]:
    stored = _within_reach(caller, operation, user_id, deps)
    check_role(caller, stored.record.role)
    check_seen(stored, seen, "user")
    return stored


def _within_reach(caller: Caller, operation: str, user_id: str, deps: Deps) -> Stored[User]:
    require(caller, operation)
    # What no user can be called is not looked up: a longer one would be no key of the table.
    fits = re.fullmatch(SUB_PATTERN, user_id)
    stored = deps.store.get(User, user_id) if fits else None
    there = stored is not None and stored.record.removed_at is None
    if (
        stored is None
        or not there
        or not reaches(caller, operation, stored.record.company_id or "")
    ):
        raise Problem(404, "user-not-found", "No such user")
    return stored
