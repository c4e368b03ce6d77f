"""What a portal sends to order a wallbox, and what has to be right about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from busbar.domain.customers import Caller
from busbar.domain.private_customers import PrivateCustomer, customer_id, is_iban
from busbar.domain.wallbox_orders import OrderLine
from busbar.domain.wallbox_products import WallboxProduct
from busbar.errors import FieldError, Problem
from busbar.usecases.deps import Deps
from busbar.usecases.inputs import AddressInput, Day, Email, Input, Line, Note

MOST_LINES = 20
"""Products of one order."""
MOST_OF_ONE = 1_000_000
"""Above all that an org can offer; Salesforce's own maximum is looked at later."""
FIRST_BIRTH = date(1900, 1, 1)


def _compact(value: Any) -> Any:
    return "".join(value.split()).upper() if isinstance(value, str) else value


class PersonInput(Input):
    """The driver himself."""

    first_name: Line = Field(min_length=1, max_length=40)
    last_name: Line = Field(min_length=1, max_length=40)
    birth_date: Day
    email: Email
    phone: Line = Field(max_length=30, pattern=r"^\+?[0-9][0-9 ()/-]{3,28}$")
    iban: Annotated[str, BeforeValidator(_compact), Field(max_length=34)] = ""

    @field_validator("iban")
    @classmethod
    def _checked(cls, iban: str) -> str:
        if iban and not is_iban(iban):
            raise ValueError("is no IBAN: its length or its check digits are wrong")
        return iban


class LineInput(Input):
    """A product. Its quantity is a JSON number: `"2"` or `true` is a fault of the caller."""

    product_code: Line = Field(min_length=1, max_length=255)
    quantity: int = Field(strict=True, ge=1, le=MOST_OF_ONE)


class WallboxSubmission(Input):
    """An order. An address that is None means: the billing address."""

    # No tuple: one whose lines are at fault would be too short besides.
    products: list[LineInput] = Field(min_length=1, max_length=MOST_LINES)
    person: PersonInput
    billing_address: AddressInput
    delivery_address: AddressInput | None = None
    installation_address: AddressInput | None = None
    note: Note = ""

    def customer(self, caller: Caller, deps: Deps) -> PrivateCustomer:
        """The person as a private customer."""
        ours = customer_id(deps.store.org, caller.user.id)
        address = self.billing_address.address()
        return PrivateCustomer(
            id=ours, user_id=caller.user.id, address=address, **self.person.model_dump()
        )


def lines(
    submission: WallboxSubmission, offered: Sequence[WallboxProduct], today: date
) -> tuple[OrderLine, ...]:
    """What is ordered, as it is offered now. Raises a 422 `Problem` that names each field."""
    faults = [*_birth_faults(submission.person.birth_date, today)]
    by_code = {product.code: product for product in offered}
    for number, line in enumerate(submission.products):
        faults += _line_faults(f"products[{number}]", line, by_code.get(line.product_code))
    faults += _repeated(submission.products)
    if faults:
        raise refused(faults)
    return tuple(
        OrderLine(product=by_code[line.product_code], quantity=line.quantity)
        for line in submission.products
    )


def _birth_faults(birth_date: date, today: date) -> Iterator[FieldError]:
    if birth_date > today:
        yield FieldError("person.birth_date", "is in the future")
    if birth_date < FIRST_BIRTH:
        yield FieldError("person.birth_date", f"has to be {FIRST_BIRTH.isoformat()} or later")


def _line_faults(where: str, line: LineInput, product: WallboxProduct | None) -> list[FieldError]:
    if product is None:
        return [FieldError(f"{where}.product_code", "is no product that can be ordered")]
    lowest, highest = product.minimum_quantity, product.maximum_quantity
    if lowest <= line.quantity <= highest:
        return []
    return [FieldError(f"{where}.quantity", f"has to be between {lowest} and {highest}")]


def _repeated(products: Sequence[LineInput]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, line in enumerate(products):
        if line.product_code in seen:
            yield FieldError(
                f"products[{number}].product_code", "stands there twice: add the quantities up"
            )
        seen.add(line.product_code)


def refused(faults: Sequence[FieldError]) -> Problem:
    """A 422 that names each field at fault."""
    return Problem(
        422, "fields-invalid", "Some fields are invalid", "See errors.", errors=tuple(faults)
    )
