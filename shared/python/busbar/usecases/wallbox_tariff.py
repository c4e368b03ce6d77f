"""A driver sets what he is paid for a kilowatt-hour at his wallbox.

The newest tariff of a wallbox is kept here, and each that was set stands in the audit trail.
be.ENERGISED and Salesforce are told by `wallbox_forward`, each as soon as it can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from busbar.domain.authorisation import require
from busbar.domain.currencies import CURRENCIES
from busbar.domain.customers import Caller
from busbar.domain.wallboxes import Tariff, Wallbox
from busbar.errors import Conflict, FieldError
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.inputs import Day, EntityId, Input
from busbar.usecases.own_wallboxes import own_wallbox
from busbar.usecases.wallbox_forward import tell_asset, tell_station, wallbox_errand
from busbar.usecases.wallbox_submission import refused

HIGHEST = Decimal(1000)
"""Cents for a kilowatt-hour: ten times what any is worth."""
MOST_DECIMALS = 4
"""What Salesforce's field holds."""
FARTHEST = timedelta(days=366)
"""How far ahead a tariff may be set."""


def _price(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"-?(0|[1-9]\d{0,11})(\.\d{1,12})?", value):
        raise ValueError('has to be a decimal as text, such as "32.45"')
    if value.startswith("-"):
        raise ValueError("may not be negative")
    if len(value.partition(".")[2]) > MOST_DECIMALS:
        raise ValueError(f"may have {MOST_DECIMALS} decimals")
    if Decimal(value) > HIGHEST:
        raise ValueError(f"may be {HIGHEST} ct/kWh at most")
    return value


def _currency(value: Any) -> Any:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise ValueError("has to be a code of ISO 4217, such as EUR")
    return value


class TariffInput(Input):
    """A tariff. `wallbox_id` may be left out by who has one wallbox alone."""

    # The forms first: behind the checks they would be missing from the API's document.
    unit_price: Annotated[
        str, Field(pattern=r"^(0|[1-9][0-9]{0,3})([.][0-9]{1,4})?$"), BeforeValidator(_price)
    ]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$"), BeforeValidator(_currency)]
    valid_from: Day
    wallbox_id: EntityId | None = None

    def tariff(self) -> Tariff:
        """As a value of the domain."""
        return Tariff(
            unit_price=self.unit_price, currency=self.currency, valid_from=self.valid_from
        )


def set_tariff(asked: TariffInput, caller: Caller, deps: Deps) -> str:
    """Keep the tariff, and have it told; the wallbox's id. Raises `Problem` 404, 422.

    The same again changes nothing, but for what a system has refused: that is wanted anew.
    """
    require(caller, "my_wallbox_tariff")
    for _ in range(TRIES):
        stored = own_wallbox(caller, asked.wallbox_id, deps)
        if faults := _faults(asked, stored.record, deps.clock.now().date()):
            raise refused(faults)
        changes = [*_changes(stored, asked.tariff(), caller, deps)]
        try:
            deps.store.commit(*changes)
        except Conflict:
            continue
        return stored.record.id
    raise Conflict(f"{Wallbox.schema_name} of {caller.user.id}")


def _faults(asked: TariffInput, wallbox: Wallbox, today: date) -> Sequence[FieldError]:
    if asked.tariff() == wallbox.tariff:
        return ()  # it was checked when it was set
    if asked.valid_from < today:
        return (FieldError("valid_from", "is in the past"),)
    if asked.valid_from > today + FARTHEST:
        latest = (today + FARTHEST).isoformat()
        return (FieldError("valid_from", f"has to be {latest} at the latest"),)
    return ()


def _changes(
    stored: Stored[Wallbox], tariff: Tariff, caller: Caller, deps: Deps
) -> Iterator[Change]:
    wallbox = stored.record.model_copy(update={"tariff": tariff})
    said = tariff.model_dump(mode="json")
    told = (
        *tell_asset(wallbox, {"tariff": said}, deps),
        *tell_station(wallbox, {"tariff": said}, deps),
    )
    if wallbox == stored.record and not told:
        return
    yield Save(wallbox, stored)
    yield from told
    yield deps.outbox.awake(wallbox_errand(wallbox.id, stored.version + 1, deps))
    yield from deps.audit.entry(
        caller, "my_wallbox_tariff", Wallbox.schema_name, wallbox.id, details=said
    )
