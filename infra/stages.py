"""What differs from stage to stage: typed, frozen, and written down here alone.

Edit `DEV`, `TEST` and `PROD`: their addresses are examples until you do. `make deploy` first runs
`python -m infra.stages <stage>`, which names what is still an example and fails. What was measured
of a tenant (`tenants/`) goes on top. No secret stands
here: the data stack makes an empty secret `busbar/<stage>/<org>/<system>`, and a person fills it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from busbar.settings.energised import EnergisedSettings
from busbar.settings.function import OrgSettings, Tuning
from busbar.settings.salesforce import SalesforceSettings
from busbar.settings.sap import SapSettings
from busbar.settings.webhook import WebhookSettings
from infra.simulators.sample_wallboxes import CONTRACT_ID, PRICE_BOOK_ID
from infra.tenant_files import with_measured

StageName = Literal["local", "dev", "test", "prod"]

EXAMPLES = (
    "https://acme.my.salesforce.com",
    "https://acme.beenergised.cloud",
    "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001AAA",
    "https://sap.acme.example",
)
"""Values that stand in for your own and must not be deployed."""

LOCAL_ISSUER = "http://127.0.0.1:4572"
"""Where the local system's issuer of tokens listens."""


@dataclass(frozen=True)
class StageConfig:
    """One stage. Knows no account and no region: those come with the credentials of the deploy."""

    name: StageName
    orgs: Mapping[str, OrgSettings]
    """Org -> settings. Empty `audiences`: the app clients that the data stack makes for the org."""
    issuer: str | None = None
    """Issuer of tokens; None: the user pool of the data stack."""
    keeps_data: bool = False
    """Table, user pool, secrets and buses outlive the stack; backups and deletion protection."""
    log_retention_days: Literal[1, 7, 30, 90, 180, 365] = 30
    tuning: Tuning = field(default_factory=Tuning)
    cors_origins: tuple[str, ...] = ()
    """Origins of browsers that may call the API; empty: none, no CORS headers."""
    alarm_email: str | None = None
    """Who gets the alarms by mail; None: nobody is subscribed."""
    oldest_errand_seconds: int = 3600
    """Age from which an errand that still waits rings an alarm."""
    open_tasks: int = 20
    """How many open tasks of one org ring an alarm."""
    requests_per_second: int = 50
    requests_at_once: int = 100
    webhooks_per_second: int = 20
    """Of each signed route: nobody has to have a token to call one."""
    webhooks_at_once: int = 40

    @property
    def partner_sources(self) -> tuple[str, ...]:
        """Event sources whose bus belongs to a partner (Salesforce's Event Relay)."""
        sources = (o.salesforce.event_source for o in self.orgs.values() if o.salesforce)
        return tuple(s for s in sources if s.startswith("aws.partner/"))


def secret_id(stage: StageName, org: str, system: str) -> str:
    """Name of the one secret of an org and a system."""
    return f"busbar/{stage}/{org}/{system}"


def webhook_of(stage: StageName, org: str, salesforce: SalesforceSettings) -> WebhookSettings:
    """The webhook of an org without Event Relay, under the names that its workers go by."""
    return WebhookSettings(
        secret_id=secret_id(stage, org, "webhook"),
        event_source=salesforce.event_source,
        assigned_event=salesforce.assigned_event,
        status_event=salesforce.status_event,
        wallbox_assigned_event=salesforce.wallbox_assigned_event,
        review_event=salesforce.review_event,
    )


def parameter_name(stage: str, name: str) -> str:
    """Full name of the SSM parameter that holds one published name (decision 0011)."""
    return f"/busbar/{stage}/{name}"


def example_org(stage: StageName, org: str) -> OrgSettings:
    """EDIT ME: an org with example addresses. Put your own into `DEV`, `TEST` and `PROD`."""
    base_url, energised, event_source, sap = EXAMPLES
    salesforce = SalesforceSettings(
        base_url=base_url,
        secret_id=secret_id(stage, org, "salesforce"),
        event_source=event_source,
    )
    return OrgSettings(
        audiences=(),
        salesforce=salesforce,
        energised=EnergisedSettings(
            base_url=energised, secret_id=secret_id(stage, org, "energised")
        ),
        sap=SapSettings(base_url=sap, secret_id=secret_id(stage, org, "sap")),
        webhook=webhook_of(stage, org, salesforce),
    )


LOCAL_SALESFORCE = SalesforceSettings(
    base_url="http://127.0.0.1:4570",
    secret_id=secret_id("local", "demo", "salesforce"),
    event_source="salesforce.local/00D000000000001AAA/0YL000000000001AAA",
    wallbox_price_book_id=PRICE_BOOK_ID,
    wallbox_contract_id=CONTRACT_ID,
    processing_seconds=2.0,
)


LOCAL = StageConfig(
    name="local",
    orgs={
        "demo": OrgSettings(
            audiences=("busbar-demo",),
            salesforce=LOCAL_SALESFORCE,
            energised=EnergisedSettings(
                base_url="http://127.0.0.1:4571",
                secret_id=secret_id("local", "demo", "energised"),
                processing_seconds=2.0,
                search_lag_seconds=1.0,
                wallboxes=True,
                station_proof_field="installationProof",
                cpo_token_url="http://127.0.0.1:4571/token",  # noqa: S106
            ),
            sap=SapSettings(
                base_url="http://127.0.0.1:4573",
                secret_id=secret_id("local", "demo", "sap"),
                contract_division="01",
                processing_seconds=2.0,
            ),
            webhook=webhook_of("local", "demo", LOCAL_SALESFORCE),
            proof_link="http://127.0.0.1:4580/v1/wallboxes/{wallbox_id}/proof",
        )
    },
    issuer=LOCAL_ISSUER,
    log_retention_days=1,
    tuning=Tuning(
        retry_first=1.0,
        retry_most=5.0,
        wait_retry=5.0,
        sweep_after=5.0,
        circuit_probe_first=2.0,
        circuit_probe_most=5.0,
    ),
)

DEV = StageConfig(name="dev", orgs={"demo": example_org("dev", "demo")})

TEST = StageConfig(name="test", orgs={"demo": example_org("test", "demo")})

PROD = StageConfig(
    name="prod",
    orgs={"demo": example_org("prod", "demo")},
    keeps_data=True,
    log_retention_days=180,
)


def _measured(stage: StageConfig) -> StageConfig:
    """The stage with what `infra.probe` has measured of its orgs."""
    orgs = {name: with_measured(stage.name, name, org) for name, org in stage.orgs.items()}
    return replace(stage, orgs=orgs)


STAGES: Mapping[str, StageConfig] = {s.name: _measured(s) for s in (LOCAL, DEV, TEST, PROD)}


def stage_named(name: str) -> StageConfig:
    """The stage of this name. Raises `ValueError` that lists the names."""
    if name not in STAGES:
        raise ValueError(f"no stage {name!r}: there are {', '.join(get_args(StageName))}")
    return STAGES[name]


def why_not_deployable(stage: StageConfig) -> list[str]:
    """What has to be edited before this stage may be deployed to AWS, one line each."""
    if stage.name == "local":
        return ["stage local lives on a laptop: start it with `make run`"]
    reasons = []
    for name, org in sorted(stage.orgs.items()):
        systems = (("salesforce", org.salesforce), ("energised", org.energised), ("sap", org.sap))
        for system, values in systems:
            texts = [str(v) for v in vars(values).values()] if values else []
            reasons += [
                f"org {name}: {system} still has the example {text!r}"
                for text in texts
                if text in EXAMPLES
            ]
    return reasons


def main(arguments: list[str]) -> int:
    """Refuse a stage that is not ready. Exit code 1 and one line per reason."""
    try:
        stage = stage_named(arguments[0] if arguments else "dev")
    except ValueError as error:
        print(error)
        return 2
    reasons = why_not_deployable(stage)
    for reason in reasons:
        print(f"stage {stage.name} cannot be deployed: {reason}")
    if reasons and stage.name != "local":
        print("Edit infra/stages.py, then try again.")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
