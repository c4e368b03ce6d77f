"""How Lambda and the local system get into a function: its handler, with the metrics around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from busbar import settle
from busbar.observability import Metric, count, counting
from busbar.settings.function import Settings
from busbar.settings.reading import on_lambda, read_settings
from busbar.wiring.clients import Clients

Handler = Callable[[dict[str, Any], Any], Any]
"""A Lambda handler: (event, context) -> answer."""


MakeHandler = Callable[[Settings, "Clients"], Handler]


SCHEDULE_SOURCE = "busbar.schedule"
"""`source` of the event with which a schedule starts a function."""


def entry(make: MakeHandler, settings: Settings, clients: Clients) -> Handler:
    """The handler as Lambda and the local system run it: with the metrics of its use case.

    The use case is the folder that `make` stands in, so that no handler has to say it.
    """
    use_case = make.__module__.split(".")[-2]
    handler = make(settings, clients)

    def measured(event: dict[str, Any], context: Any) -> Any:
        with counting(settings.stage, use_case, clients.clock.now):
            answer = handler(event, context)
            _count_outcome(event, answer)
        return answer

    return measured


def _count_outcome(event: Mapping[str, Any], answer: Any) -> None:
    handled, failed = 1, 0
    if "Records" in event:
        # A worker that answers nothing has done all of it.
        failures = answer.get("batchItemFailures", ()) if isinstance(answer, dict) else ()
        handled, failed = _of_batch(event["Records"], failures)
    elif isinstance(answer, dict) and answer.get("statusCode", 0) >= 500:
        handled, failed = 0, 1
    count(Metric.HANDLED, value=handled)
    count(Metric.FAILED, value=failed)
    if event.get("source") == SCHEDULE_SOURCE:
        count(Metric.SCHEDULED_RUNS)


def _of_batch(records: Sequence[Any], failures: Sequence[Mapping[str, str]]) -> tuple[int, int]:
    """How many were handled and failed. A stream's batch ends at the first that failed."""
    numbers = [r["dynamodb"]["SequenceNumber"] for r in records if "dynamodb" in r]
    for failure in failures:
        if failure["itemIdentifier"] in numbers:
            return numbers.index(failure["itemIdentifier"]), 1
    return len(records) - len(failures), len(failures)


def settled(handler: Handler) -> Handler:
    """After the first call all is imported and made that will be: the garbage collector need never
    look at that again, which is a tenth of a call's CPU."""
    waiting = True

    def called(event: dict[str, Any], context: Any) -> Any:
        nonlocal waiting
        try:
            return handler(event, context)
        finally:
            if waiting:
                waiting = False
                settle()

    return called


def lambda_entry(make: MakeHandler) -> Handler:
    """The module-level `lambda_handler`: built from the environment on Lambda, only there."""
    if on_lambda():
        return settled(entry(make, read_settings(), Clients()))

    def not_here(_event: dict[str, Any], _context: Any) -> Any:
        raise RuntimeError("Outside Lambda call make_handler(settings, clients)")

    return not_here
