"""Settings: read once, typed, and wrong ones are named before anything runs with them."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from busbar.errors import MisconfiguredError
from busbar.settings.energised import EnergisedSettings
from busbar.settings.function import Settings, Tuning
from busbar.settings.modes import Mode
from busbar.settings.reading import read_settings
from busbar.settings.salesforce import SalesforceSettings
from busbar.settings.sap import SapSettings

SALESFORCE: dict[str, Any] = {
    "base_url": "https://acme.my.salesforce.com",
    "secret_id": "busbar/dev/demo/salesforce",
    "event_source": "aws.partner/salesforce.com/1/2",
}
ENERGISED: dict[str, Any] = {
    "base_url": "https://acme.beenergised.cloud",
    "secret_id": "busbar/dev/demo/energised",
}
SAP: dict[str, Any] = {
    "base_url": "https://sap.acme.example",
    "secret_id": "busbar/dev/demo/sap",
}
ORG = {
    "audiences": ["portal", "machine"],
    "salesforce": SALESFORCE,
    "energised": ENERGISED,
    "sap": SAP,
}


def env(**changes: Any) -> dict[str, str]:
    """A whole environment; None leaves a variable out, what is no text becomes JSON."""
    usual: dict[str, Any] = {
        "BUSBAR_STAGE": "dev",
        "BUSBAR_TABLE": "busbar-dev",
        "BUSBAR_QUEUES": {"order_forward": "https://queue"},
        "BUSBAR_ORGS": {"demo": ORG},
        "BUSBAR_PARKED": "https://parked",
        "BUSBAR_MACHINE": "arn:machine",
        "BUSBAR_TUNING": {"lease": 20, "retry_most": 60.5},
        "PATH": "/bin",
    }
    values = {**usual, **changes}
    return {
        k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items() if v is not None
    }


def read(**changes: Any) -> Settings:
    return read_settings(env(**changes))


def with_org(**changes: Any) -> dict[str, Any]:
    return {"demo": {**ORG, **changes}}


def with_salesforce(**changes: Any) -> dict[str, Any]:
    return with_org(salesforce={**SALESFORCE, **changes})


def with_energised(**changes: Any) -> dict[str, Any]:
    return with_org(energised={**ENERGISED, **changes})


def test_should_read_all_that_a_function_is_told() -> None:
    settings = read()
    assert settings.machine == "arn:machine"
    assert (settings.stage, settings.table, settings.parked) == (
        "dev",
        "busbar-dev",
        "https://parked",
    )
    assert settings.queues == {"order_forward": "https://queue"}
    assert settings.orgs["demo"].audiences == ("portal", "machine")
    assert settings.orgs["demo"].salesforce == SalesforceSettings(**SALESFORCE)
    assert settings.orgs["demo"].energised == EnergisedSettings(**ENERGISED)
    assert settings.orgs["demo"].sap == SapSettings(**SAP)
    assert settings.tuning == Tuning(lease=20, retry_most=60.5)


def test_should_use_defaults_for_what_is_not_said() -> None:
    unsaid = dict.fromkeys(("BUSBAR_QUEUES", "BUSBAR_PARKED", "BUSBAR_MACHINE", "BUSBAR_TUNING"))
    settings = read(**unsaid)
    assert (settings.queues, settings.parked, settings.tuning) == ({}, "", Tuning())
    assert settings.machine == ""


def test_should_know_the_engines_that_may_evaluate_mappings() -> None:
    assert Tuning().jsonata == "jlens"
    assert read(BUSBAR_TUNING={"jsonata": "jsonata-python"}).tuning.jsonata == "jsonata-python"
    with pytest.raises(MisconfiguredError, match=r"BUSBAR_TUNING\.jsonata has to be"):
        read(BUSBAR_TUNING={"jsonata": "perl"})


def test_should_know_a_limit_per_company_only_where_one_is_set() -> None:
    assert read().orgs["demo"].cards_per_company_30_days is None
    limited = read(BUSBAR_ORGS={"demo": {**ORG, "cards_per_company_30_days": 90}})
    assert limited.orgs["demo"].cards_per_company_30_days == 90


def test_should_bear_an_org_without_systems() -> None:
    org = read(BUSBAR_ORGS={"demo": {"audiences": []}}).orgs["demo"]
    assert (org.audiences, org.salesforce, org.energised, org.sap) == ((), None, None, None)


def test_should_settle_longer_than_any_function_runs_by_default() -> None:
    tuning = Tuning()
    assert tuning.pause_bound >= tuning.lease > tuning.call_timeout
    assert tuning.answer_within < tuning.lease
    assert tuning.offer_within < tuning.answer_within
    assert tuning.idempotency_kept == 7 * 86400


def test_should_give_a_probe_more_time_than_any_call_may_take_by_default() -> None:
    tuning = Tuning()
    longest = max(tuning.call_timeout, tuning.answer_within, tuning.card_answer_within)
    assert tuning.circuit_probe_first > longest


@pytest.mark.parametrize("name", ["BUSBAR_STAGE", "BUSBAR_TABLE", "BUSBAR_ORGS"])
@pytest.mark.parametrize("value", [None, ""])
def test_should_name_a_variable_that_is_missing(name: str, value: str | None) -> None:
    with pytest.raises(MisconfiguredError, match=name):
        read(**{name: value})


@pytest.mark.parametrize("name", ["BUSBAR_ORGS", "BUSBAR_QUEUES", "BUSBAR_TUNING"])
@pytest.mark.parametrize("value", ["{", "demo", "[]", "3", "null", '"text"'])
def test_should_name_a_variable_that_is_no_json_object(name: str, value: str) -> None:
    with pytest.raises(MisconfiguredError, match=name):
        read(**{name: value})


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no org": ("BUSBAR_ORGS", {"BUSBAR_ORGS": {}}),
    "org is a list": ("BUSBAR_ORGS.demo", {"BUSBAR_ORGS": {"demo": []}}),
    "org name with #": ("BUSBAR_ORGS", {"BUSBAR_ORGS": {"demo#user": ORG}}),
    "org name empty": ("BUSBAR_ORGS", {"BUSBAR_ORGS": {"": ORG}}),
    "unknown system": ("epilot", {"BUSBAR_ORGS": with_org(epilot={})}),
    "audiences is a text": ("audiences", {"BUSBAR_ORGS": with_org(audiences="portal")}),
    "audiences has numbers": ("audiences", {"BUSBAR_ORGS": with_org(audiences=[1])}),
    "audience is empty": ("audiences", {"BUSBAR_ORGS": with_org(audiences=[""])}),
    "limit is nothing": (
        "cards_per_company_30_days",
        {"BUSBAR_ORGS": with_org(cards_per_company_30_days=0)},
    ),
    "limit is a text": (
        "cards_per_company_30_days",
        {"BUSBAR_ORGS": with_org(cards_per_company_30_days="90")},
    ),
    "entity attribute of no type": (
        "entity_attributes",
        {"BUSBAR_ORGS": with_org(entity_attributes={"contract.x": "colour"})},
    ),
    "filter of no attribute": (
        "entity_filters",
        {"BUSBAR_ORGS": with_org(entity_filters={"contract": "colour"})},
    ),
    "portal of no origin": (
        "portals",
        {"BUSBAR_ORGS": with_org(portals={"p1": "PORTAL portal.example 2024-01-31 Portal"})},
    ),
    "portal since no day": (
        "portals",
        {"BUSBAR_ORGS": with_org(portals={"p1": "B2B_PORTAL portal.example soon Portal"})},
    ),
    "leading systems are a list": (
        "leading_systems",
        {"BUSBAR_ORGS": with_org(leading_systems=["sap"])},
    ),
    "system is a text": (
        "BUSBAR_ORGS.demo.salesforce",
        {"BUSBAR_ORGS": with_org(salesforce="https://x")},
    ),
    "unknown key": ("base_uri", {"BUSBAR_ORGS": with_salesforce(base_uri="x")}),
    "missing key": (
        "secret_id",
        {"BUSBAR_ORGS": with_org(energised={"base_url": "https://x"})},
    ),
    "limit too small": ("calls_per_minute", {"BUSBAR_ORGS": with_salesforce(calls_per_minute=23)}),
    "SAP's limit too small": (
        "sap.calls_per_minute",
        {"BUSBAR_ORGS": with_org(sap={**SAP, "calls_per_minute": 23})},
    ),
    "SAP's mode": ("partner_mode", {"BUSBAR_ORGS": with_org(sap={**SAP, "partner_mode": "key"})}),
    "SAP's roles are a text": (
        "partner_roles",
        {"BUSBAR_ORGS": with_org(sap={**SAP, "partner_roles": "MKK"})},
    ),
    "unknown mode": ("mode", {"BUSBAR_ORGS": with_salesforce(mode="uniq")}),
    "mode is null": ("mode", {"BUSBAR_ORGS": with_salesforce(mode=None)}),
    "authentication": (
        "client_authentication",
        {"BUSBAR_ORGS": with_salesforce(client_authentication="header")},
    ),
    "seconds as text": (
        "processing_seconds",
        {"BUSBAR_ORGS": with_salesforce(processing_seconds="120")},
    ),
    "seconds as bool": (
        "token_seconds",
        {"BUSBAR_ORGS": with_salesforce(token_seconds=True)},
    ),
    "fields is a text": ("asset_fields", {"BUSBAR_ORGS": with_salesforce(asset_fields="A__c")}),
    "map is a list": ("status_map", {"BUSBAR_ORGS": with_salesforce(status_map=["Draft"])}),
    "state of no order": (
        "status_map",
        {"BUSBAR_ORGS": with_salesforce(status_map={"Draft": "drafted"})},
    ),
    "kind of no asset": (
        "asset_kinds",
        {"BUSBAR_ORGS": with_salesforce(asset_kinds={"private": "privat"})},
    ),
    "review of no kind": (
        "review_map",
        {"BUSBAR_ORGS": with_salesforce(review_map={"Fertig": "done"})},
    ),
    "account mode": (
        "account_mode",
        {"BUSBAR_ORGS": with_salesforce(account_mode="upsert")},
    ),
    "page size": (
        "page_size",
        {"BUSBAR_ORGS": with_org(energised={**ENERGISED, "page_size": 2.5})},
    ),
    "unknown way of contacts": (
        "contact_route",
        {"BUSBAR_ORGS": with_energised(contact_route="post")},
    ),
    "register without a company": (
        "register_company_id",
        {"BUSBAR_ORGS": with_energised(contact_route="register", private_rate_id="any")},
    ),
    "password that is guessed": (
        "password_length",
        {"BUSBAR_ORGS": with_energised(password_length=11)},
    ),
    "tokens from nowhere": (
        "cpo_token_url",
        {"BUSBAR_ORGS": with_energised(cpo_token_url="auth.example/token")},
    ),
    "unknown tuning": ("leese", {"BUSBAR_TUNING": {"leese": 30}}),
    "tuning as text": ("lease", {"BUSBAR_TUNING": {"lease": "30"}}),
    "tuning is null": ("lease", {"BUSBAR_TUNING": {"lease": None}}),
    "tuning is endless": ("lease", {"BUSBAR_TUNING": '{"lease": Infinity}'}),
    "queue is no text": ("BUSBAR_QUEUES", {"BUSBAR_QUEUES": {"order_forward": 1}}),
    "one audience of two orgs": ("portal", {"BUSBAR_ORGS": {"a": ORG, "b": ORG}}),
    "one event source of two orgs": (
        "event_source",
        {"BUSBAR_ORGS": {"a": ORG, "b": {**ORG, "audiences": ["b"]}}},
    ),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_should_name_what_is_wrong(case: str) -> None:
    named, changes = WRONG[case]
    with pytest.raises(MisconfiguredError, match=named):
        read(**changes)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_should_take_every_mode(mode: str) -> None:
    org = read(BUSBAR_ORGS=with_salesforce(mode=mode)).orgs["demo"]
    assert org.salesforce
    assert org.salesforce.mode == mode


def test_should_take_what_a_tenant_calls_its_states_and_fields() -> None:
    changed = {"status_map": {"Neu": "submitted"}, "asset_fields": ["A__c"], "token_seconds": 60}
    salesforce = read(BUSBAR_ORGS=with_salesforce(**changed)).orgs["demo"].salesforce
    assert salesforce
    assert (salesforce.status_map, list(salesforce.asset_fields)) == (
        {"Neu": "submitted"},
        ["A__c"],
    )


def test_should_take_what_a_tenant_calls_its_services_of_sap() -> None:
    own = {"contract_service": "Z_CONTRACTS_SRV", "contract_mode": "none", "partner_roles": ["ZKK"]}
    sap = read(BUSBAR_ORGS=with_org(sap={**SAP, **own})).orgs["demo"].sap
    assert sap
    assert (sap.contract_service, sap.contract_mode) == ("Z_CONTRACTS_SRV", "none")
    assert (list(sap.partner_roles), sap.partner_mode) == (["ZKK"], "probe")


def test_should_sell_wallboxes_only_where_there_is_a_price_book_of_them() -> None:
    plain = read().orgs["demo"].salesforce
    selling = read(BUSBAR_ORGS=with_salesforce(wallbox_price_book_id="01s")).orgs["demo"].salesforce
    assert plain
    assert selling
    assert (plain.sells_wallboxes, selling.sells_wallboxes) == (False, True)


def test_should_take_a_tenant_that_registers_private_persons() -> None:
    needed = {"register_company_id": "c", "register_billing_contact_id": "b"}
    changes = {**needed, "private_rate_id": "r", "contact_route": "register", "wallboxes": True}
    energised = read(BUSBAR_ORGS=with_energised(**changes)).orgs["demo"].energised
    assert energised
    assert (energised.contact_route, energised.wallboxes) == ("register", True)
    assert energised.cpo_token_url.endswith(".amazoncognito.com/token")


def two_orgs() -> Settings:
    other = {"audiences": ["other"], "salesforce": {**SALESFORCE, "event_source": "other"}}
    return read(BUSBAR_ORGS={"demo": ORG, "two": other, "three": {"audiences": []}})


@pytest.mark.parametrize(
    ("audience", "org"),
    [
        ("portal", "demo"),
        ("machine", "demo"),
        ("other", "two"),
        ("x", None),
        ("", None),
        ("p", None),
    ],
)
def test_should_find_the_org_of_an_audience(audience: str, org: str | None) -> None:
    assert two_orgs().org_of_audience(audience) == org


@pytest.mark.parametrize(
    ("source", "org"),
    [(SALESFORCE["event_source"], "demo"), ("other", "two"), ("portal", None), ("", None)],
)
def test_should_find_the_org_of_an_event_source(source: str, org: str | None) -> None:
    assert two_orgs().org_of_event_source(source) == org


def test_should_never_change_once_read() -> None:
    settings = read()
    for part in (settings, settings.tuning, settings.orgs["demo"]):
        with pytest.raises(AttributeError):
            part.stage = "prod"  # type: ignore[union-attr, misc]


# --- webhooks ------------------------------------------------------------------------------------

WEBHOOK = {"secret_id": "busbar/dev/demo/webhook", "event_source": SALESFORCE["event_source"]}


def test_should_read_the_webhook_of_an_org() -> None:
    webhook = read(BUSBAR_ORGS={"demo": {"webhook": WEBHOOK}}).orgs["demo"].webhook
    assert webhook is not None
    assert webhook.secret_id == "busbar/dev/demo/webhook"
    assert (webhook.assigned_event, webhook.status_event) == (
        "ChargeCardAssigned__e",
        "OrderStatusChanged__e",
    )
    assert read().orgs["demo"].webhook is None


def test_should_have_a_queue_for_every_event_of_the_webhook() -> None:
    webhook = read(BUSBAR_ORGS={"demo": {"webhook": WEBHOOK}}).orgs["demo"].webhook
    assert webhook is not None
    assert webhook.queues == {
        "ChargeCardAssigned__e": "card_event",
        "OrderStatusChanged__e": "status_callback",
        "WallboxAssigned__e": "wallbox_event",
        "InstallationReviewed__e": "wallbox_review",
    }


@pytest.mark.parametrize("changes", [{"unknown": 1}, {"secret_id": 1}, {"event_source": None}])
def test_should_name_what_is_wrong_with_a_webhook(changes: dict[str, Any]) -> None:
    with pytest.raises(MisconfiguredError, match=r"BUSBAR_ORGS\.demo\.webhook"):
        read(BUSBAR_ORGS={"demo": {"webhook": {**WEBHOOK, **changes}}})


@pytest.mark.parametrize(
    "name",
    ["event_source", "assigned_event", "status_event", "wallbox_assigned_event", "review_event"],
)
def test_should_refuse_a_webhook_whose_events_the_workers_would_not_know(name: str) -> None:
    with pytest.raises(MisconfiguredError, match=f"webhook.{name} has to be that of salesforce"):
        read(BUSBAR_ORGS=with_org(webhook={**WEBHOOK, name: "another"}))


def test_should_refuse_two_webhooks_under_one_event_source() -> None:
    with pytest.raises(MisconfiguredError, match="event_source"):
        read(BUSBAR_ORGS={"one": {"webhook": WEBHOOK}, "other": {"webhook": WEBHOOK}})
