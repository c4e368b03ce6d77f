"""Personal data of the sample people, which must never be found where it does not belong.

Every test runs with them: in our records, in the simulators, in requests and answers. `Canaries`
hears every line that is logged meanwhile; `found_in` looks at everything else.
"""

from __future__ import annotations

import json
import logging
import re

from infra.local.sample import users
from infra.simulators.sample import COMPANIES, DRIVERS, cards

_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[0-9]){11,30}\b")
_PHONE = re.compile(r"(?<![\w.-])\+49[ 0-9/-]{6,}")
_CARD = re.compile(r"\bDE-BBX-C[0-9]{8}-[0-9A-Z]\b")
NAMES = tuple(
    {
        *(user.name for user in users() if user.company_id),
        *(driver.name for driver in DRIVERS),
        *(company.name for company in COMPANIES),
        *(company.street for company in COMPANIES),
        *(card.tag for card in cards(20)),
    }
)


def found_in(text: str) -> list[str]:
    """What of a person stands in a text: names and streets of the samples, and whatever has the
    form of an address, a phone number, an IBAN or a card number."""
    found = [match for form in (_MAIL, _IBAN, _PHONE, _CARD) for match in form.findall(text)]
    return found + [name for name in NAMES if name in text]


class Canaries(logging.Handler):
    """Hears the product's log lines, with all that stands beside the message."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember what should not be there."""
        line = json.dumps(record.__dict__, default=str, ensure_ascii=False)
        self.heard += [f"{sign} in {record.getMessage()!r}" for sign in found_in(line)]
