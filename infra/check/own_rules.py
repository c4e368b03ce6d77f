"""All of our own rules over all stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.build import Build
from infra.catalog import USE_CASES
from infra.check.assembly import Assembly
from infra.check.part import Outcome, Workspace
from infra.check.rules import (
    alarms,
    buckets,
    handlers,
    machines,
    queues,
    rights,
    routes,
    stacks,
    triggers,
    variables,
)

STAGES = ("local", "dev", "test", "prod")

RULES: Mapping[str, Callable[[Assembly, Build], list[str]]] = {
    "handlers": handlers.faults,
    "queues": lambda assembly, _: queues.faults(assembly, USE_CASES),
    "triggers": lambda assembly, _: triggers.faults(assembly, USE_CASES),
    "rights": lambda assembly, _: rights.faults(assembly, USE_CASES),
    "routes": lambda assembly, _: routes.faults(assembly, USE_CASES),
    "variables": lambda assembly, _: variables.faults(assembly, USE_CASES),
    "machines": lambda assembly, _: machines.faults(assembly, USE_CASES),
    "buckets": lambda assembly, _: buckets.faults(assembly, USE_CASES),
    "stacks": lambda assembly, _: stacks.faults(assembly),
    "alarms": lambda assembly, _: alarms.faults(assembly, USE_CASES),
}


def own_rules(workspace: Workspace) -> Outcome:
    """Run each rule over each stage."""
    outcome = Outcome(notes=[f"{len(RULES)} rules, {len(STAGES)} stages"])
    for stage in STAGES:
        assembly = workspace.assembly(stage)
        for name, rule in RULES.items():
            faults = rule(assembly, workspace.packages)
            outcome.faults += [f"{stage} {name}: {fault}" for fault in faults]
    return outcome
