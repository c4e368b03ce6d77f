"""`python -m infra.tasks`: tasks and the audit trail on the command line, over the HTTP API.

So the rights are those of the token. Where the API is and who asks say `--api` and `--token`, or
BUSBAR_API and BUSBAR_TOKEN; without them it is the local system, if one runs, as `--as` (operator).

Exit code: 0 done; 1 refused, or the trail is not as it was written; 2 wrong arguments; 3 no answer.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx

from infra.demo.place import running

TRIES = 4
REFUSED, NO_ANSWER = 1, 3
Json = dict[str, Any]


class RefusedError(Exception):
    """The API said no; the message is for a person."""


class Api:
    """The HTTP API, as far as tasks and the audit trail need it."""

    def __init__(self, http: httpx.Client, pause: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._pause = pause

    def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """One request; what was not answered is sent again as it was. Raises `RefusedError`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = self._http.request(method, path, json=body, headers=sent)
            except httpx.TransportError:
                if not left:
                    raise
            else:
                if not left or not _comes_again(answer):
                    return _read(answer)
            self._pause(5.0)
        raise AssertionError("the last try answers or raises")

    def all(self, path: str, name: str) -> list[Json]:
        """All items of a list."""
        items, cursor = [], ""
        while True:
            page = self.call("GET", f"{path}{cursor}")
            items += page[name]
            if not page["next_cursor"]:
                return items
            cursor = "&" + str(httpx.QueryParams({"cursor": page["next_cursor"]}))


def _comes_again(answer: httpx.Response) -> bool:
    running_still = answer.status_code == 409 and "request-still-running" in answer.text
    return answer.status_code == 503 or running_still


def _read(answer: httpx.Response) -> Json:
    if answer.is_success:
        found: Json = answer.json()
        return found
    try:
        problem = answer.json()
    except ValueError:
        raise RefusedError(f"{answer.status_code} {answer.reason_phrase}") from None
    faults = [f"  {e['field']} {e['message']}" for e in problem.get("errors", [])]
    said = [f"{problem.get('title', answer.status_code)}.", problem.get("detail", "")]
    raise RefusedError("\n".join([" ".join(filter(None, said)), *faults]))


# --- what it prints ----------------------------------------------------------------------------


def list_tasks(api: Api, arguments: argparse.Namespace) -> int:
    """A line for each task."""
    status = "closed" if arguments.closed else "open"
    tasks = api.all(f"/v1/tasks?limit=100&status={status}", "tasks")
    for task in tasks:
        can = ", ".join(task["actions"]) or (task["decision"] or {}).get("action", "-")
        print(f"{task['id']}  {task['opened_at'][:16]}  {task['kind']:<22} {can}")
        print(f"    {task['text']}")
    print(f"{len(tasks)} {status}")
    return 0


def show(api: Api, arguments: argparse.Namespace) -> int:
    """All of one task."""
    _tell(api.call("GET", f"/v1/tasks/{arguments.task_id}"))
    return 0


def decide(api: Api, arguments: argparse.Namespace) -> int:
    """Take a decision on the task as it is now, or as it was seen."""
    path = f"/v1/tasks/{arguments.task_id}"
    tag = arguments.etag or api.call("GET", path)["etag"]
    body: Json = {"reason": arguments.reason}
    if looked := getattr(arguments, "not_found_at", None):
        body["not_found_at"] = looked
    if arguments.action == "adopt":
        body["external_id"] = arguments.external_id
    key = str(uuid.uuid4())
    _tell(api.call("POST", f"{path}/{arguments.action}", body, Idempotency_Key=key, If_Match=tag))
    return 0


def _tell(task: Json) -> None:
    subject = task["subject"] or {"schema": "-", "id": ""}
    lines = {
        "task": f"{task['id']}, {task['status']}, {task['kind']}",
        "about": f"{subject['schema']} {subject['id']}",
        "system": task["system"] or "-",
        "reason": task["reason"],
        "since": task["opened_at"] + (f", {task['count']} times" if task["count"] > 1 else ""),
        "possible": ", ".join(task["actions"]) or "-",
        "etag": task["etag"],
    }
    if decision := task["decision"]:
        adopted = f" {decision['external_id']}" if decision["external_id"] else ""
        lines["decided"] = f"{decision['action']}{adopted} by {decision['by']}, {decision['at']}"
        lines["why"] = decision["reason"]
    print(task["text"])
    for name, value in lines.items():
        print(f"  {name:<9} {value}")


def audit(api: Api, arguments: argparse.Namespace) -> int:
    """The last entries of the trail."""
    page = api.call("GET", f"/v1/audit?limit={arguments.limit}")
    for entry in page["entries"]:
        about = f"{entry['subject_schema']} {entry['subject_id']}"
        told = ", ".join(f"{name} {value}" for name, value in entry["details"].items())
        print(f"{entry['sequence']:>6}  {entry['at'][:19]}  {entry['action']:<16} {about}")
        print(f"        {entry['role']} {entry['actor']}: {entry['reason'] or told or '-'}")
    return 0


def verify(api: Api, arguments: argparse.Namespace) -> int:
    """Whether the whole trail is as it was written."""
    body: Json = {"first": 1}
    if arguments.mark:
        sequence, _, digest = arguments.mark.partition(":")
        body["mark"] = {"sequence": int(sequence), "hash": digest}
    while True:
        verdict = api.call("POST", "/v1/audit/verify", body)
        if not verdict["intact"]:
            print(f"NOT as it was written: entry {verdict['broken_at']}: {verdict['fault']}")
            return REFUSED
        if verdict["next"] is None:
            break
        body["first"] = verdict["next"]
    head = verdict["head"]
    print(f"{head['sequence']} entries, as they were written")
    print(f"Note this mark, away from the table: {head['sequence']}:{head['hash']}")
    return 0


# --- the command line --------------------------------------------------------------------------


def _mark(text: str) -> str:
    sequence, colon, digest = text.partition(":")
    if not (sequence.isdigit() and colon and digest):
        raise argparse.ArgumentTypeError("a mark is SEQUENCE:HASH, as `verify` prints it")
    return text


def _moment(text: str) -> str:
    """A time of this machine, today or with its date, as the API takes it."""
    try:
        if re.fullmatch("[0-9]{1,2}:[0-9]{2}", text):
            today = datetime.now().astimezone()
            hour, minute = text.split(":")
            return today.replace(hour=int(hour), minute=int(minute), second=0).isoformat()
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError("a time is 14:05, or 2026-03-02T14:05+01:00") from None


def parser() -> argparse.ArgumentParser:
    """All commands."""
    top = argparse.ArgumentParser("python -m infra.tasks", description=__doc__.split("\n\n")[0])
    top.add_argument("--api", default=os.environ.get("BUSBAR_API"))
    top.add_argument("--token", default=os.environ.get("BUSBAR_TOKEN"))
    top.add_argument("--as", dest="user", default="operator", help="on the local system")
    commands = top.add_subparsers(required=True)

    def command(name: str, run: Callable[[Api, argparse.Namespace], int], text: str) -> Any:
        made = commands.add_parser(name, help=text)
        made.set_defaults(run=run, action=name)
        return made

    command("list", list_tasks, "what waits").add_argument("--closed", action="store_true")
    command("show", show, "one task").add_argument("task_id")
    for name, text in (
        ("resume", "go on from where it stood"),
        ("retry", "send again what nobody can look for"),
        ("adopt", "take what is there for what was asked for"),
        ("cancel", "do it no more"),
    ):
        one = command(name, decide, text)
        one.add_argument("task_id")
        if name == "adopt":
            one.add_argument("external_id", help="record id in the other system")
        one.add_argument("--reason", required=True, help="goes into the audit trail")
        one.add_argument("--etag", help="decide only if the task is still the one you saw")
        if name in {"retry", "cancel"}:
            said = "when you looked, and the other system did not hold it: HH:MM, or a whole time"
            one.add_argument("--not-found-at", type=_moment, help=said)
    command("audit", audit, "who decided what").add_argument("--limit", type=int, default=20)
    command("verify", verify, "is the audit trail as it was written").add_argument(
        "--mark", type=_mark, help="SEQUENCE:HASH of an earlier run"
    )
    return top


def connected(arguments: argparse.Namespace) -> httpx.Client:
    """A client of the API that is meant. Raises `SystemExit` if none is."""
    api, token = arguments.api, arguments.token
    if not api and (local := running()):
        api = local["api"]
        token = token or httpx.get(f"{local['issuer']}/token", params={"user": arguments.user}).text
    if not api or not token:
        raise SystemExit("Give --api and --token, or BUSBAR_API and BUSBAR_TOKEN, or `make run`.")
    return httpx.Client(base_url=api, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def run(arguments: argparse.Namespace, api: Api) -> int:
    """Do what the arguments say; the exit code."""
    try:
        done: int = arguments.run(api, arguments)
    except RefusedError as refused:
        print(refused, file=sys.stderr)
        return REFUSED
    except httpx.TransportError as error:
        print(f"No answer: {type(error).__name__}. Send it again.", file=sys.stderr)
        return NO_ANSWER
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    arguments = parser().parse_args(argv)
    with connected(arguments) as http:
        return run(arguments, Api(http))


if __name__ == "__main__":
    sys.exit(main())
