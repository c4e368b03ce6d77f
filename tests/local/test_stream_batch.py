"""Lambda's rules for a batch that fails, without a cloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from infra.local.stream_batch import Answer, Record, Rules, deliver
from infra.local.stream_filter import matches


def records(*names: str) -> list[Record]:
    """Records whose sequence number is a name."""
    return [{"dynamodb": {"SequenceNumber": name}} for name in names]


def names(batch: Sequence[Record]) -> str:
    """The names of a batch, joined."""
    return "".join(r["dynamodb"]["SequenceNumber"] for r in batch)


class Worker:
    """A function that fails on record `x`: the whole batch, or with a partial answer."""

    def __init__(self, *, partial: bool = False, heals_after: int = 10**9) -> None:
        self.partial = partial
        self.heals_after = heals_after
        self.calls: list[str] = []
        self.given_up: list[tuple[str, int]] = []
        self.done = ""

    def call(self, batch: Sequence[Record]) -> Answer:
        self.calls.append(names(batch))
        bad = "x" in names(batch) and len(self.calls) <= self.heals_after
        if not bad:
            self.done += names(batch)
            return Answer(failed=False)
        if not self.partial:
            return Answer(failed=True)
        self.done += names(batch).partition("x")[0]
        return Answer(failed=False, body={"batchItemFailures": [{"itemIdentifier": "x"}]})

    def give_up(self, batch: Sequence[Record], tried: int) -> None:
        self.given_up.append((names(batch), tried))

    def run(self, batch: Sequence[Record], rules: Rules, *, waits: int = 100) -> bool:
        left = iter(range(waits))
        return deliver(
            batch, rules, self.call, self.give_up, lambda _: next(left, None) is not None
        )


def test_should_isolate_the_poison_by_halving() -> None:
    worker = Worker()
    assert worker.run(records(*"abcxef"), Rules(most_retries=1, bisect=True))
    assert (worker.done, worker.given_up) == ("abcef", [("x", 2)])


def test_should_isolate_the_poison_by_partial_answers() -> None:
    worker = Worker(partial=True)
    assert worker.run(records(*"abcxef"), Rules(most_retries=2, bisect=True, partial=True))
    assert (worker.done, worker.given_up) == ("abcef", [("x", 3)])


def test_should_give_up_the_whole_rest_without_bisecting() -> None:
    worker = Worker()
    assert worker.run(records(*"axb"), Rules(most_retries=1))
    assert worker.calls == ["axb", "axb"]
    assert worker.given_up == [("axb", 2)]


def test_should_retry_for_ever_unless_told_otherwise() -> None:
    worker = Worker(heals_after=20)
    assert worker.run(records(*"axb"), Rules())
    assert (worker.done, worker.given_up, len(worker.calls)) == ("axb", [], 21)


def test_should_keep_nothing_when_the_poller_ends_in_between() -> None:
    worker = Worker()
    assert not worker.run(records("x"), Rules(), waits=3)
    assert worker.given_up == []


def test_should_retry_all_when_the_answer_names_an_unknown_record() -> None:
    worker = Worker()
    answers = iter([{"batchItemFailures": [{"itemIdentifier": "?"}]}, None])
    calls: list[str] = []

    def call(batch: Sequence[Record]) -> Answer:
        calls.append(names(batch))
        return Answer(failed=False, body=next(answers))

    assert deliver(records(*"ab"), Rules(partial=True), call, worker.give_up, lambda _: True)
    assert calls == ["ab", "ab"]


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ('{"eventName":["INSERT","MODIFY"]}', True),
        ('{"eventName":["REMOVE"]}', False),
        ('{"dynamodb":{"NewImage":{"n":{"S":[{"prefix":"out"}]}}}}', True),
        ('{"dynamodb":{"NewImage":{"n":{"S":[{"anything-but":["outbox"]}]}}}}', False),
        ('{"dynamodb":{"OldImage":{"n":{"S":[{"exists":false}]}}}}', True),
        ('{"dynamodb":{"NewImage":{"m":{"S":["outbox"]}}}}', False),
    ],
)
def test_should_filter_records_as_lambda_does(pattern: str, passes: bool) -> None:
    record: dict[str, Any] = {
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {"n": {"S": "outbox"}}},
    }
    assert matches(record, [pattern]) is passes
    assert matches(record, [pattern, '{"eventName":["INSERT"]}'])
    assert matches(record, [])


def test_should_refuse_a_filter_rule_that_it_does_not_know() -> None:
    with pytest.raises(NotImplementedError, match="numeric"):
        matches({"a": 1}, ['{"a":[{"numeric":["=",1]}]}'])
