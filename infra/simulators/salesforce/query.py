"""Answers SOQL queries from the rows of the org, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from infra.simulators.salesforce.conditions import comparable, holds
from infra.simulators.salesforce.failures import ApiError, no_such_column
from infra.simulators.salesforce.fields import Field, SObject
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.soql import Condition, Junction, Query, SortKey, parse
from infra.simulators.salesforce.table_rows import Row

_MOST = 2000
_OPTION = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Path:
    """A dotted path, followed from `sobject`: lookups on the way, then a field."""

    lookups: tuple[Field, ...]
    targets: tuple[SObject, ...]
    field: Field

    def value(self, org: Org, row: Row) -> Any:
        """What stands at its end, None where a lookup is empty."""
        for lookup, target in zip(self.lookups, self.targets, strict=True):
            linked = row[lookup.name]
            found = org.rows.get(target.name, linked) if linked else None
            if found is None:
                return None
            row = found
        return row[self.field.name]


def batch_size(org: Org, options: str) -> int:
    """The page size that `Sforce-Query-Options` asks for, as far as the org grants it."""
    found = _OPTION.search(options)
    size = max(int(found[1]), org.settings.smallest_batch) if found else _MOST
    return max(1, min(size, _MOST, org.page_clamp))


def first_page(org: Org, version: str, text: str, size: int) -> dict[str, Any]:
    """Run a query. Raises `ApiError`."""
    query = parse(text)
    sobject = org.schemas.get(query.sobject.lower())
    if sobject is None:
        message = f"sObject type '{query.sobject}' is not supported."
        raise ApiError("INVALID_TYPE", message, of_row=False)
    rows = _rows(org, sobject, query)
    if query.count:
        return {"totalSize": len(rows), "done": True, "records": []}
    paths = [follow(org, sobject, path) for path in query.paths]
    records = [_record(org, version, sobject, row, paths) for row in rows]
    if len(records) <= size:
        return {"totalSize": len(records), "done": True, "records": records}
    return _page(version, records, org.open_cursor(records), 0, size)


def next_page(org: Org, version: str, locator: str, size: int) -> dict[str, Any]:
    """A further page. Raises `ApiError` INVALID_QUERY_LOCATOR."""
    cursor, _, offset = locator.rpartition("-")
    records = org.cursors.get(cursor)
    if records is None or not offset.isdigit() or int(offset) >= len(records):
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator", of_row=False)
    return _page(version, records, cursor, int(offset), size)


def _page(
    version: str, records: list[dict[str, Any]], cursor: str, offset: int, size: int
) -> dict[str, Any]:
    end = offset + size
    page: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records)}
    if end < len(records):
        page["nextRecordsUrl"] = f"/services/data/{version}/query/{cursor}-{end}"
    return {**page, "records": records[offset:end]}


def follow(org: Org, sobject: SObject, text: str) -> Path:
    """The path that starts at `sobject`. Raises `ApiError` INVALID_FIELD."""
    *steps, last = text.split(".")
    # A path may start with the object itself: `Asset.Name` from Asset.
    if steps and steps[0].lower() == sobject.name.lower() and not sobject.lookup(steps[0]):
        steps.pop(0)
    lookups: list[Field] = []
    targets: list[SObject] = []
    at = sobject
    for step in steps:
        lookup = at.lookup(step)
        if lookup is None:
            message = f"Didn't understand relationship '{step}' in field path"
            raise ApiError("INVALID_FIELD", message, of_row=False)
        at = org.object(lookup.refers_to)
        lookups.append(lookup)
        targets.append(at)
    field = at.field(last)
    if field is None:
        raise no_such_column(last, at.name)
    return Path(tuple(lookups), tuple(targets), field)


def _rows(org: Org, sobject: SObject, query: Query) -> list[Row]:
    rows = org.searchable(sobject.name)
    if query.where is not None:
        rows = _filtered(org, sobject, rows, query.where)
    # Python's sort is stable: sorting by the last key first ends in the right order.
    for key in reversed(query.order):
        rows = _sorted(org, follow(org, sobject, key.path), key, rows)
    rows = rows[query.offset :]
    return rows if query.limit is None else rows[: query.limit]


def _filtered(org: Org, sobject: SObject, rows: list[Row], where: Condition) -> list[Row]:
    if not isinstance(where, Junction):
        path = follow(org, sobject, where.path)
        test = holds(path.field, where)
        return [row for row in rows if test(path.value(org, row))]
    if where.word == "NOT":
        gone = {row["Id"] for row in _filtered(org, sobject, rows, where.parts[0])}
        return [row for row in rows if row["Id"] not in gone]
    found = [{r["Id"] for r in _filtered(org, sobject, rows, part)} for part in where.parts]
    kept = set.intersection(*found) if where.word == "AND" else set.union(*found)
    return [row for row in rows if row["Id"] in kept]


def _sorted(org: Org, path: Path, key: SortKey, rows: list[Row]) -> list[Row]:
    values = {row["Id"]: comparable(path.field, path.value(org, row)) for row in rows}
    empty = [row for row in rows if values[row["Id"]] is None]
    full = [row for row in rows if values[row["Id"]] is not None]
    full.sort(key=lambda row: values[row["Id"]], reverse=key.descending)
    return full + empty if key.nulls_last else empty + full


def _record(
    org: Org, version: str, sobject: SObject, row: Row, paths: list[Path]
) -> dict[str, Any]:
    record = _head(version, sobject, row)
    for path in paths:
        _add(org, version, record, row, path)
    return record


def _add(org: Org, version: str, record: dict[str, Any], row: Row, path: Path) -> None:
    for lookup, target in zip(path.lookups, path.targets, strict=True):
        linked = row[lookup.name]
        parent = org.rows.get(target.name, linked) if linked else None
        if parent is None:
            record[lookup.relationship] = None
            return
        record = record.setdefault(lookup.relationship, _head(version, target, parent))
        row = parent
    record[path.field.name] = row[path.field.name]


def _head(version: str, sobject: SObject, row: Row) -> dict[str, Any]:
    url = f"/services/data/{version}/sobjects/{sobject.name}/{row['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}}
