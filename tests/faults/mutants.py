"""Guards of the product, each with what takes it out and where that must be seen.

A harness that finds nothing proves nothing unless it finds something where something is wrong. So
each guard has a mutant here: a change of the product's text, done as the module is imported, in a
process of its own (`python -m tests.faults.mutants NAME`). The product has no switch for it, and no
function of it is replaced.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from io import StringIO
from types import CodeType, ModuleType

from tests.faults.guards import Edit, Mutant
from tests.faults.guards_of_events import EVENT_MUTANTS
from tests.faults.guards_of_reconcile import PLACE_MUTANTS
from tests.faults.guards_of_wallboxes import WALLBOX_MUTANTS
from tests.faults.setups import Setup

CREATE, LEDGER = "busbar.process.create", "busbar.process.ledger"
KEYS, OUTBOX = "busbar.process.idempotency", "busbar.process.outbox"
TASKS, WAYS_OUT = "busbar.usecases.tasks", "busbar.usecases.task_orders"
CIRCUIT = "busbar.process.circuit"
PROBE, ONE_CARD, ONE_KEY = Setup(mode="probe"), Setup("one card"), Setup("one key")
PARKED = Setup("parked")

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "intent",
        PROBE,
        (
            Edit(
                CREATE,
                'return self._write(row, stored) or Later(row.lease_until, "in_progress")',
                "return Stored(row, stored.version if stored else 0, now)",
            ),
            Edit(
                CREATE,
                "self._store.commit(Save(row, before))",
                "self._store.commit(Save(row, before if before and before.version else None))",
            ),
            Edit(
                CREATE,
                "self._store.commit(Save(row, stored), *more())",
                "self._store.commit("
                "Save(row, stored if stored and stored.version else None), *more())",
            ),
        ),
    ),
    Mutant(
        "probe",
        PROBE,
        (Edit(CREATE, "hits = step.find(step.reference, step.timeout)", "hits = ()"),),
    ),
    Mutant(
        "settle window of a create",
        PROBE,
        (Edit(CREATE, 'if step.mode == "probe" and now < settled_at:', "if False:"),),
    ),
    Mutant(
        "settle window of an object",
        Setup("one card", trouble="storm"),
        (
            Edit(
                LEDGER,
                'return Later(settled_at, "settling") if now < settled_at else None',
                "return None",
            ),
        ),
    ),
    Mutant(
        "step lease",
        Setup("one key", "none", "crowd"),
        (
            Edit(
                CREATE,
                "if now < row.lease_until:\n"
                '            return Later(row.lease_until, "in_progress")\n'
                "        if step.mode",
                "if step.mode",
            ),
        ),
        seeds=1,
    ),
    Mutant(
        "object lease",
        Setup("one card", trouble="storm"),
        (
            Edit(
                LEDGER,
                'return Later(row.lease_until, "in_progress")\n        settled_at',
                "return None\n        settled_at",
            ),
        ),
        first=85,
    ),
    Mutant(
        "fencing",
        Setup("deaf card", trouble="sleepers"),
        (
            Edit(
                LEDGER,
                "if current is None or current.record.attempt != leased.record.attempt:",
                "if current is None:",
            ),
        ),
    ),
    Mutant(
        "token of an errand",
        Setup("outage", "probe"),
        (
            Edit(
                OUTBOX,
                "if stored is None or stored.record.command.token != errand.command.token:",
                "if stored is None:",
            ),
        ),
        first=21,
    ),
    Mutant(
        "read-back",
        Setup("one card", trouble="storm"),
        (
            Edit(
                LEDGER,
                "return self._give_back(leased, error, intent=unknown)",
                "return self.finish(step, leased) if unknown "
                "else self._give_back(leased, error, intent=False)",
            ),
        ),
    ),
    Mutant(
        "idempotency record",
        Setup(),
        (Edit(KEYS, "if stored is not None and stored.record.expires > now:", "if False:"),),
    ),
    Mutant(
        "payload fingerprint",
        ONE_KEY,
        (Edit(KEYS, "if record.fingerprint != print_of_body:", "if False:"),),
    ),
    Mutant(
        "caller in the key",
        ONE_KEY,
        (Edit(KEYS, r"{scope}\x1f{caller}\x1f{key}", r"{scope}\x1f{key}"),),
    ),
    Mutant(
        "version condition",
        ONE_KEY,
        (
            Edit(
                "busbar.store.records",
                'condition = Holds("version", before.version) if before else Absent()',
                "condition = None",
            ),
        ),
    ),
    Mutant(
        "outbox in the transaction",
        Setup(),
        (
            Edit(
                "busbar.usecases.card_assignment",
                "deps.store.commit(*changes, row(errand))",
                "deps.store.commit(*changes); deps.store.commit(row(errand))",
            ),
        ),
    ),
    Mutant(
        "settle window of a contact",
        Setup("company", "probe"),
        (
            Edit(
                "busbar.usecases.contact_step",
                "mode=settings.contact_mode,",
                'mode="unique_key",',
            ),
        ),
    ),
    Mutant(
        "sweep",
        Setup(),
        (Edit("busbar.usecases.outbox_relay", "while time_left() > 5:", "while False:"),),
    ),
    Mutant(
        "partial batch answer",
        Setup("poison"),
        (
            Edit(
                "busbar.worker",
                'return {"batchItemFailures": failed}',
                'return {"batchItemFailures": []}',
            ),
        ),
        first=20,
    ),
    Mutant(
        "dead-letter queue",
        Setup("poison"),
        (Edit("busbar.worker", "self._parts.queues.park(_letter(body), rejected.reason)", "pass"),),
    ),
    Mutant(
        "what a dead letter must not hold",
        Setup("poison"),
        (Edit("busbar.worker", "if not _UNTOLD & payload.keys():", "if True:"),),
    ),
    Mutant(
        "task of a parked event",
        Setup("poison"),
        (Edit("busbar.worker", "deps.store.commit(Put(task))", "pass"),),
    ),
    Mutant(
        "mark after the work",
        Setup("all cards"),
        (Edit("busbar.usecases.card_walk", "if card.id not in left:", "if True:"),),
    ),
    Mutant(
        "cursor before what was postponed",
        Setup("many cards"),
        (
            Edit(
                "busbar.usecases.card_changes",
                "way.past(page, follow_cards(page.cards, deps, time_left, report, untold))",
                "follow_cards(page.cards, deps, time_left, report, untold); way.past(page, ())",
            ),
        ),
    ),
    Mutant(
        "errand of a card in a collection",
        Setup("many cards"),
        (
            Edit(
                "busbar.usecases.card_forward",
                "return Save(after, row), deps.outbox.guard(errand) if by_us "
                "else deps.outbox.awake(errand)",
                "return (Save(after, row),) if by_us "
                "else (Save(after, row), deps.outbox.awake(errand))",
            ),
        ),
    ),
    Mutant(
        "unknown outcome of a collection",
        Setup("hasty labels", trouble="storm"),
        (
            Edit(
                "busbar.process.ledger_bulk",
                "self._all_failed(list(wanted), error, found, wrote=True)",
                "self._all_failed(list(wanted), error, found, wrote=False)",
            ),
        ),
        first=88,
    ),
    Mutant(
        "probe after a decision",
        Setup("parked", "probe"),
        (
            Edit(
                "busbar.process.parked",
                "StepState.INTENT if row.attempt else StepState.PLANNED",
                "StepState.PLANNED",
            ),
        ),
        first=11,
    ),
    Mutant(
        "settle window of a decision",
        Setup("parked", "probe"),
        (
            Edit(
                "busbar.process.parked",
                '"lease_until": now, "deadline": now, "reason": ""',
                '"lease_until": now, "reason": ""',
            ),
        ),
        first=40,
    ),
    Mutant(
        "time at which somebody looked",
        Setup("hasty clerk", "none", "storm"),
        (Edit("busbar.usecases.task_ways", "if until and looked < until:", "if False:"),),
    ),
    Mutant(
        "task and order in one transaction",
        PARKED,
        (
            Edit(
                TASKS,
                "Save(task.decided(decision), asked.task),",
                "Save(task.decided(decision), asked.task),\n    )\n    deps.store.commit(",
            ),
        ),
    ),
    Mutant(
        "errand of a decision",
        PARKED,
        (
            Edit(
                WAYS_OUT,
                "return Save(after, order), deps.outbox.awake(errand)",
                "return (Save(after, order),)",
            ),
        ),
    ),
    Mutant(
        "audit in the transaction",
        PARKED,
        (
            Edit(
                TASKS,
                "*way(asked),\n        *deps",
                "*way(asked),\n    )\n    deps.store.commit(\n        *deps",
            ),
        ),
    ),
    Mutant(
        "audit of a new company in the transaction",
        Setup("company"),
        (
            Edit(
                "busbar.usecases.company_creation",
                "deps.store.commit(*_creation(company, there, bound, deps), *told)",
                "deps.store.commit(*_creation(company, there, bound, deps))\n"
                "        deps.store.commit(*told)",
            ),
        ),
        first=48,
    ),
    Mutant(
        "audit of a removal in the transaction",
        Setup("leaver"),
        (
            Edit(
                "busbar.usecases.users",
                "deps.store.commit(*_ended(gone, stored, [*unbound], deps), *told)",
                "deps.store.commit(*_ended(gone, stored, [*unbound], deps))\n"
                "    deps.store.commit(*told)",
            ),
        ),
        first=137,
    ),
    Mutant(
        "ledger row of a decision",
        Setup("refused card"),
        (
            Edit(
                "busbar.usecases.task_cards",
                "return (*again, deps.outbox.awake(errand))",
                "return (deps.outbox.awake(errand),)",
            ),
        ),
    ),
    Mutant(
        "order of events",
        Setup(),
        (
            Edit(
                "busbar.domain.tracked_orders",
                "tuple(sorted((*self.events, event), key=lambda e: e.version))",
                "(*self.events, event)",
            ),
        ),
    ),
    Mutant(
        "work in progress is no divergence",
        Setup("reconciled", "probe"),
        (
            Edit(
                "busbar.usecases.reconcile_orders",
                "    return age >= timedelta(seconds=deps.tuning.reconcile_after)\n\n\ndef order",
                "    return age >= timedelta(0)\n\n\ndef order",
            ),
        ),
    ),
)

MUTANTS += (
    Mutant(
        "circuit",
        Setup(trouble="calm"),
        (
            Edit(
                "busbar.settings.function",
                "circuit_failures: int = 3",
                "circuit_failures: int = 10**9",
            ),
        ),
        outage=True,
    ),
    Mutant(
        "lease of a probe",
        Setup(trouble="calm"),
        (Edit(CIRCUIT, '"probe_at": now + self._interval(probes)}', '"probe_at": now}'),),
        outage=True,
    ),
    Mutant(
        "shared limit",
        Setup(trouble="calm"),
        (Edit(CIRCUIT, "used = row.used if row.window == window else 0", "used = 0"),),
        outage=True,
    ),
    Mutant(
        "lane",
        Setup(trouble="calm"),
        (
            Edit(OUTBOX, '"lane": later.lane,', '"lane": "",'),
            Edit(OUTBOX, '"wake": not later.lane,', '"wake": True,'),
        ),
        outage=True,
    ),
)

STEPS = "busbar.usecases.wallbox_steps"
PROVISIONING = "busbar.usecases.wallbox_provisioning"
WALLBOX, TWO_WALLBOXES = Setup("one wallbox"), Setup("two drivers")

MUTANTS += (
    Mutant(
        "errand of a task",
        WALLBOX,
        (
            Edit(
                PROVISIONING,
                "deps.store.commit(Save(row, stored), deps.outbox.guard(errand))",
                "deps.store.commit(Save(row, stored))",
            ),
        ),
    ),
    Mutant(
        "reference of the person",
        TWO_WALLBOXES,
        (
            Edit(
                STEPS,
                "system=SAP,\n        reference=reference(PERSON_KIND, person.id),",
                "system=SAP,\n        reference=reference(PERSON_KIND, way.order.id),",
            ),
        ),
    ),
    Mutant(
        "start of an order in its transaction",
        WALLBOX,
        (
            Edit(
                "busbar.usecases.wallbox_order",
                "deps.store.commit(Save(kept), *changes, begins)",
                "deps.store.commit(Save(kept), *changes); deps.store.commit(begins)",
            ),
        ),
    ),
    Mutant(
        "answer before the errand ends",
        WALLBOX,
        (
            Edit(
                PROVISIONING,
                "outcome = _answer(waiting.record, outcome, deps)\n    give_up",
                "pass\n    give_up",
            ),
        ),
    ),
)
MUTANTS += WALLBOX_MUTANTS + EVENT_MUTANTS + PLACE_MUTANTS


class StaleMutantError(Exception):
    """What a mutant changes does not stand in the product any more: the mutant has to follow it."""


def mutated(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits done. Raises `StaleMutantError`."""
    for edit in edits:
        if (count := text.count(edit.old)) != 1:
            raise StaleMutantError(f"{edit.module}: {edit.old!r} stands there {count} times")
        text = text.replace(edit.old, edit.new)
    return text


class _Loader(SourceFileLoader):
    """Loads a module whose text is changed; its byte code is neither read nor kept."""

    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        """The code of the changed text."""
        path = self.get_filename(fullname)
        text = self.get_data(path).decode()
        return compile(mutated(text, self._edits), path, "exec", dont_inherit=True)


class Mutating(MetaPathFinder):
    """Finds the modules that a mutant changes."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module with the mutant's edits; None for all others."""
        edits = [edit for edit in self._mutant.edits if edit.module == fullname]
        spec = PathFinder.find_spec(fullname, path, target) if edits else None
        if spec and spec.origin:
            spec.loader = _Loader(fullname, spec.origin, edits)
        return spec


def main(guard: str) -> int:
    """Run one mutant until it is red. Exit code 0 if it is."""
    mutant = next(m for m in MUTANTS if m.guard == guard)
    sys.meta_path.insert(0, Mutating(mutant))
    # Only now: the product comes with them.
    from tests.faults import places  # noqa: PLC0415
    from tests.faults.outage import small_size  # noqa: PLC0415
    from tests.faults.poison import FEW, measured  # noqa: PLC0415
    from tests.faults.run import play_setup  # noqa: PLC0415

    logging.disable()
    start = time.monotonic()
    for seed in range(mutant.first, mutant.first + mutant.seeds):
        with redirect_stdout(StringIO()):
            if mutant.outage:
                found = small_size()
            elif mutant.poison:
                found = measured(FEW).found
            elif mutant.places:
                found = list(places.wrong())
            else:
                found = play_setup(mutant.setup, seed).found
        if found:
            seconds = time.monotonic() - start
            print(f"red   {guard} ({mutant.setup}), seed {seed}, {seconds:.0f} s: {found[0][:200]}")
            return 0
        if mutant.outage or mutant.poison or mutant.places:
            break
    print(f"GREEN {guard} ({mutant.setup}) over {mutant.seeds} seeds")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
