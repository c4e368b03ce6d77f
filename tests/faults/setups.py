"""What a run is made of, as data: nothing of the product is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["unique_key", "probe", "none"]
TroubleName = Literal["calm", "chance", "crowd", "storm", "sleepers"]
Tier = Literal["memory", "moto"]


@dataclass(frozen=True)
class Tenant:
    """What the outside systems hold at the start, and how be.ENERGISED lists it.

    `page_clamp`: cards of a page at most. Without `lists_changes` the list cannot tell what has
    changed.
    """

    cards: int = 6
    page_clamp: int = 500
    lists_changes: bool = True
    wallboxes: int = 0
    """Wallboxes in stock; with none, the org sells none and has no SAP."""
    erp: bool = False
    """Whether an ERP tells of its customers."""


SMALL = Tenant()


@dataclass(frozen=True)
class Setup:
    """A scenario, in one mode of creating, under one kind of trouble, on one tier."""

    scenario: str = "three orders"
    mode: Mode = "unique_key"
    trouble: TroubleName = "chance"
    tier: Tier = "memory"

    def __str__(self) -> str:
        return f"{self.scenario}, {self.mode}, {self.trouble}, {self.tier}"
