"""A full customer: the events of `integrations/erp/samples`, under numbers that no other run has.

So the story can be told twice on one system, and the tree that it ends in is its own.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from infra.local.options import ROOT

Json = dict[str, Any]
SAMPLES = ROOT / "integrations" / "erp" / "samples"
READINGS = "meter_readings"


class Household:
    """One customer. `numbers` is drawn, six digits, and stands in every number that she has."""

    def __init__(self, numbers: int | None = None) -> None:
        drawn = numbers if numbers is not None else secrets.randbelow(900_000) + 100_000
        self.numbers = drawn
        self.customer = f"0000{drawn}"
        self.identity = f"8c1f1c52-6a0e-4c7b-9b2e-{drawn:012}"
        self.billing_account = f"000200{drawn}"
        self.contract_power, self.contract_gas = f"002{drawn}4", f"002{drawn}5"
        self.meter_power, self.meter_gas = f"1ISK00{drawn}45", f"7ELS00{drawn}42"
        self.meter_new = f"1ISK00{drawn}65"

    @cached_property
    def _numbers(self) -> Mapping[str, str]:
        """What the samples say -> what this customer has, each of the same length."""
        drawn = self.numbers
        return {
            "8c1f1c52-6a0e-4c7b-9b2e-3d2f5a1b7c90": self.identity,
            "000200012345": self.billing_account,
            "0020001234": self.contract_power,
            "0020001235": self.contract_gas,
            "0000004711": self.customer,
            "1ISK0070012345": self.meter_power,
            "1ISK0070098765": self.meter_new,
            "7ELS0000424242": self.meter_gas,
            "000000000010012345": f"0000000000{drawn}45",
            "000000000010098765": f"0000000000{drawn}65",
            "000000000020004242": f"0000000000{drawn}42",
            "DE0004710106700000000000070012345": f"DE0004710106700000000000{drawn}345",
            "DE0004710106700000000000000424242": f"DE0004710106700000000000{drawn}242",
            "51238696780": f"512{drawn}80",
            "50987654321": f"509{drawn}21",
            # The first digits of all readings of the year.
            "00000000000000817": f"00000000000{drawn}",
        }

    def events(self, folder: str) -> dict[str, Json]:
        """`full_customer` or `changes`: name of a sample, without its place -> the event."""
        files = sorted((SAMPLES / folder).glob("*.json"))
        texts = {path.stem[3:]: path.read_text("utf-8") for path in files}
        return {name: json.loads(_renamed(text, self._numbers)) for name, text in texts.items()}

    def as_sampled(self, text: str) -> str:
        """A text with the samples' numbers in place of this customer's."""
        return _renamed(text, {ours: said for said, ours in self._numbers.items()})

    def event(self, use_case: str, timestamp: str, **payload: Any) -> Json:
        """An event that no sample has, in the customer's group."""
        return {
            "use_case_slug": use_case,
            "timestamp": timestamp,
            "format": "json",
            "group_id": self.customer,
            "payload": payload,
        }


def _renamed(text: str, names: Mapping[str, str]) -> str:
    # The longest first: short numbers stand in long ones, too.
    longest_first = sorted(names, key=len, reverse=True)
    return re.sub("|".join(longest_first), lambda found: names[found[0]], text)
