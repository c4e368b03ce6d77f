"""Measure a sandbox: `python -m infra.probe --stage dev --org demo --create-test-records`."""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from busbar.connectors.reach import Reach
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.errors import BusbarError
from busbar.mapping.registry import MappingRegistry
from busbar.settings.salesforce import SalesforceSettings
from busbar.wiring.clients import Clients
from busbar.wiring.secret_cache import SecretCache
from infra.probe.measures import Measured, Probe
from infra.probe.sandbox import ProbeError, Sandbox
from infra.stages import stage_named
from infra.tenant_files import TENANTS, write


def main(
    arguments: Sequence[str],
    *,
    clients: Clients | None = None,
    folder: Path = TENANTS,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Measure and write. 0 done; 1 the sandbox does not let it happen; 2 not asked for rightly."""
    asked = _parser().parse_args(arguments)
    clients = clients or Clients(endpoint_url=asked.endpoint_url)
    try:
        measured = _measured(_settings(asked), asked.account, clients, sleep)
    except (ProbeError, BusbarError) as error:
        print(f"not measured: {error}")
        return 1
    except ValueError as error:
        print(error)
        return 2
    path = write(folder, asked.stage, asked.org, measured.settings(), _protocol(measured))
    print(f"{path}: {measured.settings()}")
    print("Look at it, commit it, and deploy the stage.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.probe", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--org", required=True)
    parser.add_argument("--account", default="", help="id of an account to use; else one is made")
    parser.add_argument("--endpoint-url", help="of AWS, for the local system")
    parser.add_argument(
        "--create-test-records",
        action="store_true",
        help="yes, create some twenty orders BBZZ… in this sandbox, and delete them again",
    )
    return parser


def _settings(asked: argparse.Namespace) -> SalesforceSettings:
    """The org's Salesforce. Raises `ValueError` where nothing may be measured."""
    stage = stage_named(asked.stage)
    if stage.name == "prod":
        raise ValueError("stage prod is never measured: measure a sandbox of it, as stage test")
    org = stage.orgs.get(asked.org)
    if org is None or org.salesforce is None:
        raise ValueError(f"stage {stage.name} has no org {asked.org} with a Salesforce")
    if not asked.create_test_records:
        raise ValueError(
            f"This creates some twenty test orders in {org.salesforce.base_url}. They are deleted "
            "again, but flows and triggers there see them. If you mean it: --create-test-records."
        )
    return org.salesforce


def _measured(
    settings: SalesforceSettings, account: str, clients: Clients, sleep: Callable[[float], None]
) -> Measured:
    orders = SalesforceOrders(
        settings,
        Reach(
            SecretCache(clients, settings.secret_id, "salesforce"),
            clock=clients.clock,
            correlation=lambda: "probe-tenant",
            transport=clients.transports.get(settings.base_url),
            monotonic=clients.monotonic,
        ),
    )
    mapper = clients.mapper or MappingRegistry()
    with closing(orders):
        sandbox = Sandbox(settings, orders, mapper, secrets.token_hex(6))
        probe = Probe(sandbox, monotonic=clients.monotonic, sleep=sleep, say=print)
        return probe.run(account)


def _protocol(measured: Measured) -> dict[str, object]:
    """What was seen, beside the settings: for whoever reviews them."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"at": at, "by": _version(), **asdict(measured)}


def _version() -> str:
    """The commit that measured."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        check=False,
        capture_output=True,
        text=True,
    )
    return f"busbar {done.stdout.strip() or 'of no commit'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
