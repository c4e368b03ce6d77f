"""All scenarios, by name."""

from __future__ import annotations

from tests.faults.decisions import HASTY, PARKED, REFUSED_CARD
from tests.faults.inbound import INBOUND
from tests.faults.scenarios import SCENARIOS as BY_THEMSELVES

SCENARIOS = {**BY_THEMSELVES, **{s.name: s for s in (PARKED, HASTY, REFUSED_CARD, *INBOUND)}}
"""Those that come to their end by themselves, and those in which somebody has to decide."""
