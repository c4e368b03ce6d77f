"""The ids by which the outside systems know a portal user who orders for himself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from busbar.domain.customers import User
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.usecases.deps import Deps

ENERGISED = "energised"


def with_contact(
    stored: Stored[User], contact: str, deps: Deps, also: Mapping[str, str] | None = None
) -> Sequence[Change]:
    """The changes by which the user carries these ids; none if he does already.

    A fleet's driver keeps the contact in be.ENERGISED that his fleet's cards are found by; of one
    who has none yet (`contact` empty) nothing is said. `also`: system -> id.
    """
    user, bound = stored.record, dict(also or {})
    fleet = deps.store.external_id(User.schema_name, user.id, ENERGISED)
    if contact and fleet in {None, contact}:
        bound[ENERGISED] = contact
        user = user.model_copy(update={"energised_uuid": contact})
    if all(deps.store.external_id(User.schema_name, user.id, s) == i for s, i in bound.items()):
        return ()
    return Save(user, stored), *(Bind(User.schema_name, user.id, s, i) for s, i in bound.items())
