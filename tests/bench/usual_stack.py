"""The same job as the worker's, as most would build it for Lambda, following each tool's guide.

Powertools takes the batch apart and makes each message idempotent in a table, pydantic reads the
message and checks the contact, jsonata-python evaluates one expression per field, and boto3's
resource writes the item. It does less than the worker: no lookup by unique id, no lineage, no
history, no order of events, no row of outcomes, and nothing between it and a hostile expression.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import boto3
import jsonata
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from tests.bench.inbound_event import FORMULAS, PATHS

TEXTS = {**PATHS, **FORMULAS}
"""One expression per field."""


class Message(BaseModel):
    """What stands on the queue."""

    event_id: str
    correlation_id: str
    org: str
    integration_id: str
    use_case: str
    timestamp: int
    format: str
    payload: str


class Email(BaseModel):
    """One address."""

    email: str


class Contact(BaseModel):
    """What is written: the fields that the program knows, and the others as they come."""

    model_config = ConfigDict(extra="allow")

    customer_number: str
    first_name: str
    last_name: str
    title: str | None = None
    salutation: str | None = None
    birthdate: str | None = None
    email: list[Email]
    street: str | None = None
    house_number: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    account_number: str
    dunning_level: int
    contract_count: int
    installment: int
    balance: float


class _Context(LambdaContext):
    """As much of Lambda's context as is asked for."""

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # theirs is static
        """A minute."""
        return 60_000


_CONTEXT = _Context()


class UsualStack:
    """Handles batches of SQS messages against the table at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        log = Logger(service="usual")
        expressions = {name: jsonata.Jsonata(text) for name, text in TEXTS.items()}
        table = boto3.resource("dynamodb", endpoint_url=endpoint).Table("contacts")
        layer = DynamoDBPersistenceLayer(
            table_name="idempotency",
            boto3_client=boto3.client("dynamodb", endpoint_url=endpoint),
        )
        config = IdempotencyConfig(event_key_jmespath="event_id")
        config.register_lambda_context(_CONTEXT)
        self._processor = BatchProcessor(event_type=EventType.SQS)

        @idempotent_function(  # type: ignore[untyped-decorator]  # theirs
            data_keyword_argument="message", persistence_store=layer, config=config
        )
        def apply(*, message: Message) -> dict[str, str]:
            source = json.loads(message.payload)
            made = {name: each.evaluate(source) for name, each in expressions.items()}
            contact = Contact.model_validate(made)
            # The resource takes no floats.
            item = json.loads(contact.model_dump_json(), parse_float=Decimal)
            item |= {"event_id": message.event_id, "timestamp": message.timestamp}
            table.put_item(Item=item)
            return {"customer_number": contact.customer_number}

        def one(record: SQSRecord) -> None:
            message = Message.model_validate_json(record.body)
            log.append_keys(correlation_id=message.correlation_id)
            apply(message=message)
            log.info("event applied", extra={"event_id": message.event_id})

        self._one = one

    def handle(self, event: dict[str, Any]) -> Any:
        """The partial answer to a batch."""
        return process_partial_response(event, self._one, self._processor, _CONTEXT)
