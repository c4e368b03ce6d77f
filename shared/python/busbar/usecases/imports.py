"""Imports by CSV: one line, one outcome. A bad line never fails its neighbours.

The first line names the columns, which are the fields of the body that creates one such thing.
Separators are commas or, as a German spreadsheet writes them, semicolons. What is there already is
never changed: the same line again is `unchanged`, another one about the same thing is `refused`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from busbar.body import in_words
from busbar.errors import FieldError, Problem
from busbar.ports.runtime import Json
from busbar.usecases.deps import LINES_CONTEST, Deps

M = TypeVar("M", bound=BaseModel)
MOST_LINES = 250
"""Lines of one import, so that all are done while the caller waits."""
LONGEST_IMPORT = 10.0
"""Seconds after which no further line is begun; one may last as long as `LINES_CONTEST`."""
Outcome = Literal["created", "unchanged", "refused", "postponed"]
OUTCOMES: tuple[Outcome, ...] = ("created", "unchanged", "refused", "postponed")


@dataclass(frozen=True)
class Made:
    """What a line came to: whether it made something, and its id."""

    outcome: Literal["created", "unchanged"]
    id: str


@dataclass(frozen=True)
class Row:
    """A line of the file; `values` without empty ones. `surplus`: it has more than columns."""

    line: int
    values: Mapping[str, str]
    surplus: bool


def read_rows(text: str, columns: Sequence[str]) -> list[Row]:
    """The lines below the header. Raises a 422 `Problem` if the file as a whole is none."""
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_header(names, columns)
        rows = list(_rows(reader, names))
    except csv.Error:
        raise _unreadable("line", f"line {reader.line_num} is no CSV") from None
    if len(rows) > MOST_LINES:
        raise _unreadable("line", f"there may be {MOST_LINES} lines, and there are {len(rows)}")
    return rows


def _rows(reader: Any, names: Sequence[str]) -> Iterator[Row]:
    end = 1
    for cells in reader:
        line, end = end + 1, reader.line_num
        if any(cell.strip() for cell in cells):
            pairs = zip(names, cells, strict=False)
            values = {name: cell.strip() for name, cell in pairs if cell.strip()}
            yield Row(line, values, len(cells) > len(names))


def _check_header(names: Sequence[str], columns: Sequence[str]) -> None:
    wrong = [name for name in names if name not in columns]
    if not names or wrong or len(set(names)) < len(names):
        known = ", ".join(columns)
        raise _unreadable("header", f"has to name columns, each once; known are {known}")


def _unreadable(field: str, message: str) -> Problem:
    return Problem(
        422,
        "import-unreadable",
        "The file cannot be read",
        "Nothing was imported. Mend the file and send it again.",
        errors=(FieldError(field, message),),
    )


def run_import(
    rows: Sequence[Row],
    parse: Callable[[Mapping[str, str]], M],
    make: Callable[[M, Deps], Made],
    key: Callable[[M], str],
    deps: Deps,
) -> Json:
    """The report: what every line came to, by its number in the file.

    `make` creates one with the deps of a line, or says what it would do; it raises `Problem` for a
    line that cannot be. `key` tells which lines are about the same thing: a second one is not done
    twice, and in a dry run is told so too.
    """
    until = deps.clock.now() + timedelta(seconds=LONGEST_IMPORT)
    seen: dict[str, tuple[M, Made, int]] = {}
    lines: list[Json] = []
    lines_deps = replace(deps, contest=LINES_CONTEST)
    for row in rows:
        if deps.clock.now() >= until:
            lines.append({"line": row.line, "outcome": "postponed"})
            continue
        try:
            made = _once(row, parse, make, key, seen, lines_deps)
            lines.append({"line": row.line, "outcome": made.outcome, "id": made.id})
        except Problem as problem:
            lines.append({"line": row.line, "outcome": "refused", "errors": _errors(problem)})
    counted = Counter(line["outcome"] for line in lines)
    return {**{outcome: counted[outcome] for outcome in OUTCOMES}, "lines": lines}


def _once(
    row: Row,
    parse: Callable[[Mapping[str, str]], M],
    make: Callable[[M, Deps], Made],
    key: Callable[[M], str],
    seen: dict[str, tuple[M, Made, int]],
    deps: Deps,
) -> Made:
    if row.surplus:
        raise _refused("line", "has more values than there are columns")
    try:
        given = parse(row.values)
    except ValidationError as error:
        raise _invalid(error) from None
    before = seen.get(key(given))
    if before is None:
        made = make(given, deps)
        seen[key(given)] = (given, made, row.line)
        return made
    if before[0] != given:
        raise _refused("line", f"says something else than line {before[2]} of the same")
    return Made("unchanged", before[1].id)


def _invalid(error: ValidationError) -> Problem:
    """Faults of a line, by its columns, without the values."""
    found = error.errors(include_input=False, include_url=False)
    # One column may fill several fields: each column is named once.
    faults = {_column(e["loc"]): in_words(e["msg"]) for e in reversed(found)}
    errors = tuple(FieldError(field, message) for field, message in reversed(faults.items()))
    return Problem(422, "fields-invalid", "Some fields are invalid", errors=errors)


def _column(location: Sequence[int | str]) -> str:
    return str(location[-1]) if location else "line"


def _refused(field: str, message: str) -> Problem:
    return Problem(422, "line-refused", "Line refused", errors=(FieldError(field, message),))


def _errors(problem: Problem) -> list[Json]:
    """Why a line was refused: field and reason."""
    errors = problem.errors or (FieldError("line", problem.detail or problem.title),)
    return [{"field": e.field, "message": e.message} for e in errors]
