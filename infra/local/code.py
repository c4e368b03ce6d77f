"""Loads handlers from the source tree and notices when it changed."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from infra.local.options import Code


class CodeBase:
    """The source of handlers, with a generation that rises at each change of a file.

    A change drops the packages from `sys.modules`; the next import reads the files again. Calls
    that are under way hold the old modules and end on them.
    """

    def __init__(self, code: Sequence[Code]) -> None:
        self._code = tuple(code)
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, int]] = {}
        self.generation = 0
        for one in self._code:
            if str(one.directory) not in sys.path:
                sys.path.insert(0, str(one.directory))

    @property
    def paths(self) -> list[Path]:
        """Where a process finds the packages."""
        return [one.directory for one in self._code]

    def current(self) -> int:
        """The generation as of now: looks at every file (a fraction of a millisecond)."""
        with self._lock:
            try:
                found = {e.path: (e.stat().st_mtime_ns, e.stat().st_size) for e in self._files()}
            except FileNotFoundError:  # An editor replaces a file just now: look at the next call.
                return self.generation
            if found != self._seen:
                if self._seen:
                    self._purge()
                self._seen = found
                self.generation += 1
            return self.generation

    def module(self, name: str) -> ModuleType:
        """Import a module, from today's files."""
        with self._lock:
            return importlib.import_module(name)

    def _files(self) -> Iterator[os.DirEntry[str]]:
        open_folders = [str(one.directory / one.package) for one in self._code]
        while open_folders:
            with os.scandir(open_folders.pop()) as entries:
                for entry in entries:
                    if entry.name == "__pycache__" or entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        open_folders.append(entry.path)
                    else:
                        yield entry

    def _purge(self) -> None:
        roots = {one.package for one in self._code}
        for name in [n for n in sys.modules if n.partition(".")[0] in roots]:
            del sys.modules[name]
        importlib.invalidate_caches()
