"""Relations of an update: their targets are found, or made as stubs, all of an attribute or none.

A target that is not there yet is created of its unique ids alone; its own event fills it later.
What cannot be found nor created (an unknown `_id`, several matches) leaves the whole attribute as
it is; the event may be applied again later, which does no harm to what it has done already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from busbar.domain.arrays import identity
from busbar.domain.changes import REFERENCE, Append, Relate, Set, Target
from busbar.domain.entities import item_id, unwrapped
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Wanted, checked_id, wanted
from busbar.usecases.entity_plan import Plan, Slot
from busbar.usecases.entity_prepare import identity_changes
from busbar.usecases.entity_steps import Upsert


def wanted_target(deps: EntityDeps, target: Target) -> Wanted:
    """How the target is looked for. Raises `Unfound`."""
    if target.entity_id:
        return Wanted(target.schema, (), checked_id(target.entity_id))
    return wanted(deps, target.schema, target.unique_ids)


def related(plan: Plan, place: int, change: Relate) -> Set | Append:
    """The relations with the ids of their targets. Raises `Unfound`: then nothing was planned."""
    wants = [wanted_target(plan.deps, target) for target in change.targets]
    found = [plan.workset.find(_any_schema(plan, want), plan.mark, sure=False) for want in wants]
    items = []
    for target, want, there in zip(change.targets, wants, found, strict=True):
        if not there.exists:
            _stub(plan, place, there.entity_id, want, target)
        if change.wrap == REFERENCE:
            items += _references(plan, place, there.entity_id, target)
        else:
            tags = {"_tags": list(target.tags)} if target.tags else {}
            items.append({"entity_id": there.entity_id, **tags})
    if change.operation == "_set":
        return Set({change.wrap: items})
    return Append(items, change.operation == "_append_all", change.wrap)


def _any_schema(plan: Plan, want: Wanted) -> Wanted:
    """A relation by `entity_id` alone leads to whatever has the id."""
    if want.by or want.schema:
        return want
    plan.workset.load([want.entity_id])
    there = plan.workset.entities[want.entity_id]
    return want._replace(schema=there.schema if there else "")


def _stub(plan: Plan, place: int, entity_id: str, want: Wanted, target: Target) -> None:
    known = identity_changes(plan.deps.schema(target.schema), target.unique_ids)
    slot = plan.slot(entity_id, target.schema, want)
    step = Upsert({}, known, plan.mark, plan.deps.leading, stub=True, detail={"stub": True})
    slot.do(place, step)
    plan.workset.planned(entity_id, want.lookups)


def _references(plan: Plan, place: int, entity_id: str, target: Target) -> list[dict[str, Any]]:
    """Write the items into the target, and refer to them."""
    slot = plan.slot(entity_id, target.schema)
    raw = target.value if isinstance(target.value, list) else [target.value]
    items = [_with_id(slot, target.attribute, item) for item in raw]
    change: Set | Append = (
        Set(items)
        if target.operation == "_set"
        else Append(items, target.operation == "_append_all")
    )
    detail = {"relation_ref": target.path}
    slot.do(
        place,
        Upsert(
            {target.attribute: change}, {}, plan.mark, plan.deps.leading, quiet=True, detail=detail
        ),
    )
    there = {i.get("_id") for i in _items(slot, target.attribute) if isinstance(i, dict)}
    if not all(item["_id"] in there for item in items):
        raise Unfound("RELATION_REF_ITEM_NOT_FOUND", f"the item is not in {target.attribute}")
    return [{"entity_id": entity_id, "path": target.path, "_id": item["_id"]} for item in items]


def _items(slot: Slot, attribute: str) -> Sequence[Any]:
    return unwrapped(slot.now.attributes.get(attribute))[1]


def _with_id(slot: Slot, attribute: str, item: Any) -> dict[str, Any]:
    """An item with the `_id` of the same item that is there, or with the one that it will have."""
    if not isinstance(item, dict):
        raise Unfound("RELATION_REF_VALUE_UNDEFINED", f"{attribute}: the item is no object")
    twins = [
        i["_id"]
        for i in _items(slot, attribute)
        if isinstance(i, dict) and "_id" in i and identity(i) == identity(item)
    ]
    return {**item, "_id": twins[0] if twins else item_id(slot.now.id, attribute, item)}
