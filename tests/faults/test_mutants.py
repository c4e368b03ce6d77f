"""Each guard is taken out, and the harness has to turn red: else its zeros would prove nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.local.options import ROOT
from tests.faults.guards import Edit, Mutant
from tests.faults.mutants import MUTANTS, StaleMutantError, mutated

GUARDS = {
    "intent",
    "probe",
    "settle window of a create",
    "settle window of an object",
    "step lease",
    "object lease",
    "fencing",
    "read-back",
    "idempotency record",
    "payload fingerprint",
    "caller in the key",
    "version condition",
    "outbox in the transaction",
    "sweep",
    "partial batch answer",
    "dead-letter queue",
    "what a dead letter must not hold",
    "probe after a decision",
    "time at which somebody looked",
    "task and order in one transaction",
    "errand of a decision",
    "audit in the transaction",
    "audit of a new company in the transaction",
    "audit of a removal in the transaction",
    "circuit",
    "lease of a probe",
    "shared limit",
    "lane",
    "mark after the work",
    "cursor before what was postponed",
    "errand of a card in a collection",
    "unknown outcome of a collection",
    "request in S3 before the queue",
    "deduplication after the queue",
    "message that the queue refused",
    "group that stops after an event",
    "group that stops after an event that cannot be read",
    "consistent look for a meter",
    "partial batch answer of the worker",
    "parked by its message",
    "outcomes before parking",
    "parked at its first try",
    "place that a run has come to",
    "place of a page until all of it is compared",
    "run that goes on by an errand",
    "lists no older than what is passed over",
    "copy of an uploaded payload",
    "prune that is remembered before its scope is read",
    "newer prune that came in between",
    "version of an entity",
    "lookups in the transaction",
    "slices sent for again",
    "slice that stays where it is until its lines are applied",
    "rows of a batch in the place of its first ones",
    "line that knows its own deduplication id",
    "only what is newer",
    "errand of an event that waits",
    "errand before the message is done",
    "errand until its work has ended",
    "newer event that says another relation",
    "approval before a refund card",
    "refund card off when an approval is taken back",
    "newest review",
    "order in the transaction of a review",
    "proof by its content",
    "newest proof",
    "proof before its upload is gone",
    "tariff before the wallbox is joined",
    "other orders of a driver",
    "what another order has taken out of use",
    "look before the first intent",
    "intent after the look",
    "what was there before is not ours",
    "task about a serial number in the transaction",
    "way back to its end",
    "execution that a restart has ended",
    "errand of a new execution",
}
"""What the step contract, the doors and the outbox rest on."""


def test_should_have_a_mutant_for_every_guard() -> None:
    assert {m.guard for m in MUTANTS} >= GUARDS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.guard)
def test_should_turn_red_without_the_guard(mutant: Mutant) -> None:
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.faults.mutants", mutant.guard],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'shared' / 'python'}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(f"red   {mutant.guard} ({mutant.setup})")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.guard)
def test_should_change_what_stands_in_the_product(mutant: Mutant) -> None:
    for module in {edit.module for edit in mutant.edits}:
        spec = find_spec(module)
        assert spec
        assert spec.origin
        text = Path(spec.origin).read_text("utf-8")
        mine = [edit for edit in mutant.edits if edit.module == module]
        assert mutated(text, mine) != text


def test_should_refuse_a_mutant_that_changes_nothing() -> None:
    with pytest.raises(StaleMutantError):
        mutated("text", [Edit("module", "not there", "")])
