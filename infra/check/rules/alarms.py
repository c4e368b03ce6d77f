"""What has to ring, rings, each alarm on one plain metric and with a page that says what to do.

What is about a use case leads besides to the section that says what stands still with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from busbar.observability import Metric
from infra.catalog import UseCase
from infra.check.assembly import Assembly, Resource
from infra.check.rules.machines import machines
from infra.machines import RINGS
from infra.stages import stage_named

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = ROOT / "infra" / "runbook"
SECTIONS = "use_cases"
"""The page with a section for each use case."""
PAGE = re.compile(
    rf"infra/runbook/(\w+)\.md(?:; what stands still: infra/runbook/{SECTIONS}\.md#(\w+))?$"
)
NOT_A_PAGE = frozenset({"README", SECTIONS})
OF_NO_USE_CASE = frozenset({"api_errors", "table_throttles", "open_tasks"})
"""Pages of alarms about all of them, or about an org."""

Watched = tuple[str, str]
"""(metric, value of its dimension)."""


def _watched(assembly: Assembly) -> set[Watched]:
    return {
        (str(alarm.properties.get("MetricName")), assembly.text(alarm.stack, dimension["Value"]))
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("AlarmActions")
        for dimension in alarm.properties.get("Dimensions", [])
        if dimension["Name"] != "Stage"
    }


def _needed(assembly: Assembly, use_cases: Sequence[UseCase]) -> Iterator[Watched]:
    functions = assembly.functions()
    for case in use_cases:
        function = f"${{{functions[case.name]}}}"
        yield "Errors", function
        yield "Throttles", function
        if case.stream:
            yield "IteratorAge", function
        if case.every_minutes:
            yield Metric.SCHEDULED_RUNS.title, case.name
        if case.machine:
            machine = f"${{{machines(assembly)[case.name]}}}"
            yield from ((metric, machine) for metric in RINGS)
        if case.queue and case.queue.from_outbox:
            yield Metric.OLDEST_ERRAND.title, case.name
    for org in stage_named(assembly.stage).orgs:
        yield Metric.OPEN_TASKS.title, org


def _alarm_faults(alarm: Resource, pages: set[str], sections: set[str]) -> Iterator[str]:
    properties = alarm.properties
    if "Metrics" in properties or "MetricName" not in properties:
        yield f"{alarm}: alarm on more than one plain metric"
    page = PAGE.search(str(properties.get("AlarmDescription", "")))
    if not page:
        yield f"{alarm}: its description does not end with its page, infra/runbook/<kind>.md"
    elif page[1] not in pages:
        yield f"{alarm}: there is no page infra/runbook/{page[1]}.md"
    elif page[1] not in OF_NO_USE_CASE and page[2] not in sections:
        yield f"{alarm}: infra/runbook/{SECTIONS}.md has no section {page[2]}"
    silent = properties.get("TreatMissingData") == "breaching"
    if (properties.get("MetricName") == Metric.SCHEDULED_RUNS.title) is not silent:
        yield f"{alarm}: missing data is a breach for what has to run, and for nothing else"


def _page_faults(alarms: Sequence[Resource], pages: set[str]) -> Iterator[str]:
    matches = [PAGE.search(str(a.properties.get("AlarmDescription", ""))) for a in alarms]
    named = {match[1] for match in matches if match}
    for page in sorted(pages - named - NOT_A_PAGE):
        yield f"infra/runbook/{page}.md: no alarm has this page"


def _section_faults(sections: set[str], use_cases: Sequence[UseCase]) -> Iterator[str]:
    names = {case.name for case in use_cases}
    for name in sorted(names - sections):
        yield f"infra/runbook/{SECTIONS}.md: no section says what stands still with {name}"
    for name in sorted(sections - names):
        yield f"infra/runbook/{SECTIONS}.md: there is no use case {name}"


def faults(assembly: Assembly, use_cases: Sequence[UseCase], runbook: Path = RUNBOOK) -> list[str]:
    """Alarms that are missing, cannot be read alone, or leave a person without help."""
    pages = {path.stem for path in runbook.glob("*.md")}
    text = (runbook / f"{SECTIONS}.md").read_text()
    sections = set(re.findall(r"^## (\w+)$", text, re.MULTILINE))
    alarms = list(assembly.resources("AWS::CloudWatch::Alarm"))
    watched = _watched(assembly)
    missing = [needed for needed in _needed(assembly, use_cases) if needed not in watched]
    return [
        *(f"no alarm on {metric} of {of}" for metric, of in missing),
        *(fault for alarm in alarms for fault in _alarm_faults(alarm, pages, sections)),
        *_page_faults(alarms, pages),
        *_section_faults(sections, use_cases),
    ]
