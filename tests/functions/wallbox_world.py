"""A world that sells wallboxes, and what a portal sends to order one."""

from __future__ import annotations

from typing import Any

from infra.simulators import sample_wallboxes
from tests.doubles.world import Reply, World

ORDERS = "/v1/wallbox-orders"
DRIVER = "driver"


def wallbox_world(**settings: Any) -> World:
    """A world whose Salesforce sells wallboxes, with the sub-CPO's contract behind them."""
    world = World(
        wallbox_price_book_id=sample_wallboxes.PRICE_BOOK_ID,
        wallbox_contract_id=sample_wallboxes.CONTRACT_ID,
        **settings,
    )
    world.salesforce.load_sample(2, wallboxes=4)
    world.energised.load_sample(2, wallboxes=4)
    return world


def any_address(**changes: Any) -> dict[str, Any]:
    """A postal address."""
    return {
        "name": "Wiebke Janssen",
        "street": "Am Deich",
        "house_number": "7a",
        "postal_code": "26121",
        "city": "Oldenburg",
        "country": "DE",
        **changes,
    }


def any_person(**changes: Any) -> dict[str, Any]:
    """The driver himself."""
    return {
        "first_name": "Wiebke",
        "last_name": "Janssen",
        "birth_date": "1984-05-17",
        "email": "wiebke.janssen@example.test",
        "phone": "+49 441 123456",
        "iban": "DE89 3704 0044 0532 0130 00",
        **changes,
    }


def any_submission(**changes: Any) -> dict[str, Any]:
    """An order of a wallbox and its cable."""
    return {
        "products": [
            {"product_code": "WALLBOX-11", "quantity": 1},
            {"product_code": "CABLE-5", "quantity": 2},
        ],
        "person": any_person(),
        "billing_address": any_address(),
        "installation_address": any_address(street="Hinterm Hof"),
        "note": "Bitte vorher anrufen",
        **changes,
    }


def place(world: World, key: str = "one", user: str = DRIVER, **changes: Any) -> Reply:
    """Order a wallbox."""
    return world.call("POST", ORDERS, user, any_submission(**changes), Idempotency_Key=key)


def shown(world: World, placed: Reply, user: str = DRIVER) -> Any:
    """The order with its progress, as the portal shows it."""
    return world.call("GET", placed.headers["Location"], user).json
