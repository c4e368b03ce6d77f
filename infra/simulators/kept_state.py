"""What simulators hold, in a file, from one run to the next."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from infra.simulators.messages import RefusalError
from infra.simulators.simulator import Simulator

FILE = "simulators.json"
"""One file for all: systems that know each other's ids must not be of different times."""
_FORMAT = "busbar simulators 1"


class UnfitStateError(Exception):
    """A state file cannot be used. The message names it and says what to do."""


def load(simulators: Sequence[Simulator], directory: Path) -> None:
    """Let simulators hold what was saved; without a file they stay as they are.

    Raises `UnfitStateError`.
    """
    path = directory / FILE
    if not path.exists():
        return
    try:
        saved = json.loads(path.read_bytes())[_FORMAT]
        for simulator in simulators:
            simulator.restore(saved[simulator.name])
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RefusalError) as error:
        raise UnfitStateError(
            f"{path} cannot be used: {error!r}. Delete it to start with the sample data, or put a "
            "good copy in its place."
        ) from error


def save(simulators: Sequence[Simulator], directory: Path) -> None:
    """Save what simulators hold. A save that fails leaves the file of before. Raises `OSError`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE
    draft = path.with_suffix(".draft")
    text = json.dumps({_FORMAT: {s.name: s.dump() for s in simulators}})
    with draft.open("w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
