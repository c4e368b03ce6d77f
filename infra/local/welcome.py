"""What a person reads when the local system is ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.options import STANDARD_PORTS, Options

_BARE = "Ready after {seconds:.1f} s: {api}"
_READY = """
Ready after {seconds:.1f} s. All of it listens on 127.0.0.1 only.

  API             {api}/v1/…           state of this run: {api}
  Salesforce      {salesforce}/_sim
  be.ENERGISED    {energised}/_sim
  SAP             {sap}/_sim
  AWS endpoint    {aws}    any credentials, region eu-central-1
  Tokens          {issuer}/token?user=NAME
                  {people}
  Executions      {api}/_local/executions    of state machines, and where they stand
  Logs            {logs}/<function>.jsonl
  Handlers        {handlers}

Try, as the fleet manager of Nordwind Logistik:

  curl -H "Authorization: Bearer $(curl -s '{issuer}/token?user=fleet-manager')" \\
       {api}/v1/charge-card-orders/form

Next: `make demo{shift}`, in another terminal, takes an order from the portal to the driver's card;
`make demo CHAPTER=wallbox{shift}` one of a wallbox, to the activated refund card;
`make demo CHAPTER=inbound{shift}` feeds an ERP's events, and shows the customer that they become.
Ctrl-C ends everything.{kept}"""
_HANDLERS = {
    "thread": "in this process; a changed file is used at the next call",
    "process": "in processes of their own; GET {api}/_local/workers lists them",
}


def welcome(status: Mapping[str, Any], options: Options, seconds: float) -> str:
    """Addresses, tokens, and the next thing to try."""
    if options.bare:
        return _BARE.format(seconds=seconds, **status)
    kept = f" State is kept in {options.state}." if options.keep else " Nothing is kept (KEEP=1)."
    shift = options.ports.portal - STANDARD_PORTS.portal
    shown = {**status, "people": ", ".join(status["people"])}
    return _READY.format(
        seconds=seconds,
        logs=options.state / "logs",
        handlers=_HANDLERS[options.workers].format(api=status["api"]),
        kept=kept,
        shift=f" PORT_SHIFT={shift}" if shift else "",
        **shown,
    )
