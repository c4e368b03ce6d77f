"""GET /v1/tasks and /{task_id}: what waits for a person's decision."""

from __future__ import annotations

from busbar.api import Door
from busbar.request import Answer, Request
from busbar.settings import Settings
from busbar.usecases.pages import PAGE_QUERY
from busbar.usecases.tasks import list_tasks, show_task
from busbar.wiring import Clients, Handler, lambda_entry


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients)

    @door.route("GET", "/v1/tasks", "tasks_list", PAGE_QUERY)
    def index(request: Request) -> Answer:
        page = list_tasks(
            request.caller,
            request.deps,
            limit=request.number("limit", 50),
            cursor=request.query.get("cursor"),
        )
        return Answer(200, page)

    @door.route("GET", "/v1/tasks/{task_id}", "tasks_show")
    def show(request: Request) -> Answer:
        return Answer(200, show_task(request.caller, request.deps, request.path["task_id"]))

    return door.handler


lambda_handler = lambda_entry(make_handler)
