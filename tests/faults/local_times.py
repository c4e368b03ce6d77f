"""Seconds in place of minutes, in the proportions of the real stages."""

from __future__ import annotations

from busbar.settings.function import Tuning
from infra.catalog import USE_CASES
from infra.local.times import Times

LIMIT = 8
"""Seconds that a function may run that changes something outside, or works off a queue. Loading it
does not count."""
TIMES = Times(
    tuning=Tuning(
        answer_within=3.0,
        offer_within=1.5,
        card_answer_within=3.0,
        call_timeout=3.0,
        lease=9.0,
        idempotency_lease=9.0,
        pause_bound=float(LIMIT),
        retry_first=0.5,
        retry_most=4.0,
        wait_retry=2.0,
        sweep_after=2.0,
        resend_after=60.0,
        circuit_window=12.0,
        circuit_probe_first=4.0,
        circuit_probe_most=6.0,
        circuit_cache=0.2,
    ),
    # A run of the sync reads only, and has its own 24 s of a request: it keeps its minute.
    limits={u.name: LIMIT for u in USE_CASES if (u.systems or u.queue) and u.name != "sync_cards"},
    visibility=LIMIT + 2,
)
SWEEP = 1.0
"""Seconds between two runs of the sweep, which the schedule starts every minute."""
