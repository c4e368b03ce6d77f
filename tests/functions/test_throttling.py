"""DynamoDB says not now: nobody is told that something broke, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from busbar.errors import StoreUnavailable
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler
from infra.catalog import USE_CASES, Route, UseCase
from infra.local.people import PEOPLE
from tests.doubles.world import Boundaries, Reply, World, http_event
from tests.functions.given import (
    IDS,
    ORDER,
    any_blank_card,
    asset,
    batch,
    card_in_portal,
    command,
    errands,
    failed,
    tasks,
    writes,
)
from tests.functions.portal import CARDS, ORDERS, place, problem
from tests.functions.samples import read_event

DOORS = [(case, route) for case in USE_CASES for route in case.routes]
WORKERS = [case for case in USE_CASES if case.queue]


def _refused(code: str, status: int) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "any"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "GetItem")


ERRORS: dict[str, Exception] = {
    "throughput": _refused("ProvisionedThroughputExceededException", 400),
    "throttling": _refused("ThrottlingException", 400),
    "request_limit": _refused("RequestLimitExceeded", 400),
    "internal": _refused("InternalServerError", 500),
    "timeout": ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    "no_connection": EndpointConnectionError(endpoint_url="https://dynamodb.example"),
}
EVERY_ERROR = pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)


class NotNow:
    """A DynamoDB client that fails at every call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_arguments: Any) -> NoReturn:
            raise self._error

        return call


def invoke(world: World, case: UseCase, error: Exception, event: Any) -> Any:
    """Call a function whose table is not to be had."""
    clients = Clients(clock=world.clock, aws={"dynamodb": NotNow(error), "sqs": world.sqs})
    module = import_module(f"functions.{case.name}.handler")
    handler: Handler = module.make_handler(world.settings, clients)
    return handler(event, None)


@EVERY_ERROR
@pytest.mark.parametrize(("case", "route"), DOORS, ids=[r.operation for _, r in DOORS])
def test_should_answer_503_with_retry_after_at_every_route(
    world: World, case: UseCase, route: Route, error: Exception
) -> None:
    path = route.path.format(**IDS)
    claims = {**world.claims("fleet-manager"), "sub": PEOPLE["operator"]}
    headers = {"Idempotency_Key": "any", "If_Match": '"1"'}
    event = http_event(route.method, path, {"quantity": 1}, headers, {}, claims)
    got = invoke(world, case, error, event)
    answered = Reply(got["statusCode"], got["headers"], got["body"])
    problem(answered, 503, "try-again")
    assert 1 <= int(answered.headers["Retry-After"]) <= 60
    assert "dynamodb" not in answered.text.lower()
    assert "any" not in answered.json.get("detail", "").split()


@EVERY_ERROR
@pytest.mark.parametrize("case", WORKERS, ids=lambda case: case.name)
def test_should_bring_the_message_again_to_every_worker(
    world: World, case: UseCase, error: Exception
) -> None:
    samples: dict[str, Callable[[], Any]] = {
        "order_forward": lambda: batch(command("order_forward", ORDER)),
        "card_forward": lambda: batch(command("card_forward", "any", "charge_card")),
        "contact_forward": lambda: batch(command("contact_forward", "any", "company")),
        "wallbox_provisioning": lambda: read_event("wallbox_provisioning", "accepted"),
        "card_event": lambda: read_event("card_event", "assigned"),
        "wallbox_event": lambda: read_event("wallbox_event", "all_three"),
        "wallbox_review": lambda: read_event("wallbox_review", "approved"),
        "wallbox_forward": lambda: read_event("wallbox_forward", "assigned"),
        "sync_cards": lambda: batch(command("sync_cards", "energised#cards", "cursor")),
        "reconcile": lambda: batch(command("reconcile", "reconcile", "reconcile_place")),
        "status_callback": lambda: read_event("status_callback", "delivered"),
        "wallbox_proof": lambda: read_event("wallbox_proof", "uploaded"),
        "erp_apply": lambda: read_event("erp_apply", "changed"),
        "erp_load_slices": lambda: read_event("erp_load_slices", "slice"),
    }
    event = samples[case.name]()
    ids = [record["messageId"] for record in event["Records"]]
    assert failed(invoke(world, case, error, event)) == ids
    assert world.sqs.dead == {}


# --- in the middle of the work -------------------------------------------------------------------


class Throttled(Boundaries):
    """One write to the table fails, before or after it took effect."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at

    def _pass(self, name: str) -> None:
        if " write " in name:
            super()._pass(name)
            if self.count == self._at:
                raise StoreUnavailable("any")


def throttled(at: int) -> World:
    """A world with a card in the portal, whose table will fail once."""
    world = World()
    card_in_portal(world)
    world.boundaries = Throttled(at)
    return world


def ordered_in_spite(world: World) -> list[Reply]:
    """The portal sends its order until it is taken, and all comes to rest; every answer."""
    answers: list[Reply] = []
    while not answers or answers[-1].status >= 400:
        assert len(answers) < 5
        answers.append(place(world))
        world.run_for(60)
    world.run_for(900)
    return answers


def switched_in_spite(world: World) -> list[Reply]:
    """The portal switches the card on until that is taken, and all comes to rest."""
    answers: list[Reply] = []
    while not answers or answers[-1].status >= 400:
        assert len(answers) < 5
        answers.append(world.call("POST", f"{CARDS}/{IDS['card_id']}/activate"))
        world.run_for(60)
    world.run_for(900)
    return answers


def count_of(work: Callable[[World], object]) -> int:
    """How many boundaries of writes the work passes."""
    world = throttled(0)
    work(world)
    return world.boundaries.count


@pytest.mark.parametrize("at", range(1, count_of(ordered_in_spite) + 1))
def test_should_make_one_order_though_the_table_fails_at_any_write(at: int) -> None:
    world = throttled(at)
    answers = ordered_in_spite(world)
    assert {a.status for a in answers} <= {201, 202, 409, 503}, [a.text for a in answers]
    assert all("Retry-After" in a.headers for a in answers if a.status in {409, 503})
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    (listed,) = world.call("GET", ORDERS).json["orders"]
    assert listed["salesforce_order_number"] == "00000101"
    assert errands(world) == []
    assert not tasks(world)
    assert world.sqs.dead == {}


@pytest.mark.parametrize("at", range(1, count_of(switched_in_spite) + 1))
def test_should_switch_the_card_though_the_table_fails_at_any_write(at: int) -> None:
    world = throttled(at)
    answers = switched_in_spite(world)
    assert {a.status for a in answers} <= {200, 202, 503}, [a.text for a in answers]
    assert world.energised.card(any_blank_card().energised_id).active is True
    assert world.call("GET", f"{CARDS}/{IDS['card_id']}").json["energised"] == {"state": "done"}
    assert asset(world)["CardActive__c"] is True
    assert len(writes(world.energised)) == 1
    assert errands(world) == []
    assert not tasks(world)
