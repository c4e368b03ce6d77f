"""The options of a query: `$filter`, `$top`, `$select`, … as they stand in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from infra.simulators.sap.edm import EntitySet
from infra.simulators.sap.failures import malformed, no_property
from infra.simulators.sap.filters import Filter, parse

_KNOWN = {
    "$filter",
    "$top",
    "$skip",
    "$skiptoken",
    "$inlinecount",
    "$orderby",
    "$select",
    "$expand",
    "$format",
}
Tree = dict[str, "Tree"]


@dataclass(frozen=True)
class Shape:
    """Which properties an answer has (None: all), and which navigations are followed."""

    select: Tree | None = None
    expand: Tree = field(default_factory=dict)

    def shows(self, name: str) -> bool:
        """Whether a property is in the answer."""
        return self.select is None or "*" in self.select or name in self.select

    def below(self, navigation: str) -> Shape:
        """The shape of what a navigation leads to."""
        below = (self.select or {}).get(navigation)
        return Shape(below or None, self.expand[navigation])


@dataclass(frozen=True)
class Options:
    """A query. `order` holds (property, descending); `token` is where a further page begins."""

    shape: Shape
    filter: Filter | None
    order: tuple[tuple[str, bool], ...]
    top: int | None
    skip: int
    token: int
    counted: bool


def read_options(entity_set: EntitySet, given: Mapping[str, str]) -> Options:
    """The options of a request. Raises `SapError` 400."""
    unknown = sorted(name for name in given if name.startswith("$") and name not in _KNOWN)
    if unknown:
        raise malformed(f"Invalid system query option: {unknown[0]}")
    counted = given.get("$inlinecount", "none")
    if counted not in {"none", "allpages"}:
        raise malformed(f"Invalid system query option value: $inlinecount={counted}")
    condition = given.get("$filter", "")
    return Options(
        shape=Shape(
            _tree(given["$select"]) if given.get("$select") else None,
            _tree(given.get("$expand", "")),
        ),
        filter=parse(entity_set, condition) if condition else None,
        order=_order(entity_set, given.get("$orderby", "")),
        top=_whole(given, "$top") if "$top" in given else None,
        skip=_whole(given, "$skip"),
        token=_whole(given, "$skiptoken"),
        counted=counted == "allpages",
    )


def following(given: Mapping[str, str], token: int) -> str:
    """The query of the next page, which begins at `token`."""
    pairs = {**given, "$skiptoken": str(token)}
    return "&".join(f"{name}={quote(value)}" for name, value in pairs.items())


def _tree(text: str) -> Tree:
    root: Tree = {}
    for path in filter(None, (part.strip() for part in text.split(","))):
        at = root
        for step in path.split("/"):
            at = at.setdefault(step, {})
    return root


def _order(entity_set: EntitySet, text: str) -> tuple[tuple[str, bool], ...]:
    keys = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, way = part.partition(" ")
        if way.strip() not in {"", "asc", "desc"}:
            raise malformed(f"Invalid system query option value: $orderby={text}")
        if entity_set.property(name) is None:
            raise no_property(name, entity_set.type_name)
        keys.append((name, way.strip() == "desc"))
    return tuple(keys)


def _whole(given: Mapping[str, str], name: str) -> int:
    text = given.get(name, "0")
    if not text.isascii() or not text.isdigit():
        raise malformed(f"Invalid system query option value: {name}={text}")
    return int(text)
