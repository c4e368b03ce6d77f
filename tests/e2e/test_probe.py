"""The probe of a tenant, against the running local system over HTTP and in real time."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from busbar.wiring.clients import Clients
from infra.local.testing import RunningSystem
from infra.probe.__main__ import main
from infra.stages import LOCAL
from tests.e2e.conftest import rows


class Elsewhere(httpx.BaseTransport):
    """The way to the Salesforce of this system, whose port is none of stage local's."""

    def __init__(self, address: str) -> None:
        self._address = httpx.URL(address)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        host, port = self._address.host, self._address.port
        request.url = request.url.copy_with(host=host, port=port)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """It is over."""
        self._inner.close()


def probe(system: RunningSystem, folder: Path) -> int:
    """The command, with the secret of the running system."""
    settings = LOCAL.orgs["demo"].salesforce
    assert settings
    clients = Clients(
        aws={"secretsmanager": system.aws("secretsmanager")},
        transports={settings.base_url: Elsewhere(system.salesforce)},
    )
    arguments = ["--stage", "local", "--org", "demo", "--create-test-records"]
    return main(arguments, clients=clients, folder=folder)


@pytest.mark.parametrize(("loose", "mode"), [([], "unique_key"), (["Order"], "probe")])
def test_should_find_what_the_local_salesforce_is_set_to(
    system: RunningSystem, tmp_path: Path, loose: list[str], mode: str
) -> None:
    names = [f"{name}.BusbarReference__c" for name in loose]
    schema = {
        "kind": "schema",
        "count": None,
        "body": {"non_unique": names},
        "operation": "create_row",
    }
    late = {"kind": "late_commit", "operation": "create_row", "seconds": 3, "skip": 10, "count": 1}
    system.simulator("salesforce", "POST", "faults", [late, schema] if loose else [late])
    assert probe(system, tmp_path) == 0
    found = json.loads((tmp_path / "local-demo.json").read_text())
    assert found["salesforce"]["mode"] == mode
    times = found["measured"]["late_commit"]
    assert len(times) >= 1
    assert 2.5 <= max(times) < 20
    assert found["measured"]["left"] == []
    assert rows(system, "Order") == []
