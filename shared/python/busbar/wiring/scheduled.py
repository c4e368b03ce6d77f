"""Runs that a schedule starts, or a person instead of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from busbar.errors import BusbarError
from busbar.observability import begin, cause, logger
from busbar.usecases.deps import Deps, TimeLeft, time_left

if TYPE_CHECKING:
    from busbar.wiring.parts import Parts


ON_DEMAND_SECONDS = 24.0
"""A portal waits at most 29 seconds for API Gateway."""


SCHEDULED_SECONDS = 50.0
"""All of a scheduled run, which may take 60."""


def run_for_orgs(
    parts: Parts,
    run: Callable[[Deps, TimeLeft], Mapping[str, Any]],
    done: str,
    failed: str,
    seconds: float = SCHEDULED_SECONDS,
) -> None:
    """A scheduled run for each org, whose report is logged as `done`, a broken one as `failed`.

    All of them share the `seconds`.
    """
    # Each org has its own share of the time: none waits for another's slow system.
    share = seconds / len(parts.settings.orgs)
    for org in parts.settings.orgs:
        begin()
        try:
            report = run(parts.deps(org), time_left(parts.clock, share))
            logger.info(done, extra={"org": org, **report})
        except BusbarError as error:
            logger.error(failed, extra={"org": org, "error": cause(error)})
