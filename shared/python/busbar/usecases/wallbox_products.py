"""The catalogue of wallboxes: what Salesforce offers, kept for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.authorisation import require
from busbar.domain.customers import Caller
from busbar.domain.record import Record
from busbar.domain.wallbox_products import WallboxProduct
from busbar.errors import Conflict, Problem, UpstreamError
from busbar.ports.runtime import Json
from busbar.ports.store import Put
from busbar.usecases.deps import Deps

CATALOGUE = "wallboxes"


class KnownProducts(Record):
    """The products as last read from Salesforce, for portals that look again and for outages."""

    schema_name: ClassVar[str] = "wallbox_products"

    products: tuple[WallboxProduct, ...]
    read_at: AwareDatetime


def list_products(caller: Caller, deps: Deps) -> Json:
    """All products that can be ordered. Raises a 503 `Problem` if they were never known."""
    require(caller, "wallbox_products")
    known = products(deps)
    return {
        "products": [_view(product) for product in known.products],
        "read_at": known.read_at.isoformat(),
    }


def products(deps: Deps) -> KnownProducts:
    """What can be ordered, at most `products_kept` seconds old, or older while Salesforce is down.

    Raises a 503 `Problem` if it was never known.
    """
    stored = deps.store.get(KnownProducts, CATALOGUE)
    known = stored.record if stored else None
    kept = timedelta(seconds=deps.tuning.products_kept)
    if known and deps.clock.now() - known.read_at < kept:
        return known
    try:
        read = deps.systems.wallbox_sales.read_products(deps.tuning.answer_within)
    except UpstreamError:
        if known:
            return known
        raise _unknown() from None
    return _keep(read, deps)


def _keep(read: Sequence[WallboxProduct], deps: Deps) -> KnownProducts:
    known = KnownProducts(id=CATALOGUE, products=tuple(read), read_at=deps.clock.now())
    try:
        deps.store.commit(Put(known))
    except Conflict:
        return known  # another request keeps the same thing at this moment
    return known


def _unknown() -> Problem:
    return Problem(
        503,
        "products-unknown",
        "The products are not known yet",
        "Salesforce does not answer, and has never done so before. Try again later.",
        headers={"Retry-After": "30"},
    )


def _view(product: WallboxProduct) -> Json:
    return {
        "code": product.code,
        "name": product.name,
        "family": product.family,
        "unit_price": product.unit_price,
        "currency": product.currency,
        "tax_rate": product.tax_rate,
        "quantity": {"minimum": product.minimum_quantity, "maximum": product.maximum_quantity},
    }
