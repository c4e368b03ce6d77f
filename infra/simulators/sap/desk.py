"""A service of the system, as its routes work on it: rows in, JSON out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.simulators.routing import Route
from infra.simulators.sap.addresses import segment
from infra.simulators.sap.edm import EntitySet, Navigation, Service
from infra.simulators.sap.failures import no_property
from infra.simulators.sap.options import Shape
from infra.simulators.sap.rows import ETAG, Row
from infra.simulators.sap.tenant import Tenant
from infra.simulators.sap.values import written


@dataclass
class Desk:
    """A service and the tenant whose rows it shows. `routes` are the service's own."""

    service: Service
    tenant: Tenant
    routes: list[Route] = field(default_factory=list)

    def target(self, navigation: Navigation) -> EntitySet:
        """The set that a navigation leads to."""
        found = self.service.set(navigation.target)
        if found is None:
            raise LookupError(navigation.target)
        return found

    def related(self, row: Row, navigation: Navigation) -> list[Row]:
        """The rows that a navigation leads to from a row."""
        value = row[navigation.by]
        if not navigation.many:
            found = self.tenant.rows.get(navigation.target, (value,))
            return [found] if found else []
        rows = self.tenant.rows.having(navigation.target, navigation.by, value)
        if navigation.only is None:
            return rows
        name, values = navigation.only
        return [r for r in rows if r[name] in values]

    def etag(self, row: Row) -> str:
        """The version of a row as a header and `__metadata` give it; empty if there is none."""
        return f'W/"{row[ETAG]}"' if self.service.etags else ""

    def address(self, entity_set: EntitySet, row: Row, base: str) -> str:
        """The whole address of a row; `base` is the service's, with scheme and host."""
        return f"{base}/{segment(entity_set, row, short=self.tenant.short_numbers)}"

    def shown(self, entity_set: EntitySet, row: Row, shape: Shape, base: str) -> dict[str, Any]:
        """A row as JSON. Raises `SapError` for a property that `shape` names and is not there."""
        return self.listed(entity_set, [row], shape, base)[0]

    def listed(
        self, entity_set: EntitySet, rows: Sequence[Row], shape: Shape, base: str
    ) -> list[dict[str, Any]]:
        """Rows as JSON. Raises `SapError` as `shown` does."""
        _check(entity_set, shape)
        return [self._entity(entity_set, row, shape, base) for row in rows]

    def _entity(self, entity_set: EntitySet, row: Row, shape: Shape, base: str) -> dict[str, Any]:
        uri = self.address(entity_set, row, base)
        kind = f"{self.service.name}.{entity_set.type_name}"
        about = {"id": uri, "uri": uri, "type": kind}
        if self.service.etags:
            about["etag"] = self.etag(row)
        entity: dict[str, Any] = {"__metadata": about}
        short = self.tenant.short_numbers
        for prop in entity_set.properties:
            if shape.shows(prop.name):
                entity[prop.name] = written(prop, row[prop.name], short=short)
        if "ETag" in entity:
            entity["ETag"] = row[ETAG]
        for navigation in entity_set.navigations:
            if shape.shows(navigation.name):
                entity[navigation.name] = self._followed(row, navigation, shape, uri, base)
        return entity

    def _followed(
        self, row: Row, navigation: Navigation, shape: Shape, uri: str, base: str
    ) -> dict[str, Any] | None:
        if navigation.name not in shape.expand:
            return {"__deferred": {"uri": f"{uri}/{navigation.name}"}}
        below = shape.below(navigation.name)
        found = self.listed(self.target(navigation), self.related(row, navigation), below, base)
        if navigation.many:
            return {"results": found}
        return found[0] if found else None


def _check(entity_set: EntitySet, shape: Shape) -> None:
    for name in shape.expand:
        if entity_set.navigation(name) is None:
            raise no_property(name, entity_set.type_name)
    for name in shape.select or ():
        known = entity_set.property(name) or entity_set.navigation(name)
        if not known and name != "*":
            raise no_property(name, entity_set.type_name)
