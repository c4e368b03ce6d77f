"""python -m tests.bench.child_cost: what the child process costs beside mapping in the worker.

A made-up event of an ERP of about 5 kB and a mapping of 62 fields, each an expression of its own:
plain paths, filters, look-ups, dates, sums, regular expressions, lists. CPU per event of the worker
and of the child, medians of rounds that take turns; and what the child costs to start.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from busbar.mapping import engine
from busbar.mapping.child import Child
from busbar.mapping.engine import UNDEFINED, Bindings

TARGET = "tests.bench.child_cost:serve"
ENV = {"salutation": {"Mr.": "1", "Ms. / Mrs.": "2", "Company": "4"}}
_PATHS = [f"partner.{name}" for name in ("number", "type", "first_name", "last_name", "birth_date")]
_PATHS += [f"account.{name}" for name in ("number", "iban", "bic", "dunning_level", "due_day")]
_PATHS += [f"partner.addresses[kind = 'XXDEFAULT'].{n}" for n in ("street", "house", "zip", "city")]
_PATHS += [f"contracts[0].{n}" for n in ("number", "division", "starts_on", "ends_on", "tariff")]
FIELDS = (
    *_PATHS,
    *(
        f"contracts[division = '{d}'].{n}"
        for d in ("01", "02")
        for n in ("number", "meter", "price")
    ),
    *(f"$sum(lines[kind = '{k}'].amount)" for k in ("bill", "payment", "fee", "refund")),
    *(f"$count(readings[register = '{r}'])" for r in ("1.8.0", "1.8.1", "1.8.2", "2.8.0")),
    *(f"$trim($uppercase(partner.{n}))" for n in ("first_name", "last_name", "search_term")),
    *(f"$replace(partner.phones[{i}].number, /[^0-9+]/, '')" for i in range(3)),
    *(f"$substring(account.iban, {i}, 4)" for i in range(0, 20, 4)),
    *(f"$toMillis(contracts[{i}].starts_on) > 0 ? 'active' : 'new'" for i in range(2)),
    "partner.first_name & ' ' & partner.last_name",
    "$mapKey($env.salutation, partner.title)",
    "$mapValue($env.salutation, 'Company', '?')",
    "$lowercase(partner.emails[0].address)",
    "partner.emails.{'email': $lowercase(address)}",
    "[partner.phones.{'phone': number}]",
    "[readings.{'value': value, 'at': read_at, 'register': register}]",
    "[lines^(due).{'amount': amount, 'due': due, 'kind': kind}]",
    "lines{kind: $sum(amount)}",
    "$max(readings.value)",
    "$fromMillis($toMillis(partner.birth_date), '[D01].[M01].[Y0001]')",
    "$exists(account.iban) ? 'sepa' : 'invoice'",
    "$join(contracts.number, ', ')",
    "$contains(account.iban, /^DE[0-9]{20}$/)",
    "$map(contracts, function($c) { $c.number & '/' & $c.meter })",
)
_programs: list[engine.Program] = []


def payload() -> bytes:
    """The event."""
    return json.dumps(
        {
            "partner": {
                "number": "0001000178",
                "type": "1",
                "title": "2",
                "birth_date": "1990-05-17",
                "first_name": "Any",
                "last_name": "Person",
                "search_term": "person any ",
                "addresses": [
                    {
                        "kind": k,
                        "street": "Hauptstr.",
                        "house": "1a",
                        "zip": "50667",
                        "city": "Köln",
                    }
                    for k in ("XXDEFAULT", "BILLING")
                ],
                "emails": [{"address": "Any.Person@Example.org"}, {"address": "a@example.org"}],
                "phones": [{"number": f"+49 (221) 123-{i}", "kind": "home"} for i in range(3)],
            },
            "account": {
                "number": "4000012345",
                "iban": "DE02120300000000202051",
                "bic": "BYLADEM1001",
                "dunning_level": 0,
                "due_day": 15,
            },
            "contracts": [
                {
                    "number": f"70000{i}",
                    "division": f"0{i + 1}",
                    "meter": f"1ESY{i}",
                    "starts_on": "2024-03-01",
                    "ends_on": "9999-12-31",
                    "tariff": "Strom Plus",
                    "price": "32.4500",
                }
                for i in range(2)
            ],
            "readings": [
                {
                    "register": r,
                    "value": 12345.5 + i,
                    "read_at": f"2026-0{i + 1}-01T00:00:00Z",
                    "device": "1ESY1160012345",
                    "reason": "01",
                    "kind": "02",
                    "unit": "KWH",
                }
                for i, r in enumerate(("1.8.0", "1.8.1", "1.8.2", "2.8.0", "1.8.0", "1.8.0"))
            ],
            "lines": [
                {
                    "document": f"90000012{i:02}",
                    "kind": k,
                    "amount": 4500 + i,
                    "currency": "EUR",
                    "due": f"2026-{12 - i % 12:02}-15",
                    "text": "Abschlag Strom, Rate der Periode",
                    "cleared": i % 2 == 0,
                }
                for i, k in enumerate(("bill", "payment", "fee", "bill", "payment", "refund") * 3)
            ],
        },
        ensure_ascii=False,
    ).encode()


def serve(job: bytes) -> bytes:
    """Map the event, as the child does and as the worker would."""
    if not _programs:
        _programs.extend(map(engine.compile, FIELDS))
    source, bindings = engine.source(json.loads(job)), Bindings(ENV)
    made: dict[str, Any] = {}
    for number, program in enumerate(_programs):
        value = program.run(source, bindings=bindings)
        if value is not UNDEFINED:
            made[f"field_{number}"] = value
    return json.dumps(made).encode()


def echo(job: bytes) -> bytes:
    """Give the job back."""
    return job


def _cpu_of(pid: int | str) -> float:
    """µs that a process has run, as the scheduler counts them."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1000


def _round(work: Callable[[], object], pid: int | None, times: int = 300) -> tuple[float, ...]:
    own, other, began = _cpu_of("self"), _cpu_of(pid) if pid else 0.0, time.perf_counter()
    for _ in range(times):
        work()
    wall = (time.perf_counter() - began) * 1e6
    other = _cpu_of(pid) - other if pid else 0.0
    return (_cpu_of("self") - own) / times, other / times, wall / times


def _start(target: str) -> tuple[float, float]:
    child, began = Child(target), time.perf_counter()
    child.ask(payload())
    wall = (time.perf_counter() - began) * 1000
    spent = _cpu_of(child.pid or 0) / 1000
    child.close()
    return spent, wall


def main() -> None:
    """Measure and print."""
    job = payload()
    child, pipe = Child(TARGET), Child("tests.bench.child_cost:echo")
    answer = child.ask(job)
    assert answer == serve(job)
    pipe.ask(job)
    works: dict[str, tuple[Callable[[], object], int | None]] = {
        "mapped in the worker": (lambda: serve(job), None),
        "mapped in the child": (lambda: child.ask(job), child.pid),
        "the pipe alone": (lambda: pipe.ask(job), pipe.pid),
    }
    rounds: dict[str, list[tuple[float, ...]]] = {name: [] for name in works}
    for _ in range(9):
        for name, (work, pid) in works.items():
            rounds[name].append(_round(work, pid))
    print(f"{len(FIELDS)} fields, event {len(job)} bytes, answer {len(answer)} bytes")
    for name, seen in rounds.items():
        own, other, wall = (statistics.median(column) for column in zip(*seen, strict=True))
        print(f"{name:22} worker {own:6.0f} µs  child {other:6.0f} µs  wall {wall:6.0f} µs")
    for closing in (child, pipe):
        closing.close()
    for target in (TARGET, "tests.bench.child_cost:echo"):
        starts = [_start(target) for _ in range(5)]
        spent, wall = (statistics.median(column) for column in zip(*starts, strict=True))
        name = target.partition(":")[2]
        print(f"start and first event of {name:6} CPU {spent:.0f} ms  wall {wall:.0f} ms")


if __name__ == "__main__":
    main()
