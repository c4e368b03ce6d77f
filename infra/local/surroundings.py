"""What stands around the cloud: the simulated systems, their credentials, the sample data."""

from __future__ import annotations

import base64
import json
from http.client import HTTPConnection

from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.wiring.clients import SystemClock
from infra.local import sample
from infra.local.clients import LocalClients
from infra.local.options import ACCOUNT, HOST, REGION, CannotStart, Options
from infra.local.part import Part
from infra.stages import LOCAL, secret_id

ORG = "demo"
_WORD = "busbar-local"  # No secret: the simulators take it, and nobody else.
WEBHOOK_KEY = "whsec_" + base64.b64encode(f"{_WORD}-{_WORD}-".encode()).decode()


class Surroundings:
    """The simulators in a process of their own, and what the product has to know to call them."""

    def __init__(self, options: Options, aws: LocalClients) -> None:
        self._options = options
        self._aws = aws
        self._simulators: Part | None = None

    def start(self) -> None:
        """Start the simulators with their sample data. Raises `CannotStart`."""
        ports = self._options.ports
        source = LOCAL.orgs[ORG].salesforce
        command = [
            "infra.simulators",
            f"--salesforce-port={ports.salesforce}",
            f"--energised-port={ports.energised}",
            f"--sap-port={ports.sap}",
            f"--client-id={_WORD}",
            f"--client-secret={_WORD}",
            f"--api-token={_WORD}",
            f"--sap-user={_WORD}",
            f"--sap-password={_WORD}",
            f"--event-source={source.event_source if source else ''}",
            f"--events-endpoint={self._aws.endpoint}",
            f"--event-bus={self.published(f'{ORG}/bus-name')}",
            f"--webhook-url=http://{HOST}:{ports.portal}/v1/webhooks/salesforce/{ORG}",
            f"--webhook-secret={WEBHOOK_KEY}",
            f"--region={REGION}",
            f"--account={ACCOUNT}",
            f"--cards={self._options.cards}",
        ]
        if self._options.keep:
            command.append(f"--state={self._options.kept / 'simulators'}")
        log = self._options.state / "logs" / "simulators.log"
        self._simulators = Part("simulators", command, {}, log)
        for port in (ports.salesforce, ports.energised, ports.sap):
            self._simulators.wait_for(port)

    def fill(self) -> None:
        """Give the secrets their values, and load our side of the sample data."""
        values = {
            "salesforce": {"client_id": _WORD, "client_secret": _WORD},
            "energised": {"api_token": _WORD, "client_id": _WORD, "client_secret": _WORD},
            "sap": {"user": _WORD, "password": _WORD},
            "webhook": {"current": WEBHOOK_KEY},
        }
        for system, value in values.items():
            self._aws("secretsmanager").put_secret_value(
                SecretId=secret_id("local", ORG, system), SecretString=json.dumps(value)
            )
        sample.load(self.store())

    def store(self) -> TableStore:
        """The product's table, seen from the sample org."""
        table = DynamoTable(self._aws("dynamodb"), self.published("table/name"))
        return TableStore(table, SystemClock(), ORG)

    def reset(self) -> None:
        """Let the simulators start again with their sample data."""
        ports = self._options.ports
        for port in (ports.salesforce, ports.energised, ports.sap):
            connection = HTTPConnection(HOST, port, timeout=30)
            connection.request("POST", "/_sim/reset")
            status = connection.getresponse().status
            connection.close()
            if status >= 300:
                raise CannotStart(f"The simulator on port {port} refused to be reset: {status}")

    def published(self, name: str) -> str:
        """A name that a stack has published."""
        answer = self._aws("ssm").get_parameter(Name=f"/busbar/local/{name}")
        return str(answer["Parameter"]["Value"])

    def dead_parts(self) -> list[str]:
        """Names of what should run and does not."""
        part = self._simulators
        return [part.name] if part is not None and not part.alive() else []

    def pids(self) -> dict[str, list[int]]:
        """Process ids by the name of the part."""
        return {self._simulators.name: [self._simulators.pid]} if self._simulators else {}

    def stop(self) -> bool:
        """End the simulators. Whether they ended in order, and so saved what they hold."""
        if self._simulators is None:
            return self._options.bare
        self._simulators.stop(within=10)
        return self._simulators.exit_code == "0"
