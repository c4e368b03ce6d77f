"""What be.ENERGISED holds: cards and stations with their past, contacts, portal users."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from infra.simulators.energised.past import Past
from infra.simulators.energised.records import Card, Contact, User
from infra.simulators.energised.refused import RefusedError
from infra.simulators.energised.stations import Stations

__all__ = ["Backend", "Card", "Contact", "RefusedError"]

_SEPARATORS = re.compile(r"[-*\s]")


@dataclass
class Backend:
    """The data. `search_lag` is in seconds, `page_clamp` in rows of a list.

    Without `lists_changes` the list of cards knows no `updated_since` (it passes unknown parameters
    over), and shows the cards in the order in which they were made; without `filters_stations` the
    list of stations passes its filter over. `contact_route` says how private persons come here, as
    tenants differ: by `contacts`, with a portal user if `contact_user`, or by Fleet `register`.
    """

    now: Callable[[], datetime]
    search_lag: float = 0.0
    page_clamp: int = 500
    lists_changes: bool = True
    filters_stations: bool = True
    contact_route: Literal["contacts", "register"] = "contacts"
    contact_user: bool = True
    contacts: dict[str, Contact] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    stations: Stations = field(default_factory=Stations)
    _cards: dict[str, Past[Card]] = field(default_factory=dict)
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
        self.users.clear()
        self.stations.clear()
        self._cards.clear()
        self._by_tag.clear()
        self._created.clear()

    def dump(self) -> dict[str, Any]:
        """Settings, contacts, and the cards with their past."""
        return {
            "search_lag": self.search_lag,
            "page_clamp": self.page_clamp,
            "lists_changes": self.lists_changes,
            "filters_stations": self.filters_stations,
            "contact_route": self.contact_route,
            "contact_user": self.contact_user,
            "contacts": [asdict(contact) for contact in self.contacts.values()],
            "users": [asdict(user) for user in self.users.values()],
            "stations": self.stations.dump(),
            "created": {name: at.isoformat() for name, at in self._created.items()},
            "cards": [
                [[at.isoformat(), asdict(card)] for at, card in held.rows]
                for held in self._cards.values()
            ],
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        self.clear()
        self.search_lag, self.page_clamp = dumped["search_lag"], dumped["page_clamp"]
        self.lists_changes = dumped.get("lists_changes", True)
        self.filters_stations = dumped.get("filters_stations", True)
        self.contact_route = dumped.get("contact_route", "contacts")
        self.contact_user = dumped.get("contact_user", True)
        self.users.update({u["id"]: User(**u) for u in dumped.get("users", [])})
        self.stations.restore(dumped.get("stations", []))
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
        return held.latest

    def card_of_tag(self, tag: str) -> Card:
        """The card with this RFID tag, in any case. Raises `RefusedError` 404."""
        return self.card(self._by_tag.get(tag.upper(), ""))[1]

    def put(self, card: Card) -> dict[str, Any]:
        """Replace a card. Raises `RefusedError` 422 for an unknown contact or a tag in use."""
        self._check(card)
        held = self._cards[card.id]
        self._by_tag.pop(held.latest[1].tag.upper(), None)
        self._by_tag[card.tag.upper()] = card.id
        moment = self.now()
        held.change(moment, card)
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

    def create_user(self, contact: Contact, fields: Mapping[str, Any], *, active: bool) -> User:
        """A portal user of a contact; nothing about it has to be unique."""
        number = len(self.users) + 1
        user = User(
            id=f"5e40c7ac-0000-4000-8000-{number:012d}",
            email=fields["email"],
            contact_id=contact.id,
            active=active,
            account_locale=fields.get("account_locale", ""),
        )
        self.users[user.id] = user
        return user

    def next_card_id(self) -> str:
        """An id that no card has."""
        return str(max((int(name) for name in self._cards if name.isdigit()), default=410_000) + 1)

    def create_card(self, card: Card) -> None:
        """A new card. Raises `RefusedError` 422 for an unknown contact or a tag in use."""
        self._check(card)
        self._hold([(self.now(), card)])

    def current(self) -> list[Card]:
        """All cards as they are now."""
        return [held.latest[1] for held in self._cards.values()]

    def found(self, name: str, value: str) -> list[Contact]:
        """The contacts with this value of a field, as a search shows them: it lags."""
        seen_at = self.seen_at
        there = [c for c in self.contacts.values() if getattr(c, name) == value]
        return [c for c in there if self._created.get(c.id, seen_at) <= seen_at]

    def cards(self) -> list[dict[str, Any]]:
        """All cards as they are now."""
        return [held.latest[1].shown(held.latest[0]) for held in self._cards.values()]

    def listed(self, since: datetime | None) -> list[dict[str, Any]]:
        """The cards as the list shows them: as they were `search_lag` ago, oldest change first."""
        return self.page(since, 0, len(self._cards))[1]

    def page(
        self, since: datetime | None, offset: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many cards the list has, and `limit` of them from `offset` on."""
        seen = self._seen()
        rows = [row for row in seen if since is None or row[0] >= since]
        if self.lists_changes:
            rows.sort(key=lambda row: (row[0], row[1].id))
        return len(rows), [card.shown(at) for at, card in rows[offset : offset + limit]]

    def numbered(self, number: str) -> list[dict[str, Any]]:
        """The cards with this number, however it is divided, as a search shows them: it lags."""
        wanted = plain(number)
        return [card.shown(at) for at, card in self._seen() if plain(card.number) == wanted]

    @property
    def seen_at(self) -> datetime:
        """Of when lists and searches are now."""
        return self.now() - timedelta(seconds=self.search_lag)

    def remove(self, card_id: str) -> None:
        """A clerk deletes a card: those after it move up. Raises `RefusedError` 404."""
        self._by_tag.pop(self.card(card_id)[1].tag.upper(), None)
        del self._cards[card_id]

    def _seen(self) -> list[tuple[datetime, Card]]:
        seen_at = self.seen_at
        return [row for held in self._cards.values() if (row := held.at(seen_at))]

    def _hold(self, past: list[tuple[datetime, Card]]) -> None:
        card = past[-1][1]
        self._cards[card.id] = Past(past)
        self._by_tag[card.tag.upper()] = card.id

    def _check(self, card: Card) -> None:
        for name in ("contact_id", "billing_contact_id"):
            contact = getattr(card, name)
            if contact is not None and contact not in self.contacts:
                raise RefusedError(422, f"{name}: contact {contact} does not exist.")
        if self._by_tag.get(card.tag.upper(), card.id) != card.id:
            raise RefusedError(422, f"tag: {card.tag} belongs to another card.")


def plain(number: str) -> str:
    """A card's number without what divides it."""
    return _SEPARATORS.sub("", number).upper()
