"""The sample people of the local system, by the names under which tokens are asked for."""

from __future__ import annotations

from collections.abc import Mapping

AUDIENCE = "busbar-demo"
"""The app client of the org `demo`, as the stage `local` says."""
MACHINE_SECRET = "not-a-secret-on-a-laptop"  # noqa: S105

PEOPLE: Mapping[str, str] = {
    "fleet-manager": "0b5e0000-0000-4000-8000-0000000000a1",
    "driver": "0b5e0000-0000-4000-8000-0000000000a2",
    "second-driver": "0b5e0000-0000-4000-8000-0000000000a3",
    "other-fleet-manager": "0b5e0000-0000-4000-8000-0000000000b1",
    "unbound-fleet-manager": "0b5e0000-0000-4000-8000-0000000000c1",
    "service-agent": "0b5e0000-0000-4000-8000-0000000000d1",
    "operator": "0b5e0000-0000-4000-8000-0000000000d2",
    "machine": AUDIENCE,
}
"""Name -> `sub`, which is the id of the user record. A machine's is its client id."""
MACHINES: Mapping[str, str] = {AUDIENCE: MACHINE_SECRET}
