"""The guards of what follows a wallbox order, and of the way back of one."""

from __future__ import annotations

from tests.faults.guards import Edit, Mutant
from tests.faults.setups import Setup

ASSIGNMENT, REVIEW = "busbar.usecases.wallbox_assignment", "busbar.usecases.wallbox_review"
FORWARD, PROOF = "busbar.usecases.wallbox_forward", "busbar.usecases.wallbox_proof"
WAY_BACK, OBJECTS = "busbar.usecases.wallbox_way_back", "busbar.usecases.wallbox_objects"
CREATE = "busbar.process.create"
EXECUTIONS = "busbar.usecases.wallbox_executions"
PROVISIONING = "busbar.usecases.wallbox_provisioning"
REFUND, HASTY_REVIEWS = Setup("refund card"), Setup("hasty reviews")
BACK, REDRIVEN = Setup("way back"), Setup("redriven")
KNOWN_BACK = Setup("known driver goes back")

WALLBOX_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "approval before a refund card",
        REFUND,
        (
            Edit(
                "busbar.usecases.card_assignment",
                'return {"active": to.approved}',
                'return {"active": True}',
            ),
        ),
    ),
    Mutant(
        "refund card off when an approval is taken back",
        HASTY_REVIEWS,
        (
            Edit(
                "busbar.usecases.wallbox_approval",
                "if card.purpose is CardPurpose.REFUND and active is not None:",
                "if card.purpose is CardPurpose.REFUND and active:",
            ),
        ),
    ),
    Mutant(
        "newest review",
        HASTY_REVIEWS,
        (Edit(REVIEW, "return said if newer else None", "return said"),),
        first=77,
    ),
    Mutant(
        "order in the transaction of a review",
        Setup("hasty reviews", trouble="crowd"),
        (Edit(REVIEW, "    yield Save(order.record, order)\n", ""),),
        first=220,
    ),
    Mutant(
        "proof by its content",
        REFUND,
        (
            Edit(
                "busbar.domain.wallbox_proofs",
                "return next(known, Verdict.NO_PDF_OR_PICTURE)",
                'return next(known, "application/pdf")',
            ),
        ),
    ),
    Mutant(
        "newest proof",
        REFUND,
        (
            Edit(
                PROOF,
                "if known and (file.found.sent_at, file.kept_as) <= (known.sent_at, known.key):",
                "if False:",
            ),
        ),
        first=9,
    ),
    Mutant(
        "proof before its upload is gone",
        REFUND,
        (
            Edit(
                PROOF,
                "deps.files.keep(found.key, file.content, found.content_type)",
                "deps.files.drop(upload_key(deps.store.org, upload)); "
                "deps.files.keep(found.key, file.content, found.content_type)",
            ),
        ),
    ),
    Mutant(
        "tariff before the wallbox is joined",
        HASTY_REVIEWS,
        (
            Edit(
                FORWARD,
                "    _want(wallbox, found, contact, deps)\n    return setter.run(step)",
                "    return setter.run(step)",
            ),
        ),
    ),
    Mutant(
        "other orders of a driver",
        Setup("first order goes back"),
        (Edit(WAY_BACK, "alone = not left", "alone = True"),),
    ),
    Mutant(
        "what another order has taken out of use",
        Setup("back and again"),
        (
            Edit(
                OBJECTS,
                "    want(how, done.external_id, how.in_use, deps)\n",
                "",
            ),
        ),
        first=14,
    ),
    Mutant(
        "look before the first intent",
        KNOWN_BACK,
        (Edit(CREATE, 'if step.looks_first and step.mode != "none":', "if False:"),),
    ),
    Mutant(
        "intent after the look",
        Setup("known driver goes back", "probe"),
        (
            Edit(
                CREATE,
                "return self._before(step, stored) or self._attempt(step, stored)",
                "return self._attempt(step, stored)",
            ),
            Edit(
                CREATE,
                "found = step.create(step.reference, payload, left)",
                "found = next(iter(step.find(step.reference, left)), None) "
                "or step.create(step.reference, payload, left)",
            ),
        ),
    ),
    Mutant(
        "what was there before is not ours",
        KNOWN_BACK,
        (
            Edit(
                CREATE,
                "may_be_ours=False,\n            lease_until",
                "may_be_ours=True,\n            lease_until",
            ),
        ),
    ),
    Mutant(
        "task about a serial number in the transaction",
        Setup("unknown serial number"),
        (
            Edit(
                FORWARD,
                "return (Save(waits, stored), Put(task))",
                "return (Save(waits, stored),)",
            ),
        ),
    ),
    Mutant(
        "way back to its end",
        BACK,
        (
            Edit(
                WAY_BACK,
                "if not isinstance(outcome, Done):\n            return outcome",
                "if not isinstance(outcome, Done):\n            break",
            ),
        ),
    ),
    Mutant(
        "execution that a restart has ended",
        REDRIVEN,
        (Edit(PROVISIONING, "return begin_anew(stored, deps)", "return ()"),),
    ),
    Mutant(
        "errand of a new execution",
        REDRIVEN,
        (
            Edit(
                EXECUTIONS,
                "return Save(after, stored), start(after, deps)",
                "return (Save(after, stored),)",
            ),
        ),
    ),
)
