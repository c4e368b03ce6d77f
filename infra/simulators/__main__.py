"""`python -m infra.simulators`: the simulators with sample data, on 127.0.0.1."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.simulators import kept_state
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.eventbridge import eventbridge_publisher
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sample import CARDS
from infra.simulators.sample_wallboxes import WALLBOXES
from infra.simulators.sap import SapSimulator
from infra.simulators.serving import HOST, serve
from infra.simulators.simulator import Simulator
from infra.simulators.webhook import webhook_publisher

EVENT_SOURCE = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001AAA"


def _now() -> datetime:
    return datetime.now(UTC)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.simulators",
        description="Serve Salesforce, be.ENERGISED, SAP on 127.0.0.1. Pages: /_sim/ on each port.",
    )
    add = parser.add_argument
    add("--salesforce-port", type=int, default=4570)
    add("--energised-port", type=int, default=4571)
    add("--sap-port", type=int, default=4573)
    add("--client-id", default="busbar", help="of Salesforce's app and of be.ENERGISED's CPO API")
    add("--client-secret", default="busbar-local")
    add("--api-token", default="busbar-local", help="of be.ENERGISED")
    add("--sap-user", default="busbar", help="the communication user in SAP")
    add("--sap-password", default="busbar-local")
    add("--event-source", default=EVENT_SOURCE, help="source of Salesforce's events on the bus")
    add("--events-endpoint", help="URL of EventBridge; without it events go nowhere")
    add("--event-bus", help="name of the bus; by default the event source, as for partner buses")
    add("--webhook-url", help="to which events go by the knob by_webhook, in place of the bus")
    add("--webhook-secret", default="", help="whsec_…, with which they are signed")
    add("--region", default="eu-central-1")
    add("--account", default="123456789012")
    add("--cards", type=int, default=CARDS, help="blank cards in the sample data")
    add("--wallboxes", type=int, default=WALLBOXES, help="wallboxes in the sample data; 0: none")
    add("--triggers", action="store_true", help="API writes to orders set off events as well")
    add("--hold", type=float, default=30.0, help="seconds that a time-out fault takes")
    add("--state", type=Path, help="folder in which what they hold is kept from run to run")
    return parser.parse_args()


def _salesforce(args: argparse.Namespace) -> SalesforceSimulator:
    publish = None
    if args.events_endpoint:
        bus = args.event_bus or args.event_source
        publish = eventbridge_publisher(
            args.events_endpoint, bus, region=args.region, account=args.account
        )
    simulator = SalesforceSimulator(
        _now,
        event_source=args.event_source,
        client_id=args.client_id,
        client_secret=args.client_secret,
        publish=publish,
        webhook=webhook_publisher(args.webhook_url) if args.webhook_url else None,
        webhook_key=args.webhook_secret,
        triggers=args.triggers,
    )
    simulator.load_sample(args.cards, args.wallboxes)
    return simulator


async def _serve(places: Sequence[tuple[Simulator, int]], hold: float, state: Path | None) -> None:
    """Serve until SIGTERM or Ctrl-C, and save."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Who starts us may have Ctrl-C ignored, to end us in its own order.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, end.set)
    await serve(places, until=end.wait, hold=hold)
    await loop.shutdown_default_executor()  # Calls that lost their connection run on to their end.
    if state:
        kept_state.save([simulator for simulator, _ in places], state)


def main() -> None:
    """Serve until told to end."""
    args = _arguments()
    salesforce = _salesforce(args)
    energised = EnergisedSimulator(
        _now, args.api_token, client_id=args.client_id, client_secret=args.client_secret
    )
    energised.load_sample(args.cards, args.wallboxes)
    sap = SapSimulator(_now, args.sap_user, args.sap_password)
    sap.load_sample()
    if args.state:
        try:
            kept_state.load([salesforce, energised, sap], args.state)
        except kept_state.UnfitStateError as reason:
            sys.exit(str(reason))
    print(f"Salesforce     http://{HOST}:{args.salesforce_port}/_sim/")
    print(f"be.ENERGISED   http://{HOST}:{args.energised_port}/_sim/")
    print(f"SAP            http://{HOST}:{args.sap_port}/_sim/", flush=True)
    places = [
        (salesforce, args.salesforce_port),
        (energised, args.energised_port),
        (sap, args.sap_port),
    ]
    asyncio.run(_serve(places, args.hold, args.state))


if __name__ == "__main__":
    main()
