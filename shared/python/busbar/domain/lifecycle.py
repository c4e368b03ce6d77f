"""Where an order can stand, what may follow what, and what the portal says of it.

One table, `LIFECYCLE`, holds the states, their German words and the states that may follow. The
status values of a Salesforce org are mapped onto the states by a setting; `DEFAULT_STATUS_MAP` is
what a plain org uses.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class OrderStatus(StrEnum):
    """Where an order stands."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"
    IN_PROGRESS = "in_progress"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class Stage(NamedTuple):
    """One row of the lifecycle."""

    german: str
    followed_by: frozenset[OrderStatus]


_S = OrderStatus
LIFECYCLE: dict[OrderStatus, Stage] = {
    _S.ACCEPTED: Stage(
        "Angenommen",
        frozenset(
            {
                _S.SUBMITTED,
                _S.IN_PROGRESS,
                _S.PARTLY_DELIVERED,
                _S.DELIVERED,
                _S.CANCELLED,
                _S.REJECTED,
            }
        ),
    ),
    _S.SUBMITTED: Stage(
        "Ausgangsstatus",
        frozenset({_S.IN_PROGRESS, _S.PARTLY_DELIVERED, _S.DELIVERED, _S.CANCELLED, _S.REJECTED}),
    ),
    _S.IN_PROGRESS: Stage(
        "Bearbeitung",
        frozenset({_S.PARTLY_DELIVERED, _S.DELIVERED, _S.CANCELLED, _S.REJECTED}),
    ),
    _S.PARTLY_DELIVERED: Stage(
        "Teilgeliefert", frozenset({_S.IN_PROGRESS, _S.DELIVERED, _S.CANCELLED})
    ),
    # A newer event of the leading system may take a delivery back: parcels get lost.
    _S.DELIVERED: Stage("Geliefert", frozenset({_S.IN_PROGRESS, _S.PARTLY_DELIVERED})),
    _S.CANCELLED: Stage("Storniert", frozenset()),
    _S.REJECTED: Stage("Abgelehnt", frozenset()),
}

WAITING: dict[str, str] = {
    "salesforce_unavailable": "Salesforce ist gerade nicht erreichbar; die Bestellung folgt.",
    "company_not_in_salesforce": "Das Unternehmen wird noch in Salesforce angelegt.",
    "unavailable": "{system} ist gerade nicht erreichbar; die Bestellung folgt.",
    "probe_failed": "{system} ist gerade nicht erreichbar; die Bestellung folgt.",
    "outcome_unknown": "Die Bestätigung von {system} steht noch aus.",
    "settling": "Die Bestätigung von {system} steht noch aus.",
    "customer_in_review": "Die Kundendaten werden von unserem Service geprüft.",
}
"""What the portal says of a reason to wait, and of the system that it is waited for."""
IN_REVIEW = "Die Bestellung wird von unserem Service geprüft."
ON_ITS_WAY = "Die Bestellung wird gerade übertragen."
GOING_BACK: dict[str, str] = {
    "unavailable": "{system} ist gerade nicht erreichbar; danach geht die Rücknahme weiter.",
    "outcome_unknown": "Die Bestätigung von {system} steht noch aus.",
    "settling": "Die Bestätigung von {system} steht noch aus.",
}
"""The same of an order that has ended, while what it had created is taken back."""
BACK_IN_REVIEW = "Was schon angelegt war, wird von unserem Service geprüft."
ON_ITS_WAY_BACK = "Was schon angelegt war, wird gerade zurückgenommen."


def is_parked(reason: str | None) -> bool:
    """Whether what is waited for is a person's decision."""
    return reason is not None and reason.startswith("task:")


def waiting_text(reason: str | None, system: str = "Salesforce") -> str | None:
    """A reason to wait, in the words of the portal; a parked order is with the service."""
    if reason is None:
        return None
    text = IN_REVIEW if is_parked(reason) else WAITING.get(reason, ON_ITS_WAY)
    return text.format(system=system)


def going_back_text(reason: str | None, system: str) -> str | None:
    """Why an order that has ended is not all taken back yet."""
    if reason is None:
        return None
    text = BACK_IN_REVIEW if is_parked(reason) else GOING_BACK.get(reason, ON_ITS_WAY_BACK)
    return text.format(system=system)


REJECTED: dict[str, str] = {
    "quantity_out_of_range": "Die Menge liegt außerhalb dessen, was bestellt werden kann.",
    "cancelled_by_service": "Unser Service hat die Bestellung storniert.",
    "product_not_sold": "Ein bestelltes Produkt wird nicht mehr angeboten.",
}
"""What the portal says of a reason why an order ended before Salesforce had it."""


def rejected_text(reason: str | None, note: str) -> str | None:
    """Why an order ended, in the words of the portal, with what the clerk adds."""
    if reason is None:
        return None
    text = REJECTED.get(reason, "Die Bestellung wurde nicht angenommen.")
    return f"{text} Grund: {note}" if note else text


DEFAULT_STATUS_MAP: dict[str, OrderStatus] = {
    "Draft": _S.SUBMITTED,
    "Ausgangsstatus": _S.SUBMITTED,
    "Activated": _S.IN_PROGRESS,
    "Bearbeitung": _S.IN_PROGRESS,
    "Teilgeliefert": _S.PARTLY_DELIVERED,
    "Geliefert": _S.DELIVERED,
    "Storniert": _S.CANCELLED,
    "Abgelehnt": _S.REJECTED,
}
