"""What `KEEP=1` keeps: the state of the local AWS and of the simulators, always of one run.

A run works in the folder itself. What it began with stands beside it until the run has ended in
order, and comes back if it does not: what a killed run leaves does not fit together.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

from infra.local.options import CannotStart, Options


class Kept:
    """`options.kept`, from the start of a run to its end. `say` tells a person."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self._keep = options.keep
        self._say = say
        self._folder = options.kept
        self._before = options.kept.with_suffix(".before")
        self._scrap = options.kept.with_suffix(".scrap")
        self._parts = {"local AWS": "aws/*.json"}
        if not options.bare:
            self._parts["simulators"] = "simulators/*.json"

    def begin(self) -> None:
        """Make the folder ready: what the last run kept, or nothing. Raises `CannotStart`."""
        self._go_back()
        if not self._keep:
            if any(self._folder.glob("*/*.json")):
                self._say("What an earlier run kept is removed; KEEP=1 would have gone on with it.")
            self._remove()
            return
        missing = self._missing()
        if missing and self._folder.exists() and any(self._folder.iterdir()):
            self._say(f"Nothing was kept of {' and '.join(missing)}, so everything starts anew.")
            self._remove()
        self._check()
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._scrap, ignore_errors=True)
        shutil.copytree(self._folder, self._scrap)
        self._scrap.rename(self._before)

    def end(self, *, in_order: bool) -> None:
        """Keep what the run has saved; without order, what it began with."""
        if not self._keep:
            return
        if in_order and not self._missing():
            self._before.rename(self._scrap)
            shutil.rmtree(self._scrap)
        else:
            self._go_back()
            self._say("This run did not end in order. What was kept before it is still there.")

    def _go_back(self) -> None:
        if self._before.exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._before.rename(self._folder)

    def _remove(self) -> None:
        shutil.rmtree(self._scrap, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(self._scrap)
            shutil.rmtree(self._scrap)

    def _missing(self) -> list[str]:
        return [name for name, files in self._parts.items() if not any(self._folder.glob(files))]

    def _check(self) -> None:
        """The emulator passes over a file that it cannot read, and starts that service empty."""
        for path in sorted(self._folder.glob("aws/*.json")):
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                raise CannotStart(
                    f"{path} cannot be read: {error}. Delete the folder {self._folder} to start "
                    "with the sample data, or put a good copy of the file in its place."
                ) from error
