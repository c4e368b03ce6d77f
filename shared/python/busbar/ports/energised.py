"""be.ENERGISED, as far as orders need it. Raises `UpstreamError`s; durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from busbar.ports.outside import Found
from busbar.ports.runtime import Json

if TYPE_CHECKING:
    from busbar.domain.cards import BackendCard


@dataclass(frozen=True)
class CardPage:
    """A page of the card list of be.ENERGISED; `following` is the next offset, None at the end.

    `unreadable` names the rows that were left out because they make no card, by id, or by `""`
    where even that cannot be read: somebody has to look at them, as a caller that goes on by time
    will not see them again.
    """

    cards: tuple[BackendCard, ...]
    following: int | None
    unreadable: tuple[str, ...] = ()


class ChargingBackend(Protocol):
    """be.ENERGISED, as far as charging cards need it. `timeout` bounds the whole operation."""

    def read_card(self, card_id: str, timeout: float) -> BackendCard:
        """One card as it is now. Raises `Missing` if there is none."""
        ...

    def write_card(self, card_id: str, body: Mapping[str, Any], timeout: float) -> None:
        """Replace the card by `body`, made by `mappings/energised/card_forward.jsonata`."""
        ...

    def changed_cards(self, since: datetime | None, offset: int, timeout: float) -> CardPage:
        """Cards changed at or after `since`, oldest change first; may lag behind `read_card`.

        With `since` None all cards, in an order of the tenant's own.
        """
        ...


ContactKey = Literal["reference", "customer_number"]


class ContactBook(Protocol):
    """CRM contacts of be.ENERGISED: companies, drivers, private persons.

    `timeout` bounds the operation. The `fields` of what is found are `name`, `customer_number` and
    `company_id`, empty where the contact has none.
    """

    def find_contacts(self, key: ContactKey, value: str, timeout: float) -> Sequence[Found]:
        """The contacts whose reference or customer number is exactly this."""
        ...

    def create_contact(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a contact that carries our reference.

        `payload` is what `mappings/energised/contact_company`, `contact_driver` or
        `contact_private` made. A private person's portal user is made with it, where the tenant's
        route does that; its first password is random and forgotten.
        """
        ...


class ChargePoints(Protocol):
    """Charging stations of be.ENERGISED, as its CPO API shows them. `timeout` bounds the operation.

    That API has a token of its own, from a host of its own: where that one fails, all of these
    calls are `Unavailable`, and nothing is known of the rest of be.ENERGISED.
    """

    def find_stations(self, serial: str, timeout: float) -> Sequence[Found]:
        """The stations whose identity is exactly this serial number; the list may lag.

        `fields` hold `contact_id`, empty where the station is nobody's.
        """
        ...

    def read_station(self, station_id: str, timeout: float) -> Json:
        """To whom a station belongs, and its tariff, as they are now. Raises `Missing`.

        `{"contact_id": str | None, "tariff": {"unit_price", "unit", "currency", "valid_from"} |
        None}`; the tariff's values are texts, `""` where the tenant shows none. With a field for it
        also `"proof": str | None`.
        """
        ...

    def write_station(self, station_id: str, body: Mapping[str, Any], timeout: float) -> None:
        """Set the fields in `body`, made by `mappings/energised/station`, to absolute values.

        Raises `Refused` (`WRITE_PASSED_OVER`) if the station is shown without them afterwards.
        """
        ...


class Registration(Protocol):
    """Fleet `register` of be.ENERGISED: contact, portal user and card at once.

    For tenants without a route for contacts. `timeout` bounds the operation. `external_id` of what
    is found or made is the contact's, `fields` hold `card_id`.
    """

    def find_registered(self, reference: str, card_number: str, timeout: float) -> Sequence[Found]:
        """The registrations of this card number that carry our reference; the search may lag.

        Raises `Refused` if the card is somebody else's (`CARD_OF_ANOTHER`).
        """
        ...

    def register(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Make contact, portal user and inactive card, which carry our reference.

        `payload` is what `mappings/energised/register` made. Nothing in be.ENERGISED keeps a second
        call from making a second person: an unknown outcome is looked for by the card's number. The
        user's first password is random and forgotten, so another attempt has another one.
        """
        ...

    def confirm(self, card_number: str, timeout: float) -> None:
        """Switch the registered portal user on, and the card: safe to repeat, wrong for a card that
        has to stay off."""
        ...
