"""What be.ENERGISED holds: cards with their past, and contacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.messages import RefusalError, Response, answer

_PAST_KEPT = 20


class RefusedError(RefusalError):
    """be.ENERGISED refuses a call: `status` and the text of `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        """`{"message": …}`."""
        return answer(self.status, {"message": str(self)})


@dataclass(frozen=True)
class Contact:
    """A CRM contact: a company (it has a customer number) or one of its drivers."""

    id: str
    name: str
    email: str = ""
    customer_number: str = ""
    company_id: str | None = None
    customer_reference: str = ""
    gender: int = 0
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    phone: str = ""

    def shown(self) -> dict[str, Any]:
        """The contact as the API shows it."""
        return asdict(self)


@dataclass(frozen=True)
class Card:
    """An authentication medium. `contact_id` is its driver, `billing_contact_id` who pays."""

    id: str
    tag: str
    number: str
    reference: str = ""
    label: str = ""
    contact_id: str | None = None
    billing_contact_id: str | None = None
    rate_id: str = ""
    """The tariff: the field of a card that the portal knows nothing of."""
    active: bool = False
    blocked: bool = False

    def shown(self, updated_at: datetime) -> dict[str, Any]:
        """The card as the API shows it: booleans are strings."""
        truth = {"active": str(self.active).lower(), "blocked": str(self.blocked).lower()}
        when = updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**asdict(self), **truth, "updated_at": when}


@dataclass
class _Held:
    """A card's states by time, newest last."""

    past: list[tuple[datetime, Card]]

    def at(self, moment: datetime) -> tuple[datetime, Card] | None:
        return next((row for row in reversed(self.past) if row[0] <= moment), None)


@dataclass
class Backend:
    """The data. `search_lag` is in seconds, `page_clamp` in cards.

    Without `lists_changes` the list knows no `updated_since` (it passes unknown parameters over),
    and shows the cards in the order in which they were made.
    """

    now: Callable[[], datetime]
    search_lag: float = 0.0
    page_clamp: int = 500
    lists_changes: bool = True
    contacts: dict[str, Contact] = field(default_factory=dict)
    _cards: dict[str, _Held] = field(default_factory=dict)
    _by_tag: dict[str, str] = field(default_factory=dict)
    _created: dict[str, datetime] = field(default_factory=dict)
    """When contacts were created by the API: searches lag behind that."""

    def load(self, contacts: Iterable[Contact], cards: Iterable[Card], at: datetime) -> None:
        """Take data over as it is, last changed `at`."""
        self.contacts.update({c.id: c for c in contacts})
        for card in cards:
            self._hold([(at, card)])

    def clear(self) -> None:
        """Forget everything."""
        self.contacts.clear()
        self._cards.clear()
        self._by_tag.clear()
        self._created.clear()

    def dump(self) -> dict[str, Any]:
        """Settings, contacts, and the cards with their past."""
        return {
            "search_lag": self.search_lag,
            "page_clamp": self.page_clamp,
            "lists_changes": self.lists_changes,
            "contacts": [asdict(contact) for contact in self.contacts.values()],
            "created": {name: at.isoformat() for name, at in self._created.items()},
            "cards": [
                [[at.isoformat(), asdict(card)] for at, card in held.past]
                for held in self._cards.values()
            ],
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        self.clear()
        self.search_lag, self.page_clamp = dumped["search_lag"], dumped["page_clamp"]
        self.lists_changes = dumped.get("lists_changes", True)
        self.contacts.update({c["id"]: Contact(**c) for c in dumped["contacts"]})
        created = dumped.get("created", {})
        self._created.update({name: datetime.fromisoformat(at) for name, at in created.items()})
        for past in dumped["cards"]:
            self._hold([(datetime.fromisoformat(at), Card(**card)) for at, card in past])

    def card(self, card_id: str) -> tuple[datetime, Card]:
        """A card as it is now, with the time of its last change. Raises `RefusedError` 404."""
        held = self._cards.get(card_id)
        if held is None:
            raise RefusedError(404, "Card not found.")
        return held.past[-1]

    def card_of_tag(self, tag: str) -> Card:
        """The card with this RFID tag, in any case. Raises `RefusedError` 404."""
        return self.card(self._by_tag.get(tag.upper(), ""))[1]

    def put(self, card: Card) -> dict[str, Any]:
        """Replace a card. Raises `RefusedError` 422 for an unknown contact or a tag in use."""
        self._check(card)
        held = self._cards[card.id]
        self._by_tag.pop(held.past[-1][1].tag.upper(), None)
        self._by_tag[card.tag.upper()] = card.id
        moment = self.now()
        held.past = [*held.past[1 - _PAST_KEPT :], (moment, card)]
        return card.shown(moment)

    def change(self, card_id: str, **fields: Any) -> dict[str, Any]:
        """Change some fields of a card. Raises `RefusedError`."""
        return self.put(replace(self.card(card_id)[1], **fields))

    def contact(self, contact_id: str) -> Contact:
        """A contact. Raises `RefusedError` 404."""
        if contact_id not in self.contacts:
            raise RefusedError(404, "Contact not found.")
        return self.contacts[contact_id]

    def create_contact(self, fields: Mapping[str, Any]) -> Contact:
        """A new contact; nothing about it has to be unique. Raises `RefusedError` 422."""
        company = fields.get("company_id")
        if company is not None and company not in self.contacts:
            raise RefusedError(422, f"company_id: contact {company} does not exist.")
        number = len(self._created) + 1
        contact = Contact(id=f"c0c7ac70-0000-4000-8000-{number:012d}", **fields)
        self.contacts[contact.id] = contact
        self._created[contact.id] = self.now()
        return contact

    def found(self, name: str, value: str) -> list[Contact]:
        """The contacts with this value of a field, as a search shows them: it lags."""
        seen_at = self.now() - timedelta(seconds=self.search_lag)
        there = [c for c in self.contacts.values() if getattr(c, name) == value]
        return [c for c in there if self._created.get(c.id, seen_at) <= seen_at]

    def cards(self) -> list[dict[str, Any]]:
        """All cards as they are now."""
        return [held.past[-1][1].shown(held.past[-1][0]) for held in self._cards.values()]

    def listed(self, since: datetime | None) -> list[dict[str, Any]]:
        """The cards as the list shows them: as they were `search_lag` ago, oldest change first."""
        return self.page(since, 0, len(self._cards))[1]

    def page(
        self, since: datetime | None, offset: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many cards the list has, and `limit` of them from `offset` on."""
        seen_at = self.now() - timedelta(seconds=self.search_lag)
        seen = [row for held in self._cards.values() if (row := held.at(seen_at))]
        rows = [row for row in seen if since is None or row[0] >= since]
        if self.lists_changes:
            rows.sort(key=lambda row: (row[0], row[1].id))
        return len(rows), [card.shown(at) for at, card in rows[offset : offset + limit]]

    def remove(self, card_id: str) -> None:
        """A clerk deletes a card: those after it move up. Raises `RefusedError` 404."""
        self._by_tag.pop(self.card(card_id)[1].tag.upper(), None)
        del self._cards[card_id]

    def _hold(self, past: list[tuple[datetime, Card]]) -> None:
        card = past[-1][1]
        self._cards[card.id] = _Held(past)
        self._by_tag[card.tag.upper()] = card.id

    def _check(self, card: Card) -> None:
        for name in ("contact_id", "billing_contact_id"):
            contact = getattr(card, name)
            if contact is not None and contact not in self.contacts:
                raise RefusedError(422, f"{name}: contact {contact} does not exist.")
        if self._by_tag.get(card.tag.upper(), card.id) != card.id:
            raise RefusedError(422, f"tag: {card.tag} belongs to another card.")
