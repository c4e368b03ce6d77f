"""Charging stations, as be.ENERGISED holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from infra.simulators.energised.past import Past
from infra.simulators.energised.refused import CpoRefusedError
from infra.simulators.sample_wallboxes import wallboxes

TYPE = "charging_stations"


@dataclass(frozen=True)
class Station:
    """A station. `identity` is its `chargeBoxIdentity`, `contact_id` whose it is."""

    id: str
    identity: str
    label: str = ""
    serialnumber: str = ""
    contact_id: str | None = None
    tariff: dict[str, Any] | None = None
    proof: str | None = None

    def shown(self, updated_at: datetime) -> dict[str, Any]:
        """The station as the API shows it: names as documented for its creation, the last four
        assumed."""
        attributes = {
            "label": self.label,
            "chargeBoxIdentity": self.identity,
            "modelId": 1,
            "timeZone": "Europe/Berlin",
            "publicDisplayName": None,
            "serialnumber": self.serialnumber or None,
            "technicianUserId": None,
            "contactUuid": self.contact_id,
            "tariff": self.tariff,
            "installationProof": self.proof,
            "updatedAt": updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return {"type": TYPE, "id": self.id, "attributes": attributes}


def stations(count: int) -> list[Station]:
    """The stations of the first `count` sample wallboxes, nobody's yet."""
    return [
        Station(f"57a7104e-0000-4000-8000-{number:012d}", box.serial_number, box.serial_number)
        for number, box in enumerate(wallboxes(count), 1)
    ]


@dataclass
class Stations:
    """All stations with their past, in the order in which they were made."""

    _held: dict[str, Past[Station]] = field(default_factory=dict)

    def load(self, stations: Iterable[Station], at: datetime) -> None:
        """Take stations over as they are, last changed `at`."""
        self._held.update({s.id: Past([(at, s)]) for s in stations})

    def clear(self) -> None:
        """Forget them."""
        self._held.clear()

    def dump(self) -> list[Any]:
        """All with their past."""
        return [
            [[at.isoformat(), asdict(station)] for at, station in past.rows]
            for past in self._held.values()
        ]

    def restore(self, dumped: Iterable[Any]) -> None:
        """Hold what was dumped."""
        for rows in dumped:
            past = Past([(datetime.fromisoformat(at), Station(**row)) for at, row in rows])
            self._held[past.latest[1].id] = past

    def get(self, station_id: str) -> tuple[datetime, Station]:
        """A station as it is now, with the time of its last change. Raises `CpoRefusedError`."""
        if station_id not in self._held:
            raise CpoRefusedError(404, "Charging station not found.")
        return self._held[station_id].latest

    def all(self) -> list[dict[str, Any]]:
        """All as they are now."""
        return [past.latest[1].shown(past.latest[0]) for past in self._held.values()]

    def seen(self, at: datetime, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Those that a list shows as it was `at`, by attributes that have to be just so."""
        rows = (past.at(at) for past in self._held.values())
        shown = [row[1].shown(row[0]) for row in rows if row]
        return [s for s in shown if all(s["attributes"].get(k) == v for k, v in filters.items())]

    def put(self, station: Station, moment: datetime) -> dict[str, Any]:
        """Make or replace a station. Raises `CpoRefusedError` for an identity in use."""
        others = (past.latest[1] for past in self._held.values())
        if any(o.identity == station.identity and o.id != station.id for o in others):
            raise CpoRefusedError(422, "chargeBoxIdentity: belongs to another station.")
        if station.id in self._held:
            self._held[station.id].change(moment, station)
        else:
            self._held[station.id] = Past([(moment, station)])
        return station.shown(moment)

    def remove(self, station_id: str) -> None:
        """A clerk deletes a station: those after it move up. Raises `CpoRefusedError`."""
        self.get(station_id)
        del self._held[station_id]
