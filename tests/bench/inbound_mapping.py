"""What mapping an event costs beside the engine alone: µs of CPU, the median of rounds in turn.

`python -m tests.bench.inbound_mapping`. See `tests.bench.inbound_event` for event and mapping.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable

from busbar.mapping import engine, inbound, payloads
from busbar.mapping.configuration import parse
from busbar.mapping.jobs import job_of
from tests.bench.inbound_event import CONFIGURATION, EVENT, FORMULAS, WHOLE

ROUNDS, REPEATS = 15, 40


def contenders() -> dict[str, Callable[[], object]]:
    """What is compared, each doing one event."""
    text = json.dumps(EVENT, ensure_ascii=False)
    configured = json.dumps(CONFIGURATION)
    digest = hashlib.sha256(configured.encode()).hexdigest()
    configuration = parse(CONFIGURATION)
    programs = [engine.compile(each) for each in FORMULAS.values()]
    whole = engine.compile(WHOLE)
    value = payloads.parse(text)
    with_text = job_of(configured, digest, text)
    without = job_of(None, digest, text)
    inbound.serve(with_text)

    def each_formula() -> object:
        source = engine.source(value)
        return [program.run(source) for program in programs]

    return {
        "parse the payload": lambda: payloads.parse(text),
        "engine: 44 expressions": each_formula,
        "engine: one expression of 44": lambda: whole.run(value),
        "map_event": lambda: inbound.map_event(configuration, value),
        "serve, configuration sent": lambda: inbound.serve(with_text),
        "serve, by its hash": lambda: inbound.serve(without),
        "serve and mapped_of": lambda: inbound.mapped_of(inbound.serve(without)),
        "parse the configuration": lambda: parse(CONFIGURATION),
    }


def measured() -> dict[str, float]:
    """µs of CPU for an event."""
    times: dict[str, list[float]] = {}
    tasks = contenders()
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            began = time.process_time()
            for _ in range(REPEATS):
                task()
            times.setdefault(name, []).append((time.process_time() - began) / REPEATS * 1e6)
    return {name: statistics.median(each) for name, each in times.items()}


if __name__ == "__main__":
    for name, micros in measured().items():
        print(f"{name:32} {micros:9.1f} µs")
