"""The control routes under `/_sim/` that every simulator has."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from infra.simulators.faults import fault_of
from infra.simulators.messages import RefusalError, Response, answer
from infra.simulators.page import render
from infra.simulators.routing import Call, RouteTable

if TYPE_CHECKING:
    from infra.simulators.simulator import Simulator

CONTROL: RouteTable[Simulator] = RouteTable()


def body_of(call: Call) -> dict[str, Any]:
    """The JSON object that a control call carries; an empty body is an empty object.

    Raises `RefusalError`.
    """
    try:
        raw = call.request.json() if call.request.body else {}
    except ValueError as error:
        raise RefusalError(f"the body is no JSON: {error}") from None
    if not isinstance(raw, dict):
        raise RefusalError("the body has to be a JSON object")
    return raw


@CONTROL.route("GET", "/_sim", label="control", note="A page that shows what the system holds")
def show_page(simulator: Simulator, _call: Call) -> Response:
    return Response(
        200,
        render(simulator).encode(errors="replace"),
        {"content-type": "text/html; charset=utf-8"},
    )


@CONTROL.route("GET", "/_sim/state", label="control", note="What the system holds, as JSON")
def show_state(simulator: Simulator, _call: Call) -> Response:
    return answer(200, {"now": simulator.now().isoformat(), **simulator.state()})


@CONTROL.route("GET", "/_sim/calls", label="control", note="The call log, oldest first; no bodies")
def show_calls(simulator: Simulator, _call: Call) -> Response:
    return answer(200, [{**asdict(c), "at": c.at.isoformat()} for c in simulator.calls])


@CONTROL.route("GET", "/_sim/routes", label="control", note="Every route, its label and its source")
def show_routes(simulator: Simulator, _call: Call) -> Response:
    rows = [
        {"method": r.method, "path": r.pattern, "operation": r.operation}
        | {"label": r.label, "note": r.note}
        for r in simulator.routes
    ]
    return answer(200, rows)


@CONTROL.route(
    "POST", "/_sim/reset", label="control", note="Start again with the data loaded first"
)
def reset(simulator: Simulator, _call: Call) -> Response:
    simulator.reset()
    return answer(204)


@CONTROL.route("GET", "/_sim/faults", label="control", note="The faults that are set")
def show_faults(simulator: Simulator, _call: Call) -> Response:
    kinds = sorted(simulator.fault_kinds())
    return answer(200, {"faults": simulator.faults.listed(), "kinds": kinds})


@CONTROL.route("POST", "/_sim/faults", label="control", note="Set a fault, or a list of them")
def set_faults(simulator: Simulator, call: Call) -> Response:
    try:
        raw = call.request.json()
        for one in raw if isinstance(raw, list) else [raw]:
            simulator.add_fault(fault_of(one))
    except (ValueError, TypeError) as error:
        raise RefusalError(str(error)) from None
    return answer(201, simulator.faults.listed())


@CONTROL.route("DELETE", "/_sim/faults", label="control", note="Take all faults away")
def clear_faults(simulator: Simulator, _call: Call) -> Response:
    simulator.faults.clear()
    return answer(204)


@CONTROL.route("POST", "/_sim/down", label="control", note="The whole system is not reachable")
def go_down(simulator: Simulator, _call: Call) -> Response:
    simulator.is_down = True
    return answer(204)


@CONTROL.route("POST", "/_sim/up", label="control", note="The system is reachable again")
def come_up(simulator: Simulator, _call: Call) -> Response:
    simulator.is_down = False
    return answer(204)
