"""Rules, schedules and mappings: each as the catalogue says, each with a place for what fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra.catalog import UseCase
from infra.check.assembly import Assembly, Resource

EXPRESSION = re.compile(
    r"rate\((1 (minute|hour|day)|(?!1 )[1-9]\d* (minutes|hours|days))\)"
    r"|cron\(\S+ \S+ \S+ \S+ \S+ \S+\)"
    r"|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)
"""What EventBridge takes. No validator and no emulator refuses `rate(1 minutes)`."""


def _rules(assembly: Assembly) -> Iterator[str]:
    for rule in assembly.resources("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", []):
            if "Arn" not in target.get("DeadLetterConfig", {}):
                yield f"{rule}: rule target without a dead-letter queue"
            if "MaximumRetryAttempts" not in target.get("RetryPolicy", {}):
                yield f"{rule}: rule target without a bound on its retries"


def _schedules(assembly: Assembly) -> Iterator[str]:
    for schedule in assembly.resources("AWS::Scheduler::Schedule"):
        expression = str(schedule.properties.get("ScheduleExpression"))
        if not EXPRESSION.fullmatch(expression):
            yield f"{schedule}: {expression!r} is no schedule expression"
        if "Arn" not in schedule.properties["Target"].get("DeadLetterConfig", {}):
            yield f"{schedule}: schedule without a dead-letter queue"


def _mappings(assembly: Assembly) -> Iterator[str]:
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping"):
        properties = mapping.properties
        if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
            yield f"{mapping}: mapping without partial batch failures"
        if "StartingPosition" not in properties:
            if "MaximumConcurrency" not in properties.get("ScalingConfig", {}):
                yield f"{mapping}: queue mapping without a bound on concurrency"
            continue
        yield from _stream_faults(mapping)


def _stream_faults(mapping: Resource) -> Iterator[str]:
    needed = ("BisectBatchOnFunctionError", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")
    for name in (*needed, "FilterCriteria"):
        if not mapping.properties.get(name):
            yield f"{mapping}: stream mapping without {name}"
    if "OnFailure" not in mapping.properties.get("DestinationConfig", {}):
        yield f"{mapping}: stream mapping without a dead-letter queue"


def _started_by(assembly: Assembly, function: Resource) -> set[str]:
    me = f"${{{function}}}"
    found = {
        "stream" if "StartingPosition" in mapping.properties else "queue"
        for mapping in assembly.resources("AWS::Lambda::EventSourceMapping")
        if assembly.text(mapping.stack, mapping.properties["FunctionName"]) == me
    }
    return found | {
        str(schedule.properties["ScheduleExpression"])
        for schedule in assembly.resources("AWS::Scheduler::Schedule")
        if assembly.text(schedule.stack, schedule.properties["Target"]["Arn"])
        == f"${{{function}.Arn}}"
    }


def _every(minutes: int) -> str:
    return "rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)"


def _wanted(use_case: UseCase) -> set[str]:
    wanted = {"queue"} if use_case.queue else set()
    if use_case.stream:
        wanted.add("stream")
    if use_case.every_minutes:
        wanted.add(_every(use_case.every_minutes))
    return wanted


def _catalogue(assembly: Assembly, use_cases: Sequence[UseCase]) -> Iterator[str]:
    functions = assembly.functions()
    for use_case in use_cases:
        if use_case.name in functions:
            started_by = _started_by(assembly, functions[use_case.name])
            if started_by != (wanted := _wanted(use_case)):
                yield f"{use_case.name}: started by {sorted(started_by)}, not {sorted(wanted)}"


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Triggers that differ from the catalogue, or that lose what they cannot deliver."""
    return [
        *_rules(assembly),
        *_schedules(assembly),
        *_mappings(assembly),
        *_catalogue(assembly, use_cases),
    ]
