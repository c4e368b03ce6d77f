"""The Embedded Metric Format that we write: right by its specification, whatever was counted."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from busbar.observability import NAMESPACE, Metric, count, counting, observe
from tests.doubles.clock import ManualClock
from tests.doubles.emf import documents, faults


def counted(capsys: pytest.CaptureFixture[str], *calls: tuple[Metric, str, float]) -> list[Any]:
    """The documents of one invocation that counts this, or observes it if it is a time."""
    with counting("dev", "any_use_case", ManualClock().now):
        for metric, of, value in calls:
            (count if metric.unit == "Count" else observe)(metric, of, value)
    return documents(capsys.readouterr().out)


def everything(capsys: pytest.CaptureFixture[str]) -> Any:
    """A document with every metric."""
    (found,) = counted(capsys, *[(m, "" if m.by == "UseCase" else "any", 2) for m in Metric])
    return found


def test_should_write_one_document_for_all_metrics_of_an_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = everything(capsys)

    assert faults(found) == []
    assert {m.title: found[m.title] for m in Metric} == {m.title: 2 for m in Metric}
    assert found["_aws"]["Timestamp"] == int(ManualClock().now().timestamp() * 1000)
    by = {d["Dimensions"][0][1]: d for d in found["_aws"]["CloudWatchMetrics"]}
    assert {name: [m["Name"] for m in d["Metrics"]] for name, d in by.items()} == {
        name: [m.title for m in Metric if m.by == name] for name in ("UseCase", "System", "Org")
    }
    assert {d["Namespace"] for d in by.values()} == {NAMESPACE}


def test_should_add_up_counts_and_keep_times_apart(capsys: pytest.CaptureFixture[str]) -> None:
    call = (Metric.CALLS, "sap", 1.0)
    (found,) = counted(capsys, call, call, (Metric.LATENCY, "sap", 7), (Metric.LATENCY, "sap", 9))

    assert faults(found) == []
    assert (found["Calls"], found["Latency"]) == (2, [7, 9])


def test_should_write_another_document_for_another_value_of_a_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = counted(
        capsys,
        (Metric.CALLS, "sap", 1),
        (Metric.CALLS, "salesforce", 3),
        (Metric.HANDLED, "", 1),
        (Metric.CALLS_FAILED, "salesforce", 1),
    )

    assert [fault for document in found for fault in faults(document)] == []
    assert [{k: v for k, v in d.items() if k != "_aws"} for d in found] == [
        {"Stage": "dev", "System": "sap", "Calls": 1, "UseCase": "any_use_case", "Handled": 1},
        {"Stage": "dev", "System": "salesforce", "Calls": 3, "CallsFailed": 1},
    ]


def test_should_split_what_is_more_than_a_hundred_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = counted(capsys, *[(Metric.LATENCY, "sap", n) for n in range(201)])

    assert [fault for document in found for fault in faults(document)] == []
    values = [d["Latency"] if isinstance(d["Latency"], list) else [d["Latency"]] for d in found]
    assert [len(v) for v in values] == [100, 100, 1]
    assert [n for some in values for n in some] == list(range(201))


def test_should_write_what_was_counted_when_the_work_raises(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> None:
        with counting("dev", "any", ManualClock().now):
            count(Metric.CALLS, "sap")
            raise ValueError("any")

    with pytest.raises(ValueError, match="any"):
        work()

    (found,) = documents(capsys.readouterr().out)
    assert (found["Failed"], found["Calls"]) == (1, 1)


def test_should_write_nothing_when_nothing_is_counted_or_outside_an_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    count(Metric.CALLS, "sap")
    observe(Metric.LATENCY, "sap", 1)

    assert counted(capsys) == []


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("_aws", "Timestamp"), "now", "Timestamp"),
        (("_aws", "CloudWatchMetrics"), [], "CloudWatchMetrics"),
        (("_aws", "CloudWatchMetrics", 0, "Namespace"), "", "Namespace"),
        (("_aws", "CloudWatchMetrics", 0, "Dimensions"), [["Nowhere"]], "Nowhere"),
        (("_aws", "CloudWatchMetrics", 0, "Dimensions"), [["Stage"] * 31], "more than 30"),
        (("_aws", "CloudWatchMetrics", 0, "Metrics"), [], "Metrics"),
        (("_aws", "CloudWatchMetrics", 0, "Metrics", 0, "Unit"), "Pieces", "no such unit"),
        (("_aws", "CloudWatchMetrics", 0, "Metrics", 0, "Name"), "Gone", "Gone"),
        (("Stage",), "Grün", "Stage"),
        (("Handled",), "2", "Handled"),
        (("Handled",), [1] * 101, "Handled"),
    ],
)
def test_should_notice_what_cloudwatch_would_drop(
    capsys: pytest.CaptureFixture[str], path: tuple[Any, ...], value: object, says: str
) -> None:
    planted = copy.deepcopy(everything(capsys))
    holder = planted
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value

    assert any(says in fault for fault in faults(planted))
