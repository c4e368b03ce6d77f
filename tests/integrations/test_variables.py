"""Variables of an integration, as its mappings find them."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.integrations import Integration, Variable
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event

VARIABLES = (
    Variable(key="erp.base_url", value="https://erp.example"),
    Variable(key="erp.titles", value={"0002": "Mr."}),
    Variable(key="plain", value="P01"),
)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"jsonataExpression": "$env.erp.base_url"}, "https://erp.example"),
        ({"jsonataExpression": "$mapValue($env.erp.titles, '0002')"}, "Mr."),
        ({"jsonataExpression": "$env.plain"}, "P01"),
        ({"env_var_ref": {"key": "erp.base_url"}}, "https://erp.example"),
        ({"env_var_ref": {"key": "plain"}}, "P01"),
    ],
)
def test_should_be_found_by_expressions_and_by_their_keys(
    source: dict[str, Any], value: str
) -> None:
    any_integration = Integration(id="i", name="any", system="sap", variables=VARIABLES)
    ids = {"attribute": "external_id", "constant": "1"}
    fields = [ids, {"attribute": "title", **source}]
    entity = {"entity_schema": "contact", "unique_ids": ["external_id"], "fields": fields}
    context = Context(env=any_integration.environment())

    mapped = map_event(parse({"entities": [entity]}), {}, context)

    assert mapped.entity_updates[0].attributes["title"] == value
    assert mapped.warnings == ()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$env.plain & '-' & id", "-7"),
        ("$exists($env.plain)", False),
        ("$env.erp.base_url & '/x'", "https://erp.example/x"),
    ],
)
def test_should_not_be_there_as_long_as_they_have_no_value(expression: str, value: Any) -> None:
    """Nor is a secret, and it hides nothing below its key. As null it would be the text `null`."""
    variables = (
        Variable(key="plain"),
        Variable(key="erp", type="SecretString"),
        Variable(key="erp.base_url", value="https://erp.example"),
    )
    any_integration = Integration(id="i", name="any", system="sap", variables=variables)
    ids = {"attribute": "external_id", "field": "id"}
    fields = [ids, {"attribute": "title", "jsonataExpression": expression}]
    entity = {"entity_schema": "contact", "unique_ids": ["external_id"], "fields": fields}
    context = Context(env=any_integration.environment())

    mapped = map_event(parse({"entities": [entity]}), {"id": "7"}, context)

    assert mapped.entity_updates[0].attributes["title"] == value
