"""/v1/tasks: what waits for a person's decision, and taking it."""

from __future__ import annotations

from functools import partial

from busbar.api import Door
from busbar.domain.tasks import Action
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.tasks import BODIES, LIST_QUERY, decide, list_tasks, show_task
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door, one = Door(settings, clients), "/v1/tasks/{task_id}"

    @door.route("GET", "/v1/tasks", "tasks_list", LIST_QUERY)
    def index(request: Request) -> Answer:
        page = list_tasks(
            request.caller,
            request.deps,
            status=request.query.get("status", "open"),
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("GET", one, "tasks_show")
    def show(request: Request) -> Answer:
        task = show_task(request.caller, request.deps, request.path["task_id"])
        return Answer(200, task, {"ETag": task["etag"]})

    for action in BODIES:
        door.route("POST", f"{one}/{action}", f"tasks_{action}")(partial(_decide, action))
    return door.handler


def _decide(action: Action, request: Request) -> Answer:
    task_id, seen = request.path["task_id"], request.etag_seen()
    wish = request.parse(BODIES[action])

    def work(decision_id: str) -> Answer:
        task = decide(
            request.caller, request.deps, task_id, action, wish, seen=seen, decision_id=decision_id
        )
        return Answer(200, task, {"ETag": task["etag"]})

    return request.once(work)


lambda_handler = lambda_entry(make_handler)
