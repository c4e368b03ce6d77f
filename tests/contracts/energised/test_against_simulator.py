"""The real connector against the simulated tenant: state, strictness and faults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.contacts import EnergisedContacts
from busbar.connectors.energised.cpo import CpoClient
from busbar.connectors.energised.register import EnergisedRegistration
from busbar.connectors.energised.stations import EnergisedStations
from busbar.connectors.reach import Reach
from busbar.errors import Missing, Refused, Unavailable, Unknown
from busbar.mapping.registry import MappingRegistry
from busbar.ports.runtime import Json
from busbar.settings.energised import EnergisedSettings
from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.faults import Fault
from infra.simulators.transport import SimulatorTransport
from tests.contracts.recording import FixedClock, Secrets

SETTINGS = EnergisedSettings(base_url="https://acme.beenergised.cloud", secret_id="any")
CARD_ID = sample.cards(1)[0].energised_id
DRIVER_ID = sample.DRIVERS[0].energised_id


class Rig:
    """A simulated tenant and the connector to it, with one clock."""

    def __init__(self, settings: EnergisedSettings = SETTINGS, wallboxes: int = 0) -> None:
        self.clock = FixedClock()
        self.tenant = EnergisedSimulator(
            self.clock.now,
            "t0ken",
            client_id="busbar",
            client_secret="s3cret",
            contact_route=settings.contact_route,
        )
        self.tenant.load_sample(5, wallboxes)
        self.secrets = Secrets(
            [{"api_token": "t0ken", "client_id": "busbar", "client_secret": "s3cret"}]
        )
        reached: dict[str, Any] = {
            "clock": self.clock,
            "correlation": lambda: "corr-1",
            "transport": SimulatorTransport(self.tenant),
        }
        self.cards = EnergisedCards(settings, Reach(self.secrets, **reached))
        self.contacts = EnergisedContacts(settings, self.cards)
        self.registration = EnergisedRegistration(settings, self.cards)
        self.cpo = CpoClient(
            settings,
            Reach(
                self.secrets,
                **reached,
                monotonic=self._seconds,
            ),
            login_transport=reached["transport"],
        )
        self.stations = EnergisedStations(settings, self.cpo)

    def _seconds(self) -> float:
        return self.clock.at.timestamp()

    def wanted(self, **wanted: object) -> Json:
        """The body that the product's mapping makes of the card as it is."""
        observed = self.cards.read_card(CARD_ID, 5).model_dump(mode="json")
        source = {"observed": observed, "wanted": wanted}
        return MappingRegistry().run("energised", "card_forward", source)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_should_put_the_card_that_the_product_s_mapping_describes(rig: Rig) -> None:
    before = rig.cards.read_card(CARD_ID, 5)
    rig.clock.at += timedelta(minutes=1)
    rig.cards.write_card(CARD_ID, rig.wanted(active=True, contact_id=DRIVER_ID, label="Van"), 5)
    card = rig.cards.read_card(CARD_ID, 5)
    assert (card.active, card.contact_id, card.label) == (True, DRIVER_ID, "Van")
    assert (card.tag, card.number) == (before.tag, before.number)
    assert card.updated_at == rig.clock.at


def test_should_take_the_driver_away_with_a_null(rig: Rig) -> None:
    rig.cards.write_card(CARD_ID, rig.wanted(contact_id=DRIVER_ID), 5)
    rig.cards.write_card(CARD_ID, rig.wanted(contact_id=None), 5)
    assert rig.cards.read_card(CARD_ID, 5).contact_id is None


def test_should_keep_what_nobody_wants_to_change(rig: Rig) -> None:
    rig.tenant.change_card(CARD_ID, label="by a clerk", active=True, blocked=True)
    rig.cards.write_card(CARD_ID, rig.wanted(contact_id=DRIVER_ID), 5)
    card = rig.cards.read_card(CARD_ID, 5)
    assert (card.label, card.active, card.blocked) == ("by a clerk", True, True)


def test_should_not_wipe_what_only_the_tenant_knows_of_a_card(rig: Rig) -> None:
    rig.tenant.change_card(CARD_ID, rate_id="tariff-7")
    rig.cards.write_card(CARD_ID, rig.wanted(active=True, label="Van"), 5)
    card = rig.tenant.card(CARD_ID)
    assert (card.rate_id, card.active, card.label) == ("tariff-7", True, "Van")


def test_should_be_refused_for_a_contact_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(Refused) as caught:
        rig.cards.write_card(CARD_ID, rig.wanted(contact_id="nobody"), 5)
    assert caught.value.detail == "contact_id"


def test_should_miss_a_card_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(Missing):
        rig.cards.read_card("999999", 5)


def test_should_list_every_card_although_the_page_is_clamped(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("page_clamp", number=2, count=None))
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = rig.cards.changed_cards(None, offset, 5)
        found += [card.id for card in page.cards]
        offset = page.following
    assert sorted(found) == sorted(c.energised_id for c in sample.cards(5))


def test_should_list_what_changed_since(rig: Rig) -> None:
    rig.clock.at += timedelta(minutes=1)
    rig.tenant.change_card(CARD_ID, label="new")
    page = rig.cards.changed_cards(rig.clock.at, 0, 5)
    assert [(c.id, c.label) for c in page.cards] == [(CARD_ID, "new")]


def test_should_not_know_whether_a_put_worked_when_the_answer_is_lost(rig: Rig) -> None:
    body = rig.wanted(active=True)
    rig.tenant.add_fault(Fault("timeout_after", match="PUT"))
    with pytest.raises(Unknown):
        rig.cards.write_card(CARD_ID, body, 5)
    assert rig.cards.read_card(CARD_ID, 5).active is True


def test_should_know_that_a_put_did_not_work_when_the_system_is_down(rig: Rig) -> None:
    body = rig.wanted(active=True)
    rig.tenant.is_down = True
    with pytest.raises(Unavailable):
        rig.cards.write_card(CARD_ID, body, 5)
