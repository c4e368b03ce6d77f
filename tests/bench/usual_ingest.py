"""What a function that takes events by HTTP imports in the usual stack: that of the worker, which
shares its package, and the router of Powertools."""

from __future__ import annotations

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.bench.usual_stack import UsualStack

NOWHERE = "http://127.0.0.1:9"


def ready() -> object:
    """Make what such a module makes when it is imported: its clients, its router, its parts."""
    clients = [boto3.client(name, endpoint_url=NOWHERE) for name in ("s3", "sqs")]
    return APIGatewayHttpResolver(), UsualStack(NOWHERE), clients
