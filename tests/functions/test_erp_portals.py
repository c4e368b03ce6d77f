"""`portal_ref` of a mapping finds the portals that the org's settings tell, in the worker and in a
simulation alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from busbar.ports.store import Put
from tests.doubles.world import ORG
from tests.functions.erp_given import ErpWorld, any_event, contact, integration, rows, send
from tests.functions.given import store

PORTALS = {
    "p1": "END_CUSTOMER_PORTAL kunden.example 2024-01-31 Kundenportal Nord",
    "p2": "END_CUSTOMER_PORTAL alt.example 2021-05-01 Altportal",
    "p3": "INSTALLER_PORTAL handwerk.example 2022-01-01 Installateure",
}
MAPPING: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                {"attribute": "customer_number", "field": "partner"},
                {"attribute": "portal_id", "portal_ref": {}},
                {
                    "attribute": "portal_name",
                    "portal_ref": {"filter": {"domain": "kunden.example"}, "return": "name"},
                },
            ],
        }
    ]
}


def world(portals: Mapping[str, str]) -> ErpWorld:
    """A world whose org has these portals, and a use case that asks for them."""
    made = ErpWorld()
    org = replace(made.settings.orgs[ORG], portals=portals)
    made.settings = replace(made.settings, orgs={ORG: org})
    store(made).commit(Put(integration(customer=MAPPING)))
    return made


@pytest.mark.parametrize(
    ("portals", "told"),
    [
        (PORTALS, {"portal_id": "p2", "portal_name": "Kundenportal Nord"}),
        ({}, {}),
    ],
)
def test_should_find_the_portals_of_the_org(
    portals: Mapping[str, str], told: Mapping[str, str]
) -> None:
    found = world(portals)
    body = {"event_configuration": MAPPING, "format": "json", "payload": {"partner": "1000042"}}
    path = "/v2/erp/updates/mapping_simulation"
    simulated = found.call("POST", path, "operator", body).json
    send(found, any_event({"partner": "1000042"}))
    found.pump()
    assert contact(found) == {"customer_number": "1000042", **told}
    (update,) = simulated["entity_updates"]
    assert update["attributes"] == contact(found)
    warned = {row.message for row in rows(found) if row.code == "MAPPING_WARNING"}
    assert warned == {one["message"] for one in simulated["warnings"]}
    code = "AMBIGUOUS" if portals else "NO_MATCH"
    assert {message.split(":")[0] for message in warned} == {f"PORTAL_REF_{code}"}
