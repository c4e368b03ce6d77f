"""The dashboards draw all that there is, and every metric of ours is watched as it is written."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from busbar.observability import NAMESPACE, Metric
from infra.app import make_app
from infra.catalog import USE_CASES, Queue, use_case
from infra.check.assembly import Assembly
from infra.check.rules.alarms import NOT_A_PAGE, RUNBOOK
from infra.check.rules.queues import dead_letter_arns
from infra.stages import DEV

AssemblyOf = Callable[[str], Assembly]
SECTIONS = ["## Means", "## The customer notices", "## Look", "## Do", "## Escalate"]
LONGEST_PAGE = 60


def board(assembly: Assembly, name: str) -> list[dict[str, Any]]:
    """The widgets of a dashboard."""
    (found,) = [
        dashboard
        for dashboard in assembly.resources("AWS::CloudWatch::Dashboard")
        if dashboard.properties["DashboardName"] == f"busbar-{assembly.stage}-{name}"
    ]
    body = json.loads(assembly.text(found.stack, found.properties["DashboardBody"]))
    widgets: list[dict[str, Any]] = body["widgets"]
    return widgets


def drawn(widgets: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(namespace, metric, dimensions) of each line."""
    for widget in widgets:
        for line in widget["properties"]["metrics"]:
            texts = [part for part in line if isinstance(part, str)]
            yield texts[0], texts[1], dict(zip(texts[2::2], texts[3::2], strict=True))


def both(assembly: Assembly) -> list[tuple[str, str, dict[str, str]]]:
    """The lines of both dashboards."""
    names = ("business", "operations")
    return [line for name in names for line in drawn(board(assembly, name))]


def alarmed(assembly: Assembly) -> list[tuple[str, str, dict[str, str]]]:
    """The same of alarms."""
    return [
        (
            alarm.properties["Namespace"],
            alarm.properties["MetricName"],
            {d["Name"]: assembly.text(alarm.stack, d["Value"]) for d in a["Dimensions"]},
        )
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        for a in [alarm.properties]
    ]


def test_should_draw_every_function_on_the_operations_board(assembly: AssemblyOf) -> None:
    dev = assembly("dev")
    functions = {f"${{{function}}}" for function in dev.functions().values()}
    lines = list(drawn(board(dev, "operations")))

    for metric in ("Errors", "Throttles", "Duration"):
        assert {d["FunctionName"] for _, name, d in lines if name == metric} == functions


def test_should_draw_every_queue_and_every_dead_letter_queue(assembly: AssemblyOf) -> None:
    dev = assembly("dev")
    lines = list(drawn(board(dev, "operations")))
    depths = {d["QueueName"] for _, n, d in lines if n == "ApproximateNumberOfMessagesVisible"}

    assert depths == {arn.replace(".Arn}", ".QueueName}") for arn in dead_letter_arns(dev)}
    ages = [d for _, name, d in lines if name == "ApproximateAgeOfOldestMessage"]
    assert len(ages) == len([case for case in USE_CASES if case.queue])


@pytest.mark.parametrize("metric", Metric, ids=lambda m: m.title)
def test_should_show_every_metric_that_is_written(assembly: AssemblyOf, metric: Metric) -> None:
    dev = assembly("dev")

    assert metric.title in {name for _, name, _ in [*both(dev), *alarmed(dev)]}


def test_should_ask_for_metrics_of_ours_by_the_dimensions_with_which_they_are_written(
    assembly: AssemblyOf,
) -> None:
    """Another set of dimensions is another metric: it would never have a value."""
    dev = assembly("dev")
    by = {metric.title: metric.by for metric in Metric}
    ours = [line for line in [*both(dev), *alarmed(dev)] if line[0] == NAMESPACE]

    assert len(ours) > len(USE_CASES)
    for _, name, dimensions in ours:
        assert set(dimensions) == {"Stage", by[name]}
        assert dimensions["Stage"] == "dev"


def test_should_draw_a_new_use_case_by_itself(tmp_path: Path) -> None:
    from infra.stacks.watch import WatchStack  # noqa: PLC0415  (after infra.app chose the node)

    systems: Any = ("one_more_system",)
    new = dataclasses.replace(
        use_case("order_forward"),
        name="new_case",
        queue=Queue(),
        every_minutes=5,
        systems=systems,
    )
    app = make_app(str(tmp_path))
    WatchStack(app, "busbar-dev-watch", stage=DEV, use_cases=[*USE_CASES, new])
    app.synth()
    watch = Assembly.read(tmp_path, "dev")

    lines = both(watch)

    ours = {name for _, name, d in lines if d.get("UseCase") == "new_case"}
    assert {"Handled", "Failed", "Parked", "ErrandsWaiting", "OldestErrand"} <= ours
    assert {"Calls", "Latency"} <= {name for _, name, d in lines if d.get("System") == systems[0]}
    text = json.dumps(lines)
    for name in (
        "functions/new_case/name",
        "queues/new_case/name",
        "dead-letters/new_case/worker",
        "dead-letters/new_case/schedule",
    ):
        assert f"/busbar/dev/{name}" in text
    assert "an errand of new_case has waited" in json.dumps(watch.templates)


def test_should_place_graphs_side_by_side(assembly: AssemblyOf) -> None:
    for name in ("business", "operations"):
        places = {(w["x"], w["y"]) for w in board(assembly("dev"), name)}
        assert len(places) == len(board(assembly("dev"), name))
        assert all(w["properties"]["metrics"] for w in board(assembly("dev"), name))


@pytest.mark.parametrize(
    "page",
    sorted(p for p in RUNBOOK.glob("*.md") if p.stem not in NOT_A_PAGE),
    ids=lambda p: p.stem,
)
def test_should_have_pages_of_one_form_that_can_be_read_at_night(page: Path) -> None:
    lines = page.read_text().splitlines()

    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert len(lines) < LONGEST_PAGE
    assert f"({page.name})" in (RUNBOOK / "README.md").read_text()
