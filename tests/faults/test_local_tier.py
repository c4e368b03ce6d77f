"""Tier 3: the same scenarios and the same judge on the local system, in real processes and time.

Small here; `make faults-local` has more than a hundred orders and kills fifty workers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from busbar.domain.private_customers import PERSON_KIND, customer_id
from busbar.domain.wallbox_orders import WALLBOX_ITEM_KIND, WALLBOX_KIND
from busbar.settings.function import Tuning
from infra.catalog import USE_CASES
from infra.local.people import PEOPLE
from infra.local.testing import RunningSystem
from infra.local.times import Times
from infra.simulators.sample import ELBE
from infra.stages import LOCAL, secret_id
from tests.doubles.world import ORG
from tests.faults.checker import judge
from tests.faults.cloud import Cloud
from tests.faults.evidence import Evidence
from tests.faults.local_run import LocalRun, Size, quick_system
from tests.faults.local_times import TIMES
from tests.faults.picture import picture
from tests.faults.run import played
from tests.faults.scenarios import DRIVERS, ONE_ORDER
from tests.faults.trouble import Calm

pytestmark = pytest.mark.local
REAL = Times(Tuning(), {case.name: case.timeout_seconds for case in USE_CASES}, visibility=360)
SMALL = Size(orders=6, wallboxes=2, kills=4, clients=8, every=0.5, apart=0.5)
"""Two wallboxes of one driver. Its kills take 17 s at most, its orders 18 s at least: each kill
falls into the run."""


@dataclass(frozen=True)
class Runs:
    """One order in peace, then more while workers are killed; `ended` is judged over all of it."""

    system: RunningSystem
    peaceful: Evidence
    run: LocalRun
    ended: Evidence

    def again(self) -> Evidence:
        """The same, but for what the systems hold now."""
        return replace(self.ended, held=self.run.stage.held())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Both runs, on one system; the first has its workers warm for the second."""
    with quick_system(tmp_path_factory.mktemp("kills")) as system:
        run = LocalRun(system, SMALL)
        peaceful = run.play_in_peace(ONE_ORDER.lines)
        yield Runs(system, peaceful, run, run.play())


@pytest.mark.parametrize("times", [REAL, TIMES], ids=["real", "short"])
def test_should_keep_the_rules_between_times(times: Times) -> None:
    tuning = times.tuning
    limits = {**REAL.limits, **times.limits}
    queues = {case.name: case.queue for case in USE_CASES if case.queue}
    assert max(limits[name] for name in ("order_submit", "charge_cards")) < tuning.lease
    assert limits["order_submit"] < tuning.idempotency_lease
    cards = ("order_submit", "order_forward", "card_event", "card_forward", "charge_cards")
    wallboxes = ("wallbox_provisioning", "wallbox_event", "wallbox_forward", "contact_forward")
    assert max(limits[name] for name in (*cards, *wallboxes)) <= tuning.pause_bound
    # A run of these that goes on may overlap with another.
    alone = queues.keys() - {"sync_cards", "reconcile"}
    assert max(limits[name] for name in alone) < times.visibility
    # Of an errand: other messages are nobody's to send again.
    tries = max(queue.max_receive_count for queue in queues.values() if queue.from_outbox)
    assert tuning.resend_after > tries * times.visibility
    assert max(tuning.answer_within, tuning.card_answer_within) < limits["order_submit"]


def test_should_end_in_peace_as_the_run_in_memory_does(runs: Runs) -> None:
    assert picture(runs.peaceful) == picture(played(Cloud(), ONE_ORDER, Calm()))


def test_should_lose_and_double_nothing_while_workers_are_killed(runs: Runs) -> None:
    assert len(runs.run.killer.kills) == SMALL.kills, runs.run.summary()
    assert judge(runs.ended) == [], runs.run.summary()


# --- planted faults: each has to turn the judgement red ------------------------------------------


class Administrator:
    """Who may do anything in Salesforce, by its own API."""

    def __init__(self, system: RunningSystem) -> None:
        secret = system.aws("secretsmanager").get_secret_value(
            SecretId=secret_id(LOCAL.name, ORG, "salesforce")
        )
        form = {"grant_type": "client_credentials", **json.loads(secret["SecretString"])}
        answer = system.http.post(f"{system.salesforce}/services/oauth2/token", data=form)
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self._system = system

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """One call; its answer."""
        url = f"{self._system.salesforce}/services/data/v60.0/sobjects/{path}"
        return self._system.http.request(method, url, json=body, headers=self._headers)


def _lost(runs: Runs) -> str:
    """An order is gone from Salesforce."""
    held = runs.run.stage.held()
    off = [a for a in held.salesforce["Asset"] if a["BusbarOrder__c"] and not a["CardActive__c"]]
    order = off[0]["BusbarOrder__c"]  # not one of an active card, with which other tests work
    Administrator(runs.system).do("DELETE", f"Order/{order}").raise_for_status()
    return "is not in Salesforce"


def _doubled(runs: Runs) -> str:
    """An order is there a second time; under its own reference Salesforce refuses it."""
    rows = runs.run.stage.held().salesforce["Order"]
    row = next(row for row in rows if str(row["BusbarReference__c"]).startswith(f"BB{KIND}"))
    names = ("AccountId", "EffectiveDate", "Pricebook2Id", "BusbarReference__c")
    copy = {"Status": "Draft", **{name: row[name] for name in names}}
    assert Administrator(runs.system).do("POST", "Order", copy).status_code == 400
    copy["BusbarReference__c"] = row["BusbarReference__c"][:-4] + "C0PY"
    Administrator(runs.system).do("POST", "Order", copy).raise_for_status()
    return "is in Salesforce, and no order of ours"


def _doubled_item(runs: Runs) -> str:
    """An order has its cards twice."""
    (item, *_) = [
        item
        for item in runs.run.stage.held().salesforce["OrderItem"]
        if not item["BusbarReference__c"].startswith(f"BB{WALLBOX_ITEM_KIND}")
    ]
    names = ("OrderId", "PricebookEntryId", "Quantity", "UnitPrice")
    copy = {name: item[name] for name in names}
    Administrator(runs.system).do("POST", "OrderItem", copy).raise_for_status()
    return "has items [1.0, 1.0] in Salesforce"


def _linked_wrongly(runs: Runs) -> str:
    """A card bills to another company."""
    wrong = {"billing_contact_id": ELBE.energised_id}
    runs.system.simulator("energised", "POST", f"cards/{_card(runs)}/change", wrong)
    return f"the billing contact is '{ELBE.energised_id}'"


def _not_as_wanted(runs: Runs) -> str:
    """A card that was switched on is off."""
    runs.system.simulator("energised", "POST", f"cards/{_card(runs)}/change", {"active": False})
    return "active is False, wanted last was one of [True]"


def _card(runs: Runs) -> str:
    cards = runs.run.stage.held().cards
    return next(name for name, card in cards.items() if card["active"] == "true")


@pytest.mark.parametrize("plant", [_doubled, _doubled_item, _linked_wrongly, _not_as_wanted, _lost])
def test_should_turn_red_when_a_fault_is_planted(runs: Runs, plant: Callable[[Runs], str]) -> None:
    before = set(judge(runs.again()))
    sentence = plant(runs)
    after = set(judge(runs.again())) - before
    assert any(sentence in found for found in after), after


# --- of a wallbox order ---------------------------------------------------------------------------


PERSON = reference(PERSON_KIND, customer_id(ORG, PEOPLE[DRIVERS[0]]))


def _partner_doubled(runs: Runs) -> str:
    """The driver is in SAP a second time."""
    person = {"FirstName": "Any", "LastName": "Any", "BusinessPartnerCategory": "1"}
    row = {**person, "BusinessPartnerIDByExtSystem": PERSON}
    runs.system.simulator("sap", "POST", "rows/A_BusinessPartner", row)
    return "has 2 of partner"


def _contract_cancelled(runs: Runs) -> str:
    """A contract is cancelled in SAP, and its order goes on."""
    (contract, *_) = [c for c in runs.run.stage.held().contracts if c["ExternalReference"]]
    cancelled = {"ProcessingStatus": "CANCELLED"}
    runs.system.simulator("sap", "POST", f"rows/Contracts/{contract['ContractID']}", cancelled)
    return "the contract's status is True"


def _account_of_another(runs: Runs) -> str:
    """The driver's account carries the GP number of somebody else."""
    rows = runs.run.stage.held().salesforce["Account"]
    (account,) = [row for row in rows if row["BusbarReference__c"] == PERSON]
    wrong = {"GpNumber__c": "0000000007"}
    Administrator(runs.system).do("PATCH", f"Account/{account['Id']}", wrong).raise_for_status()
    return "the account's GP number is '0000000007'"


def _contact_doubled(runs: Runs) -> str:
    """The driver is in be.ENERGISED a second time."""
    runs.run.stage.make_contact({"id": "twin", "name": "Any", "customer_reference": PERSON})
    return "has 2 of contact"


def _wallbox_order_lost(runs: Runs) -> str:
    """An order of a wallbox is gone from Salesforce."""
    rows = runs.run.stage.held().salesforce["Order"]
    order = next(r for r in rows if str(r["BusbarReference__c"]).startswith(f"BB{WALLBOX_KIND}"))
    Administrator(runs.system).do("DELETE", f"Order/{order['Id']}").raise_for_status()
    return "has 0 of order"


def test_should_turn_red_when_faults_are_planted_into_wallbox_orders(runs: Runs) -> None:
    """One after the other: of what is there twice nobody can say whether it is right."""
    for plant in (
        _account_of_another,
        _contract_cancelled,
        _wallbox_order_lost,
        _contact_doubled,
        _partner_doubled,
    ):
        before = set(judge(runs.again()))
        sentence = plant(runs)
        after = set(judge(runs.again())) - before
        assert any(sentence in found for found in after), (sentence, after)
