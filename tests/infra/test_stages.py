"""Stages: examples are refused, and each function is told what it needs and no more."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from busbar.settings.reading import read_settings
from infra.catalog import USE_CASES, use_case
from infra.environment import Names, environment
from infra.stages import (
    DEV,
    EXAMPLES,
    LOCAL,
    STAGES,
    main,
    stage_named,
    webhook_of,
    why_not_deployable,
)


def test_should_refuse_to_deploy_when_addresses_are_still_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["dev"]) == 1

    said = capsys.readouterr().out
    for example in EXAMPLES:
        assert f"still has the example '{example}'" in said
    assert "Edit infra/stages.py" in said


def test_should_allow_to_deploy_when_addresses_are_ones_own() -> None:
    org = DEV.orgs["demo"]
    assert org.salesforce
    assert org.energised
    assert org.sap
    salesforce = dataclasses.replace(
        org.salesforce,
        base_url="https://north.my.salesforce.com",
        event_source="aws.partner/salesforce.com/00Dxx/0YLxx",
    )
    energised = dataclasses.replace(org.energised, base_url="https://north.beenergised.cloud")
    webhook = webhook_of("dev", "demo", salesforce)
    sap = dataclasses.replace(org.sap, base_url="https://sap.north.example")
    own = dataclasses.replace(
        org, salesforce=salesforce, energised=energised, sap=sap, webhook=webhook
    )

    assert why_not_deployable(dataclasses.replace(DEV, orgs={"north": own})) == []


def test_should_refuse_to_deploy_stage_local() -> None:
    assert "make run" in why_not_deployable(LOCAL)[0]


def test_should_list_the_stages_when_asked_for_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["staging"]) == 2
    assert "there are local, dev, test, prod" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no stage 'staging'"):
        stage_named("staging")


@pytest.mark.parametrize("stage", STAGES)
def test_should_name_each_secret_after_stage_org_and_system(stage: str) -> None:
    for name, org in STAGES[stage].orgs.items():
        assert org.salesforce
        assert org.energised
        assert org.salesforce.secret_id == f"busbar/{stage}/{name}/salesforce"
        assert org.energised.secret_id == f"busbar/{stage}/{name}/energised"
        assert org.webhook is not None
        assert org.webhook.secret_id == f"busbar/{stage}/{name}/webhook"


@pytest.mark.parametrize("name", [u.name for u in USE_CASES])
def test_should_write_variables_that_the_settings_read_back(name: str) -> None:
    row = use_case(name)
    names = Names(table="t", audiences={"demo": ("busbar-demo",)})

    settings = read_settings(environment(row, LOCAL, names))

    assert settings.tuning == LOCAL.tuning
    for system in ("salesforce", "energised", "sap"):
        told = getattr(settings.orgs["demo"], system)
        assert told == (getattr(LOCAL.orgs["demo"], system) if system in row.systems else None)


def test_should_write_only_what_is_not_the_default() -> None:
    variables = environment(use_case("orders"), DEV, Names(table="t", audiences={"demo": ("a",)}))

    assert set(variables) == {"BUSBAR_STAGE", "BUSBAR_TABLE", "BUSBAR_ORGS"}
    assert json.loads(variables["BUSBAR_ORGS"]) == {"demo": {"audiences": ["a"]}}


def test_should_tell_a_companys_limit_to_the_function_that_holds_it_and_to_no_other() -> None:
    org = dataclasses.replace(DEV.orgs["demo"], cards_per_company_30_days=90)
    limited = dataclasses.replace(DEV, orgs={"demo": org})
    told = {
        case.name: json.loads(environment(case, limited, Names(table="t"))["BUSBAR_ORGS"])["demo"]
        for case in USE_CASES
    }
    assert [n for n, org in told.items() if "cards_per_company_30_days" in org] == ["order_submit"]
    assert told["order_submit"]["cards_per_company_30_days"] == 90


def test_should_tell_each_function_that_asks_for_entities_how_the_org_sees_them() -> None:
    own = dataclasses.replace(
        LOCAL.orgs["demo"],
        entity_attributes={"contract.grid_number": "string!"},
        portals={"p1": "END_CUSTOMER_PORTAL portal.example 2024-01-31 Portal"},
    )
    known = dataclasses.replace(LOCAL, orgs={"demo": own})
    told = {
        case.name: json.loads(environment(case, known, Names(table="t"))["BUSBAR_ORGS"])["demo"]
        for case in USE_CASES
    }
    folder = Path(__file__).parents[2] / "functions"
    ask = {c for c in told if "entity_deps(" in (folder / c / "handler.py").read_text()}
    assert len(ask) > 3
    for setting in ("entity_attributes", "portals"):
        having = {name for name, org in told.items() if setting in org}
        # A mapping that is saved is held against the org's schemas, though nothing is read of them.
        assert having == {*ask, "integrations"}
