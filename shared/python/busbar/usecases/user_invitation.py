"""Inviting users, one by one or by CSV: who may give which role, for which company."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pydantic import Field

from busbar.domain.authorisation import MAY_GIVE, reaches
from busbar.domain.customers import SUB_PATTERN, Caller, Company, Role, User
from busbar.domain.field_lists import may_send
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.changes import Ids, bindings, entry, fault, first_difference
from busbar.usecases.contact_states import WAITING, contact_errand, wants_contact
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.imports import Made, read_rows, run_import
from busbar.usecases.inputs import ContactId, Email, EntityId, Input, Line
from busbar.usecases.user_view import stored_user, view_user

COLUMNS = ("sub", "role", "name", "email", "company_id", "energised_contact_id")
"""Columns of an import."""
NEEDS_COMPANY = frozenset({Role.FLEET_MANAGER, Role.DRIVER})
OF_NO_COMPANY = frozenset({Role.SERVICE_AGENT, Role.OPERATOR, Role.MACHINE})


class UserInput(Input):
    """An invitation. `sub` is the identity provider's; a machine's is its client id."""

    sub: str = Field(pattern=SUB_PATTERN)
    role: Role
    name: Line = Field(min_length=1, max_length=80)
    email: Email | None = None
    company_id: EntityId | None = None
    energised_contact_id: ContactId | None = None


def create_user(given: UserInput, caller: Caller, deps: Deps) -> Json:
    """The user as he stands now.

    Raises `Problem` 403 (role not yours to give), 409 (is there, differs), 422 (company).
    """
    made = make_user(given, deps, caller, operation="users_create")
    return view_user(stored_user(made.id, deps))


def import_users(text: str, caller: Caller, deps: Deps, *, dry_run: bool) -> Json:
    """The report of an import. Raises a 422 `Problem` for a file that cannot be read."""
    columns = may_send(caller.user.role, "users_import", COLUMNS)
    make = partial(
        make_user,
        caller=caller,
        operation="users_import",
        dry_run=dry_run,
    )
    return run_import(read_rows(text, columns), _parsed, make, lambda given: given.sub, deps)


def _parsed(values: Mapping[str, str]) -> UserInput:
    return UserInput.model_validate(values)


def make_user(
    given: UserInput,
    deps: Deps,
    caller: Caller,
    *,
    operation: str,
    dry_run: bool = False,
) -> Made:
    """Invite him, unless he is there just so. With `dry_run` only says what it would do."""
    check_role(caller, given.role)
    company = _company(given, caller, operation, deps)
    user = User(
        id=given.sub,
        role=given.role,
        name=given.name,
        email=given.email or "",
        company_id=company,
        energised_uuid=given.energised_contact_id,
    )

    def work() -> Made:
        there = deps.store.get(User, user.id)
        if there and not there.record.removed_at:
            _check_same(user, there.record)
            return Made("unchanged", user.id)
        if there and there.record.waiting_for:
            message = "was removed a moment ago and still has cards; try again in some minutes"
            raise fault(409, "user-still-leaving", "The user is still leaving", "sub", message)
        bound = bindings(user, contact_ids(given.energised_contact_id), deps)
        if dry_run:
            return Made("created", user.id)
        told = entry(caller, operation, user, deps, bound=bound)
        deps.store.commit(*with_contact(user, there, bound, deps), *told)
        return Made("created", user.id)

    return until_written(work, deps.clock, deps.contest)


def check_role(caller: Caller, role: Role) -> None:
    if role not in MAY_GIVE.get(caller.user.role, frozenset()):
        title, message = "Not your role to give", "is not yours to give, change or take away"
        raise fault(403, "role-not-yours", title, "role", message)


def _company(given: UserInput, caller: Caller, operation: str, deps: Deps) -> str | None:
    """The company that the user acts for. Raises a 422 `Problem` that says what is wrong."""
    own = caller.user.company_id if caller.user.role is Role.FLEET_MANAGER else None
    company = given.company_id or own
    if company is None:
        check_company(given.role, None)
        return None
    stored = deps.store.get(Company, company)
    there = stored is not None and stored.record.removed_at is None
    if not there or not reaches(caller, operation, company):
        raise fault(422, "company-unknown", "No such company", "company_id", "names no company")
    check_company(given.role, company)
    return company


def check_company(role: Role, company: str | None) -> None:
    message = None
    if company is None and role in NEEDS_COMPANY:
        message = "is needed for this role"
    elif company is not None and role in OF_NO_COMPANY:
        message = "has to be left out for this role"
    if message:
        raise fault(422, "company-unfit", "The company does not fit", "company_id", message)


def _check_same(user: User, there: User) -> None:
    wanted = {name: getattr(user, name) for name in ("role", "name", "email", "company_id")}
    if user.energised_uuid:
        wanted["energised_uuid"] = user.energised_uuid
    if first_difference(there, wanted):
        # Which field differs is not said: he may be of a company that the caller must not see.
        message = "is a user already, and differs from what was sent; change that one"
        raise fault(409, "user-exists", "There is such a user", "sub", message)


def contact_ids(contact_id: str | None) -> Ids:
    return {"energised": ("energised_contact_id", contact_id)}


def with_contact(
    user: User, before: Stored[User] | None, bound: list[Change], deps: Deps
) -> list[Change]:
    """Write the user; if he needs a contact and has none, have it brought to be.ENERGISED."""
    if user.energised_uuid or not wants_contact(user):
        return [Save(user, before), *bound]
    errand = contact_errand(user, before.version + 1 if before else 1, deps)
    waiting = user.model_copy(update={"waiting_for": WAITING})
    return [Save(waiting, before), *bound, deps.outbox.awake(errand)]
