"""Which route a request is for: as Powertools' resolver would find it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from hypothesis import given
from hypothesis import strategies as st

from busbar.routes import Routes
from infra.catalog import USE_CASES

PATHS = sorted(
    {(r.method, r.path) for case in USE_CASES for r in (*case.routes, *case.signed_routes)}
)


def event(method: str, path: str, stage: str = "$default") -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "requestContext": {"stage": stage, "http": {"method": method, "path": path}},
    }


def ours() -> Routes[str]:
    routes: Routes[str] = Routes()
    for method, path in PATHS:
        routes.add(method, path, f"{method} {path}")
    return routes


def theirs() -> APIGatewayHttpResolver:
    app = APIGatewayHttpResolver()
    app.not_found(lambda _error: {"found": None})
    for method, path in PATHS:

        def run(name: str = f"{method} {path}", **parameters: str) -> dict[str, Any]:
            return {"found": name, "parameters": parameters}

        run.__annotations__.clear()
        app.route(re.sub(r"\{(\w+)\}", r"<\1>", path), method=[method])(run)
    return app


OURS, THEIRS = ours(), theirs()
SEGMENTS = st.text(min_size=1, max_size=4) | st.sampled_from(
    sorted({part for _, path in PATHS for part in path.split("/")})
)


def found_by_us(asked: dict[str, Any]) -> Any:
    found = OURS.find(asked)
    return {"found": None} if found is None else {"found": found[0], "parameters": dict(found[1])}


def found_by_them(asked: dict[str, Any]) -> Any:
    context: Any = None
    return json.loads(THEIRS.resolve(asked, context)["body"])


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_should_find_every_route_of_the_catalogue(method: str, path: str) -> None:
    asked = event(method, re.sub(r"\{(\w+)\}", "a-b_c.d", path))
    found = OURS.find(asked)
    assert found is not None
    assert found[0] == f"{method} {path}"
    assert set(found[1].values()) <= {"a-b_c.d"}
    assert set(found[1]) == set(re.findall(r"\{(\w+)\}", path))


@given(st.sampled_from(PATHS), st.lists(SEGMENTS, max_size=4), st.data())
def test_should_find_what_the_resolver_of_powertools_finds(
    route: tuple[str, str], segments: list[str], data: st.DataObject
) -> None:
    method, path = route
    filled = re.sub(r"\{(\w+)\}", lambda _: data.draw(SEGMENTS), path)
    for asked in (filled, "/" + "/".join(segments), f"{filled}/", filled[:-1]):
        # Theirs takes the end of a line for the end of a path.
        if not asked.endswith("\n"):
            assert found_by_us(event(method, asked)) == found_by_them(event(method, asked))


def test_should_leave_the_name_of_a_stage_out_of_the_path() -> None:
    method, path = next(route for route in PATHS if "{" not in route[1])
    assert OURS.find(event(method, f"/test{path}", "test")) == (f"{method} {path}", {})
    assert OURS.find(event(method, path, "test")) is None


def test_should_prefer_a_path_without_parameters() -> None:
    routes: Routes[int] = Routes()
    routes.add("GET", "/a/{id}", 1)
    routes.add("GET", "/a/all", 2)
    assert routes.find(event("GET", "/a/all")) == (2, {})
    assert routes.find(event("GET", "/a/one")) == (1, {"id": "one"})
    assert routes.find(event("POST", "/a/one")) is None
    assert routes.find(event("get", "/a/one")) is not None
