"""Read whom an entity is related to, and who is related to it, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from busbar.domain.entities import Entity, relations
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_views import AT_ONCE, Json, Room, entity_view, existing
from busbar.usecases.pages import bad_parameter, check_limit, cursor_of, place_of

QUERY = ("relation", "limit", "cursor")
LONGEST_NAME = 255
_DIRECTIONS = ("out", "in")


class _Link(NamedTuple):
    """One relation of the entity, as they are sorted: those that lead out of it first."""

    direction: int
    relation: str
    entity_id: str


def related_entities(
    deps: EntityDeps, schema: str, entity_id: str, query: Mapping[str, str], limit: int
) -> Json:
    """Whom an entity is related to, then who is related to it; of those that are there.

    `query` may have `relation`, for those of one attribute, and `cursor`. Answers `{"relations":
    [{"direction": "out" | "in", "relation", "entity"}], "next_cursor"}`. Costs 1 RU, 0.5 per
    entity, and 0.5 per 25 that are related to it. Raises `Problem` 400, 404.
    """
    check_limit(limit)
    relation = query.get("relation")
    if relation and len(relation) > LONGEST_NAME:
        raise bad_parameter("relation", f"may have {LONGEST_NAME} characters")
    after = _read_cursor(query["cursor"]) if "cursor" in query else None
    entity = existing(deps, schema, entity_id)
    links = [link for link in _links(deps, entity, relation) if after is None or link > after]
    shown: list[Json] = []
    last, room = None, Room()
    for link, other in _there(deps, entity_id, links):
        view = entity_view(other, deps.org)
        if len(shown) == limit or not room.takes(view):
            return {
                "relations": shown,
                "next_cursor": cursor_of(json.dumps(last)) if last else None,
            }
        told = {"direction": _DIRECTIONS[link.direction], "relation": link.relation}
        shown.append({**told, "entity": view})
        last = link
    return {"relations": shown, "next_cursor": None}


def _links(deps: EntityDeps, entity: Entity, relation: str | None) -> list[_Link]:
    out = {_Link(0, name, i) for name, i in relations(entity) if relation in (None, name)}
    edges = deps.entities.related(entity.id, relation or "")
    return sorted(out | {_Link(1, edge.relation, edge.source) for edge in edges})


def _there(deps: EntityDeps, of: str, links: list[_Link]) -> Iterator[tuple[_Link, Entity]]:
    """Those whose entity is there; an edge may be left over, so its source is asked."""
    for start in range(0, len(links), AT_ONCE):
        some = links[start : start + AT_ONCE]
        there = deps.entities.get(list(dict.fromkeys(link.entity_id for link in some)))
        for link in some:
            other = there.get(link.entity_id)
            if other is None or not other.live:
                continue
            if link.direction == 0 or (link.relation, of) in relations(other):
                yield link, other


def _read_cursor(cursor: str) -> _Link:
    """Only a place in the order: it says from where on, never what is shown."""
    try:
        told = json.loads(place_of(cursor))
    except (ValueError, RecursionError):
        told = None
    match told:
        case [0 | 1 as direction, str() as relation, str() as entity_id]:
            return _Link(direction, relation, entity_id)
    raise bad_parameter("cursor", "is no cursor of these relations")
