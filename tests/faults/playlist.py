"""All scenarios, by name."""

from __future__ import annotations

from tests.faults.decisions import HASTY, PARKED, REFUSED_CARD
from tests.faults.inbound import INBOUND
from tests.faults.refunds import HASTY_REVIEWS, REFUND, TWO_REFUNDS
from tests.faults.scenarios import SCENARIOS as BY_THEMSELVES
from tests.faults.unknown_serial import UNKNOWN_SERIAL
from tests.faults.ways_back import WAYS_BACK

_DECIDED = (PARKED, HASTY, REFUSED_CARD)
_REFUNDS = (REFUND, HASTY_REVIEWS, TWO_REFUNDS, UNKNOWN_SERIAL)
AFTER_PROVISIONING = frozenset(s.name for s in (*_REFUNDS, *WAYS_BACK))
"""What follows a wallbox order, up to its refund card or back."""
SCENARIOS = {**BY_THEMSELVES, **{s.name: s for s in (*_DECIDED, *_REFUNDS, *WAYS_BACK, *INBOUND)}}
"""Those that come to their end by themselves, and those in which somebody has to decide."""
