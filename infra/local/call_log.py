"""Logs of handlers: a file of JSON lines per function; errors, briefly, on the console."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.calls import Function, Outcome
from infra.local.console import Console


class CallLog:
    """Takes each ended call."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, function: Function, request_id: str, outcome: Outcome) -> None:
        """Append what the call logged, and its error if it failed."""
        lines = [_as_json(line) for line in outcome.log.splitlines() if line.strip()]
        lines.append(_report(request_id, outcome))
        path = self._folder / f"{function.label}.jsonl"
        with self._lock, path.open("a", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line) + "\n")
        for line in lines:
            if line.get("level") in {"ERROR", "CRITICAL"}:
                self._console.trouble(f"{function.label}: {_briefly(line)}  (more in {path})")


def _report(request_id: str, outcome: Outcome) -> dict[str, Any]:
    """The last line of a call, as Lambda's REPORT."""
    line = {
        "level": "ERROR" if outcome.failed else "INFO",
        "timestamp": datetime.now(UTC).isoformat(),
        "message": "call failed" if outcome.failed else "call ended",
        "function_request_id": request_id,
        "milliseconds": round(outcome.seconds * 1000),
    }
    return line | {"raised": outcome.answer} if outcome.failed else line


def _as_json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return {"level": "INFO", "timestamp": datetime.now(UTC).isoformat(), "message": line}


def _briefly(line: dict[str, Any]) -> str:
    if raised := line.get("raised"):
        return f"{raised['errorType']}: {raised['errorMessage']}"[:300]
    words = (line.get(name) for name in ("message", "reason", "exception_name"))
    return ", ".join(str(word) for word in words if word)[:300]
