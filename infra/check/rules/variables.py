"""Each function's variables are what `busbar.settings` takes, and name what its row names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from busbar.errors import MisconfiguredError
from busbar.settings.function import Settings
from busbar.settings.reading import read_settings
from infra.catalog import System, UseCase
from infra.check.assembly import Assembly

MOST_BYTES = 4096
"""Lambda's limit for all variables of a function together."""


def _faults(use_case: UseCase, settings: Settings) -> Iterator[str]:
    for org, values in settings.orgs.items():
        systems = {system for system in get_args(System) if getattr(values, system) is not None}
        if surplus := systems - set(use_case.systems):
            yield f"org {org} has {sorted(surplus)}, which the catalogue does not name"
        if bool(values.audiences) != bool(use_case.routes):
            yield f"org {org}: audiences belong to functions with routes, and only to those"
    if set(settings.queues) != set(use_case.sends_to):
        yield f"queues are {sorted(settings.queues)}, not {sorted(use_case.sends_to)}"
    if bool(settings.parked) != bool(use_case.queue):
        yield "a worker, and only a worker, has a parked queue"
    yield from _parts_faults(use_case, settings)
    writes = use_case.systems and not use_case.only_reads
    if writes and use_case.timeout_seconds > settings.tuning.pause_bound:
        yield f"its time limit is above tuning.pause_bound ({settings.tuning.pause_bound} s)"


def _parts_faults(use_case: UseCase, settings: Settings) -> Iterator[str]:
    if bool(settings.machine) != use_case.machine:
        yield "a use case with a state machine, and only that, is told of one"
    if bool(settings.files) != bool(use_case.files):
        yield "a use case that handles files, and only that, is told of their bucket"


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Variables that the function could not read, or that say more than it needs."""
    found: list[str] = []
    functions = assembly.functions()
    for use_case in use_cases:
        if use_case.name not in functions:
            continue
        variables = assembly.environment(functions[use_case.name])
        try:
            reasons = list(_faults(use_case, read_settings(variables)))
        except MisconfiguredError as error:
            reasons = [str(error)]
        if sum(len(k) + len(v) for k, v in variables.items()) > MOST_BYTES:
            reasons.append(f"its variables are longer than {MOST_BYTES} bytes together")
        found += [f"{use_case.name}: {reason}" for reason in reasons]
    return found
