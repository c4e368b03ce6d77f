"""Applies what the emulator's CloudFormation accepts and drops: table TTL and PITR, API CORS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.local.assembly import Stack
from infra.local.clients import LocalClients

_TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")


def fix_up(stack: Stack, aws: LocalClients) -> None:
    """Bring the resources of a deployed stack to what its template says."""
    described = aws("cloudformation").describe_stack_resources(StackName=stack.name)
    physical = {
        r["LogicalResourceId"]: r["PhysicalResourceId"] for r in described["StackResources"]
    }
    for logical_id, resource in stack.resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] in _TABLES:
            _table(physical[logical_id], properties, aws("dynamodb"))
        elif resource["Type"] == "AWS::ApiGatewayV2::Api" and "CorsConfiguration" in properties:
            aws("apigatewayv2").update_api(
                ApiId=physical[logical_id], CorsConfiguration=properties["CorsConfiguration"]
            )


def _table(name: str, properties: Mapping[str, Any], dynamodb: Any) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        now = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if now["TimeToLiveStatus"] == "DISABLED":
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    if '"PointInTimeRecoveryEnabled": true' in json.dumps(properties):
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
