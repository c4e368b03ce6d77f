"""What use cases need from outside, as Protocols. Fakes, simulators and the real thing all fit.

Times are aware UTC datetimes; durations are seconds. Calls to outside systems raise the
`UpstreamError` tree of `busbar.errors`; the store raises `Conflict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from busbar.domain.record import Record
from busbar.errors import UpstreamError

if TYPE_CHECKING:  # a function imports of these what it handles, and not the others
    from busbar.domain.cards import BackendCard, CardAsset
    from busbar.domain.entities import Entity
    from busbar.domain.entity_index import Edge, Indexed, Lookup, Sole
    from busbar.domain.marks import Mark
    from busbar.domain.orders import CardOffer
    from busbar.domain.readings import Pruned, Series
    from busbar.domain.wallbox_assets import WallboxAsset
    from busbar.domain.wallbox_products import WallboxProduct

R = TypeVar("R", bound=Record)
Json = dict[str, Any]


class Clock(Protocol):
    """The time, and nothing else of it."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def pause(self, most: float) -> None:
        """Let some time pass, by chance up to `most` seconds: who meets others now may not then."""
        ...


class Ids(Protocol):
    """Fresh entity ids."""

    def new(self) -> str:
        """13 characters Crockford base32 that nobody has had before."""
        ...


# --- the store ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored(Generic[R]):
    """A record as it was read: `version` is what a write has to find again."""

    record: R
    version: int
    changed_at: datetime


@dataclass(frozen=True)
class Page(Generic[R]):
    """Some records of a list; `cursor` reads on, None at the end."""

    items: tuple[Stored[R], ...]
    cursor: str | None


@dataclass(frozen=True)
class Save:
    """Write `record` over `before`; with `before` None the record must not exist yet."""

    record: Record
    before: Stored[Any] | None = None


@dataclass(frozen=True)
class Put:
    """Write `record`, whatever was there. Only for records whose id follows from their content."""

    record: Record


@dataclass(frozen=True)
class Drop:
    """Delete a record; nothing happens if it is gone. With `before`, only if it is still that."""

    schema: type[Record]
    id: str
    before: Stored[Any] | None = None


@dataclass(frozen=True)
class Bind:
    """Bind an entity to its id in a system. Unique both ways; the same binding again is fine.

    `instead_of` names the id to which it is bound until now, for numbers that may change.
    """

    schema: str
    entity_id: str
    system: str
    external_id: str
    instead_of: str | None = None


@dataclass(frozen=True)
class Unbind:
    """Take a binding away, both ways. Raises `Conflict` if it is another one meanwhile."""

    schema: str
    entity_id: str
    system: str
    external_id: str


Change = Save | Put | Drop | Bind | Unbind


class Store(Protocol):
    """The one table, seen from one org."""

    org: str

    def get(self, schema: type[R], record_id: str) -> Stored[R] | None:
        """Read one record, consistently."""
        ...

    def get_many(
        self,
        schema: type[R],
        ids: Sequence[str],
        *,
        consistent: bool = False,
        skip_unreadable: bool = False,
    ) -> list[Stored[R]]:
        """Read records in the order of `ids`, without gone ones; eventually consistent unless so
        asked, which costs twice as much.

        A record that cannot be read raises `ValueError`, or is left out if it may be skipped.
        """
        ...

    def listed(
        self,
        schema: type[R],
        by: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        until: datetime | None = None,
    ) -> Page[R]:
        """A list, newest change first, from `until` on; eventually consistent."""
        ...

    def linked(self, schema: type[R], relation: str, target: str) -> list[Stored[R]]:
        """All records with this relation to `target`, eventually consistent."""
        ...

    def due(
        self, schema: type[R], until: datetime, *, limit: int = 100, lane: str = ""
    ) -> list[Stored[R]]:
        """Records of a lane whose due time has come, oldest first, eventually consistent."""
        ...

    def count_due(self, schema: type[R], until: datetime, lane: str) -> tuple[int, str | None]:
        """How many records of a named lane are due, at most 10,000; the oldest due time."""
        ...

    def ids_due(self, schema: type[Record], lanes: Sequence[str] = ()) -> list[str]:
        """Ids of all records that are due some time, soonest first; reads no record.

        With those in the `lanes`, which `due` leaves out.
        """
        ...

    def ids_listed(self, schema: type[Record], by: str) -> list[str]:
        """Ids of a whole list, newest change first; reads no record."""
        ...

    def external_id(self, schema: str, entity_id: str, system: str) -> str | None:
        """The entity's id in a system."""
        ...

    def internal_id(self, schema: str, system: str, external_id: str) -> str | None:
        """Our id of what a system calls `external_id`."""
        ...

    def commit(self, *changes: Change) -> None:
        """Write all or none. Raises `Conflict` if a `Save` or `Bind` finds another state."""
        ...


@dataclass(frozen=True)
class Holders:
    """The entities that have a unique value. Not `complete`: there are more, too many to read."""

    ids: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class EntityWrite:
    """Write `after` over `before` (version 0: nothing may be there), and where they stand.

    `sole`: values of it that nobody else may have all of.
    """

    before: Entity
    after: Entity
    was: Indexed
    will: Indexed
    sole: Sole = ()


class Entities(Protocol):
    """The entities of one org. Reads are eventually consistent unless asked otherwise, which costs
    twice as much."""

    org: str

    def get(self, ids: Sequence[str], *, consistent: bool = False) -> dict[str, Entity]:
        """Read entities, all at once; gone ones are left out, deleted and purged ones are not."""
        ...

    def find(self, lookups: Sequence[Lookup], *, consistent: bool = False) -> dict[Lookup, Holders]:
        """Who has these unique values, all at once. Ids may be of entities that are gone."""
        ...

    def save(self, write: EntityWrite) -> None:
        """One conditional write; a transaction if a unique value or a relation comes or goes.

        Raises `Conflict` if the entity or a value's holder is another one meanwhile, `Held` if
        others are known by all sole values, be they gone or no single one, `EventRejected` if the
        entity has grown too large.
        """
        ...

    def related(self, target: str, relation: str = "", *, consistent: bool = False) -> list[Edge]:
        """Who is related to an entity, by any attribute or by one. A source may be gone, or have
        the relation no more."""
        ...

    def listed(
        self, schema: str, filters: Mapping[int, str], *, limit: int, before: str = ""
    ) -> tuple[list[str], str | None]:
        """Ids of a schema's entities, newest change first, and where to read on; None at the end.

        `filters` are values by the place of their declaration; an id may have another value that
        looks alike. A page may be short, or empty, and not the last.
        """
        ...

    def prune_mark(self, schema: str, scope: str) -> Mark | None:
        """The newest prune of a scope, consistent."""
        ...

    def pruned(self, schema: str, scope: str, mark: Mark) -> Mark:
        """Remember a prune for as long as late events are heeded: the newest one that is known.

        Whoever asks afterwards is told of it, or of a newer one. Raises `Conflict` if others prune
        the scope all the time.
        """
        ...


class ReadingSeries(Protocol):
    """Meter readings, one series per counter (or per meter, where no counter is named)."""

    def series(self, meter: str, counter: str, *, consistent: bool = False) -> Series:
        """All readings of a counter; with an empty `counter` those that name none."""
        ...

    def all_series(self, meter: str) -> dict[str, Series]:
        """All readings of a meter, by counter."""
        ...

    def prunes(self, meter: str, counter: str) -> Mapping[str, Pruned]:
        """Which prunes of a counter's readings are remembered just now."""
        ...

    def save(self, before: Series, after: Series) -> None:
        """Write the years that differ, each on condition that it is as it was; then what is
        remembered of the whole series.

        Raises `Conflict`; some years may be written then: do it all again.
        """
        ...


class Gate(Protocol):
    """What every call to one outside system passes, logins too."""

    def enter(self, operation: str, *, writes: bool) -> None:
        """Let a call pass. Raises `Withheld` if it must not be sent now."""
        ...

    def is_open(self) -> bool:
        """Whether the last thing known of the system is that it is down."""
        ...

    def succeeded(self, *, writes: bool) -> None:
        """The system answered, if only to refuse the call."""
        ...

    def failed(self, code: str, *, writes: bool, retry_after: float | None = None) -> None:
        """The system was not reached, did not answer in time, or said that it cannot now."""
        ...


# --- outside systems ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """An object that exists in an outside system: its id there, and what we keep of it."""

    external_id: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderThere:
    """An order with a reference of ours, as Salesforce holds it. `version` as in `find_order`."""

    record_id: str
    reference: str
    account_id: str
    status: str
    version: int
    tracking_id: str = ""
    delivery_date: str = ""


@dataclass(frozen=True)
class AssetThere:
    """A card's Asset, as Salesforce holds it; `order_reference` is empty while it is blank."""

    card: CardAsset
    order_reference: str
    account_id: str
    fields: Json


class OrderSystem(Protocol):
    """Salesforce, as far as charging-card orders need it. `timeout` bounds the whole operation."""

    def read_offer(self, timeout: float) -> CardOffer:
        """The charging card that can be ordered, its price and its quantity limits."""
        ...

    def find_order(self, reference: str, timeout: float) -> Sequence[Found]:
        """Orders that carry our reference, with what a caller needs to rebuild their state.

        `fields` hold `order_number`, `status` and `version` (epoch milliseconds of the last
        change), and where Salesforce holds them `tracking_id` and `delivery_date` (ISO). Where
        several orders have a reference that should be unique, they may come without fields.
        """
        ...

    def read_order(self, order_id: str, timeout: float) -> Found:
        """The order with this record id. Raises `Missing`.

        `fields` are those of `find_order`, `reference` (ours, if the order carries one) and
        `account_id`.
        """
        ...

    def create_order(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create order and items in one transaction, by external ids, and read the order as it is.

        `fields` are those of `find_order`.
        `payload` is what `mappings/salesforce/order_submit.jsonata` made:
        `{"order": {field: value}, "items": [{"reference": "BBCI…", "fields": {field: value}}]}`.
        """
        ...

    def assets_of(self, reference: str, timeout: float) -> Iterator[CardAsset]:
        """The cards assigned to the order with our reference."""
        ...

    def all_orders(self, timeout: float) -> Iterator[OrderThere]:
        """Every order that carries a reference of ours, page by page; may lag."""
        ...

    def all_assets(self, timeout: float) -> Iterator[AssetThere]:
        """Every Asset that is a card, page by page; may lag."""
        ...

    def read_asset(self, asset_id: str, timeout: float) -> Json:
        """The fields of an Asset that we write, as Salesforce holds them. Raises `Missing`."""
        ...

    def write_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set fields of an Asset to absolute values."""
        ...

    def read_assets(self, asset_ids: Sequence[str], timeout: float) -> Mapping[str, Json]:
        """What `read_asset` gives, of up to 200 Assets in one call; those that are gone left out.

        Salesforce does not tell a row that is gone from one that it does not show.
        """
        ...

    def write_assets(
        self, wanted: Mapping[str, Mapping[str, Any]], timeout: float
    ) -> Mapping[str, UpstreamError]:
        """`write_asset` for up to 200 Assets in one call: Asset id -> fields.

        Each is written or fails by itself; those that failed come back with their error. What is
        raised concerns the call as a whole.
        """
        ...


class WallboxSales(Protocol):
    """Salesforce, as far as orders of wallboxes need it. `timeout` bounds the whole operation.

    The orders themselves are found and created by `OrderSystem`, with several items.
    """

    def read_products(self, timeout: float) -> Sequence[WallboxProduct]:
        """All that can be ordered of the wallbox price book: active entries of active products.

        A product that lacks its price, tax or limits is left out, and the log names it.
        """
        ...

    def find_accounts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Accounts that carry our reference.

        `fields` hold `gp_number` and `contract_number`, empty where the account has none, and
        `active` (`true` or `false`). Several may come without fields.
        """
        ...

    def create_account(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a driver's account, which carries our reference; `fields` as in `find_accounts`.

        `payload` is what `mappings/salesforce/account_private.jsonata` made. With a unique key it
        is an upsert: an account that is there already gets the same fields again.
        """
        ...

    def read_account(self, account_id: str, timeout: float) -> Json:
        """`{"active": bool}`. Raises `Missing`."""
        ...

    def write_account(self, account_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set what `read_account` gives."""
        ...

    def find_shared_contracts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Shared contracts that carry our reference.

        `fields` hold `contract_number` (SAP's), `account_id` and `status`. Several may come
        without.
        """
        ...

    def create_shared_contract(
        self, reference: str, payload: Mapping[str, Any], timeout: float
    ) -> Found:
        """Create a shared contract, as `create_account` does an account.

        `payload` is what `mappings/salesforce/shared_contract.jsonata` made.
        """
        ...

    def read_shared_contract(self, contract_id: str, timeout: float) -> Json:
        """`{"status": str}`, in Salesforce's word. Raises `Missing`."""
        ...

    def write_shared_contract(
        self, contract_id: str, fields: Mapping[str, Any], timeout: float
    ) -> None:
        """Set what `read_shared_contract` gives."""
        ...

    def wallbox_assets_of(self, reference: str, timeout: float) -> Sequence[WallboxAsset]:
        """The wallboxes and cards assigned to the order with our reference, with their reviews.

        Left out is what is neither, and what lacks the number by which other systems know it: a
        wallbox its serial number, a card its id in be.ENERGISED.
        """
        ...

    def read_wallbox_asset(self, asset_id: str, timeout: float) -> Json:
        """The fields of an Asset that we write for wallbox orders. Raises `Missing`."""
        ...

    def write_wallbox_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set such fields to absolute values.

        `fields` is what `mappings/salesforce/wallbox_asset.jsonata` made.
        """
        ...


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


@dataclass(frozen=True)
class Finding:
    """What a check of a connection came to. `detail` is English, safe to show, and says what to do.

    `word` is the stable word by which the clerk's sentence is chosen; `request_id` is the system's
    own name for the call.
    """

    name: str
    state: Literal["ok", "warning", "failed"]
    word: str
    detail: str
    request_id: str = ""


class Connection(Protocol):
    """A system as it is checked: with the newest secret, logged in anew. It is only read."""

    @property
    def names(self) -> Sequence[str]:
        """The checks, in the order in which they build on each other."""
        ...

    def check(self, name: str, timeout: float) -> Finding:
        """Do one check. Raises the `UpstreamError` tree where the system does not let it happen."""
        ...

    def close(self) -> None:
        """Close all connections."""
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


class PartnerSystem(Protocol):
    """SAP, as far as wallbox orders need it. `timeout` bounds the whole operation.

    Numbers of partners and contracts are taken and given with leading zeros, as 10 digits; the
    `fields` of what is found are empty texts where SAP holds nothing.
    """

    def find_partners(self, reference: str, timeout: float) -> Sequence[Found]:
        """Business partners that carry our reference; two at most, as one is one too many.

        `fields` are `first_name`, `last_name` and `birth_date` (ISO).
        """
        ...

    def create_partner(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a partner that carries our reference, with all that hangs on it.

        `payload` is what `mappings/sap/partner.jsonata` made; `fields` as in `find_partners`.
        """
        ...

    def read_partner(self, number: str, timeout: float) -> Json:
        """`{"blocked": bool}`. Raises `Missing`."""
        ...

    def write_partner(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set what `read_partner` gives. Raises `Unavailable` if somebody else wrote meanwhile:
        it was not done, and has to be read again."""
        ...

    def find_contracts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Contracts that carry our reference; two at most. `fields` are `partner`, a number."""
        ...

    def create_contract(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a contract that carries our reference.

        `payload` is what `mappings/sap/contract.jsonata` made, and names the partner; `fields` as
        in `find_contracts`.
        """
        ...

    def read_contract(self, number: str, timeout: float) -> Json:
        """`{"cancelled": bool}`. Raises `Missing`."""
        ...

    def write_contract(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set `cancelled`, as `write_partner` does. Only to True: nothing takes it back."""
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


class Systems(Protocol):
    """The outside systems of one org."""

    @property
    def salesforce(self) -> OrderSystem: ...

    @property
    def wallbox_sales(self) -> WallboxSales: ...

    @property
    def energised(self) -> ChargingBackend: ...

    @property
    def sap(self) -> PartnerSystem: ...

    def connection(self, system: str) -> Connection | None:
        """A fresh connection to a system by its name, e.g. `salesforce`; None if the org has no
        such system."""
        ...

    def is_down(self, system: str) -> bool:
        """Whether a system that was called here is known to be down."""
        ...

    @property
    def contacts(self) -> ContactBook: ...

    @property
    def stations(self) -> ChargePoints: ...

    @property
    def registration(self) -> Registration: ...


class Mapper(Protocol):
    """What an outside system shall receive, made by a JSONata mapping."""

    def run(self, system: str, use_case: str, source: Mapping[str, Any]) -> Json:
        """Evaluate `mappings/<system>/<use_case>.jsonata`, or the org's own in its place.

        Raises `Unmappable`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message for a queue that keeps order: those of one `group` come one after the other, and of
    those with the same `once` the queue takes the first within five minutes."""

    body: str
    group: str
    once: str


class Queues(Protocol):
    """Where messages go."""

    def send_all(self, queue: str, messages: Sequence[Message]) -> list[bool]:
        """Put messages on a queue that keeps order; for each whether it is there.

        Raises `Unavailable` if that is not known of all of them.
        """
        ...

    def send(self, queue: str, body: str, *, delay: int = 0, group: str = "") -> None:
        """Put `body` on the named queue, to be seen after `delay` seconds (at most 900)."""
        ...

    def park(self, body: str, reason: str, message: Message | None = None) -> None:
        """Move a message of this worker that no retry can help to its dead-letter queue.

        `message` says how it is told from others there, if that queue keeps order.
        """
        ...


@dataclass(frozen=True)
class UploadForm:
    """How a browser sends a file: POST `fields` to `url` as `multipart/form-data`, `file` last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class FileThere:
    """A file as it came: its bytes, and when it was all there."""

    content: bytes
    uploaded_at: datetime


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file; `size` is that of all of it, `etag` tells it from another of its name."""

    content: bytes
    size: int
    etag: str


@dataclass(frozen=True)
class FileLook:
    """A file that was not read: how many bytes it has; `etag` is another once they are others."""

    size: int
    etag: str


class Files(Protocol):
    """Files of users, by keys that we make. All but the forms and links raise `Unavailable`."""

    def upload_form(
        self, key: str, largest: int, seconds: int, content_type: str = ""
    ) -> UploadForm:
        """A form that takes a file of 1 to `largest` bytes under this key, for so long; with
        `content_type` one that is called so, and no other."""
        ...

    def look(self, key: str) -> FileLook | None:
        """What a file is like; None if there is none."""
        ...

    def copy(self, key: str, to: str, etag: str = "") -> bool:
        """Copy a file as a whole. False if it is gone, or, with an `etag`, another one."""
        ...

    def read(self, key: str, most: int) -> FileThere | None:
        """A file, cut after `most` bytes; None if there is none."""
        ...

    def part(self, key: str, first: int, length: int, etag: str = "") -> FilePart | None:
        """Up to `length` bytes of a file from `first` on; None if there is none, or, with an
        `etag`, another one. Of an empty file nothing is known but that."""
        ...

    def keep(self, key: str, content: bytes, content_type: str) -> None:
        """Write a file. The same again is the same file."""
        ...

    def drop(self, key: str) -> None:
        """Delete a file; nothing happens if it is gone."""
        ...

    def link(self, key: str, name: str, seconds: int) -> str:
        """An address that saves the file as `name`, for so long. It shows it in no page."""
        ...


class Machine(Protocol):
    """The state machine of a use case. All calls may be repeated; all raise `Unavailable`."""

    def start(self, name: str, payload: Json) -> None:
        """Start an execution of this name. Nothing happens if there is, or was, one already."""
        ...

    def succeed(self, token: str, output: Json) -> None:
        """Answer a waiting task. Nothing happens if it waits no longer."""
        ...

    def fail(self, token: str, error: str, cause: str) -> None:
        """Answer a waiting task with an error, whose name decides what the machine does next.

        `cause` is shown to people: nothing personal. Nothing happens if it waits no longer.
        """
        ...
