"""Each use case of the catalogue is complete: code, README, sample events, tests, table row, door.

A sample event `events/<use_case>/<case>.json` is driven by a test `test_<case>_should_…(…, event)`
in `tests/functions/test_<use_case>*.py`.
"""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from busbar.domain.authorisation import SIGNED, TABLE
from infra.catalog import USE_CASES, Route, UseCase
from tests.doubles.world import World
from tests.functions.samples import EVENTS, case_of, use_case_of

ROOT = Path(__file__).parents[1]
FUNCTIONS, TESTS = ROOT / "functions", ROOT / "tests" / "functions"
NAMES = [case.name for case in USE_CASES]
ROUTES = [(case, route) for case in USE_CASES for route in case.routes]
SIGNED_ROUTES = [(case, route) for case in USE_CASES for route in case.signed_routes]
LONGEST_HANDLER = 60
WITHOUT_MODULE = {
    "outbox_sweep": "sends the same rows in the same way as the relay, from outbox_relay.py",
}
EVERY = pytest.mark.parametrize("case", USE_CASES, ids=NAMES)


def events_of(name: str) -> set[str]:
    """The cases of a use case for which there is a sample event."""
    return {path.stem for path in (EVENTS / name).glob("*.json")}


def driven() -> set[tuple[str, str]]:
    """(use case, case) of every test that asks for a sample event."""
    found = set()
    for path in TESTS.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                arguments = {argument.arg for argument in node.args.args}
                if "event" in arguments:
                    found.add((str(use_case_of(path.stem)), str(case_of(node.name))))
    return found


def folders(parent: Path) -> set[str]:
    """The names of the folders that hold something of ours."""
    return {path.name for path in parent.iterdir() if path.is_dir() and path.name[0] not in "_."}


def test_should_have_no_folder_without_a_row_in_the_catalogue() -> None:
    assert folders(FUNCTIONS) == set(NAMES)
    assert folders(EVENTS) == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


@EVERY
def test_should_have_a_thin_handler_that_can_be_made(case: UseCase) -> None:
    source = (FUNCTIONS / case.name / "handler.py").read_text()
    assert len(source.splitlines()) < LONGEST_HANDLER
    module = import_module(f"functions.{case.name}.handler")
    assert callable(module.make_handler)
    assert callable(module.lambda_handler)
    assert {p.name for p in (FUNCTIONS / case.name).glob("*.py")} == {"__init__.py", "handler.py"}


@EVERY
def test_should_have_a_module_of_its_name(case: UseCase) -> None:
    module = ROOT / "shared" / "python" / "busbar" / "usecases" / f"{case.name}.py"
    assert module.exists() != (case.name in WITHOUT_MODULE)


@EVERY
def test_should_have_a_readme_whose_links_lead_somewhere(case: UseCase) -> None:
    folder = FUNCTIONS / case.name
    text = (folder / "README.md").read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert f"../../events/{case.name}/" in {link.rpartition("/")[0] + "/" for link in links}
    assert [link for link in links if not (folder / link).exists()] == []
    for part in ("Trigger", "Payload", "Reads, writes, calls", "Failures", "Replay"):
        assert f"## {part}\n" in text, part
    assert f"tests/functions/test_{case.name}.py" in text


@EVERY
def test_should_have_sample_events_each_driven_by_a_test_of_its_name(case: UseCase) -> None:
    assert events_of(case.name)
    assert (TESTS / f"test_{case.name}.py").exists()
    assert events_of(case.name) == {name for owner, name in driven() if owner == case.name}


def test_should_have_no_test_of_an_event_outside_the_catalogue() -> None:
    assert {owner for owner, _ in driven()} <= set(NAMES)


@pytest.mark.parametrize(
    "path", sorted(EVENTS.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_should_have_sample_events_that_its_trigger_would_send(path: Path) -> None:
    case = next(u for u in USE_CASES if u.name == path.parent.name)
    assert trigger_of(json.loads(path.read_text())) in triggers(case)


def trigger_of(event: Any) -> str:
    """What sends an event of this form."""
    if "requestContext" in event:
        assert event["version"] == "2.0"
        assert event["rawPath"] == event["requestContext"]["http"]["path"]
        return str(event["routeKey"])
    if "Records" in event:
        record = event["Records"][0]
        queue = record["eventSourceARN"].rpartition(":")[2]
        return f"queue {queue}" if record["eventSource"] == "aws:sqs" else "stream"
    return f"schedule {event['source']} {event['use_case']}"


def triggers(case: UseCase) -> set[str]:
    """What starts a use case, as `trigger_of` names it."""
    found = {f"{r.method} {r.path}" for r in (*case.routes, *case.signed_routes)}
    if case.queue:
        found.add(f"queue {case.name}")
    if case.stream:
        found.add("stream")
    if case.every_minutes:
        found.add(f"schedule busbar.schedule {case.name}")
    return found


@EVERY
def test_should_be_started_by_something(case: UseCase) -> None:
    assert triggers(case)


# --- routes ------------------------------------------------------------------------------------


def test_should_have_a_row_in_the_authorisation_table_for_every_route_and_the_reverse() -> None:
    assert sorted(route.operation for _, route in ROUTES) == sorted(TABLE)
    assert all(TABLE.values())
    assert sorted(route.operation for _, route in SIGNED_ROUTES) == sorted(SIGNED)
    assert not set(SIGNED) & set(TABLE)


@EVERY
def test_should_describe_the_operations_of_its_routes(case: UseCase) -> None:
    described = ROOT / "infra" / "operations" / f"{case.name}.py"
    routes = case.routes + case.signed_routes
    assert described.exists() == bool(routes), f"infra/operations/{case.name}.py"
    if routes:
        entries = import_module(f"infra.operations.{case.name}").OPERATIONS
        assert set(entries) == {route.operation for route in routes}


def test_should_have_every_route_once() -> None:
    seen = [(route.method, route.path) for _, route in ROUTES + SIGNED_ROUTES]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(("case", "route"), ROUTES, ids=[f"{r.method} {r.path}" for _, r in ROUTES])
def test_should_be_answered_by_the_handler_of_its_row(case: UseCase, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "0RDER0000000Z", route.path)
    http = {"method": route.method, "path": path}
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": {},
        "requestContext": {"http": http, "stage": "$default"},
    }
    answered = World().invoke(case.name, event)
    # Without a token a route that is known answers 401, any other 404.
    assert answered["statusCode"] == 401, answered["body"]


@pytest.mark.parametrize(
    ("case", "route"), SIGNED_ROUTES, ids=[f"{r.method} {r.path}" for _, r in SIGNED_ROUTES]
)
def test_should_ask_for_a_signature_at_every_signed_route(case: UseCase, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "demo", route.path)
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": {},
        "requestContext": {"http": {"method": route.method, "path": path}, "stage": "$default"},
    }
    answered = World().invoke(case.name, event)
    assert answered["statusCode"] == 401, answered["body"]
    assert json.loads(answered["body"])["type"] == "urn:busbar:problem:signature-missing"


# --- queues ------------------------------------------------------------------------------------


def test_should_send_to_every_queue_that_the_outbox_feeds_and_to_no_other() -> None:
    """Events of an ERP that wait are sent by the sweep alone: their queue keeps order."""
    queues = {case.name: case.queue for case in USE_CASES if case.queue}
    fed = {name for name, queue in queues.items() if queue.from_outbox}
    for sender, to in (("outbox_relay", fed), ("outbox_sweep", fed | {"erp_apply"})):
        assert set(next(c for c in USE_CASES if c.name == sender).sends_to) == to


def test_should_send_to_every_queue_of_events_from_the_webhook() -> None:
    told = {case.name for case in USE_CASES if case.queue and case.queue.events}
    webhook = next(c for c in USE_CASES if c.name == "salesforce_webhook")
    assert set(webhook.sends_to) == told
