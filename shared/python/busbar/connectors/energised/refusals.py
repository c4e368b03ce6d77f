"""What an error answer of be.ENERGISED means.

Documented: errors carry a `message`, and an unknown card is a 404. The CPO API follows jsonapi.org
(documented), whose errors stand in a list `errors`. The rest of the catalogue is not public, so
statuses decide. A message may name a person and is never kept; of its words only the names of
fields that we know are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from busbar.connectors.reading import UnreadableError, json_of
from busbar.errors import Missing, Refused, Unavailable, Unknown, UpstreamError

FIELDS = (
    "tag",
    "number",
    "reference",
    "active",
    "label",
    "contact_id",
    "billing_contact_id",
    "updated_since",
    "offset",
    "limit",
    "name",
    "email",
    "gender",
    "street",
    "zip",
    "city",
    "country",
    "phone",
    "company_id",
    "customer_number",
    "customer_reference",
    "first_name",
    "account_locale",
    "password",
    "card_no",
    "rate_id",
    "chargeBoxIdentity",
    "contactUuid",
    "tariff",
    "unitPrice",
    "validFrom",
)
_TRY_LATER = frozenset({401, 407, 408, 423, 425, 429})
"""401: the token is a matter for an alarm, and what waits for it must not die."""
_ALSO_OF_PROXIES = frozenset({403, 404})
"""Without a message not be.ENERGISED but something before it has answered."""


@dataclass(frozen=True)
class Refusal:
    """An answer outside 2xx."""

    status: int
    body: bytes
    retry_after: float | None
    request_id: str

    def error(self, operation: str, *, writes: bool) -> UpstreamError:
        """The error that says what has to be done."""
        message = self._message()
        kind = self._kind(writes, own=message is not None)
        fields = ", ".join(f for f in FIELDS if re.search(rf"\b{f}\b", message or ""))
        error = kind("energised", operation, fields, f"HTTP_{self.status}", self.request_id)
        if isinstance(error, Unavailable):
            error.retry_after = self.retry_after
        return error

    def _kind(self, writes: bool, *, own: bool) -> type[UpstreamError]:
        if self.status in _TRY_LATER or (self.status in _ALSO_OF_PROXIES and not own):
            return Unavailable
        if self.status == 404:
            return Missing
        if 400 <= self.status < 500:
            return Refused
        return Unknown if writes else Unavailable

    def _message(self) -> str | None:
        try:
            value = json_of(self.body)
        except UnreadableError:
            return None
        if not isinstance(value, dict):
            return None
        message, errors = value.get("message"), value.get("errors")
        if isinstance(errors, list) and errors:
            return " ".join(_texts(errors))
        return message if isinstance(message, str) else None


def _texts(errors: list[object]) -> Iterator[str]:
    """What the errors of jsonapi.org say: `title` and `detail`, and `source.pointer`."""
    for error in errors:
        row = error if isinstance(error, dict) else {}
        source = row.get("source")
        pointer = source.get("pointer") if isinstance(source, dict) else None
        yield from (str(text) for text in (row.get("title"), row.get("detail"), pointer) if text)
