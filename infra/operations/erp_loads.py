"""/v1/integrations/{integrationId}/loads: send a file, start, list, show, pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from busbar.domain.erp_loads import LARGEST_LOAD, State
from busbar.domain.integrations import integration_id
from busbar.usecases.erp_loads import LoadInput, LoadWish
from infra.operations import PAGE, Json, Operation, Says, View
from infra.operations.parts import AT

LOAD_ID = "10AD000000001"
KEY = f"loads/demo/{LOAD_ID}.jsonl"
ERP = integration_id("demo", "erp")


class LoadFormFields(BaseModel):
    """The fields of the form, in the order in which they are sent, before `file`."""

    model_config = ConfigDict(extra="allow")

    key: str
    policy: str


class LoadFormView(View):
    """How a file is sent: POST `fields` and then `file` to `url`, as `multipart/form-data`.

    A line of it is an event as `POST /v3/erp/updates/events` takes it: `use_case_slug` (or
    `event_name`), `timestamp`, `payload`, and what else it may have. Start the load by `key` then.
    """

    key: str
    url: str
    fields: LoadFormFields
    largest: int
    valid_until: datetime


class LoadView(View):
    """A load, and how far it is.

    `lines` is null until they are counted, which is the state `counting`. `lines_done` counts bad
    lines and empty ones too. `outcomes` counts by code; rows tell of what is not as it should be,
    under `correlation_id` in the monitoring. `failed`: why it cannot go on; `FILE_CHANGED`, as it
    is gone, or another one.
    """

    id: str
    integration_id: str
    key: str
    state: State
    correlation_id: str
    started_at: datetime
    percent: int
    bytes: int
    bytes_counted: int
    bytes_done: int
    lines: int | None
    lines_done: int
    lines_bad: int
    outcomes: Mapping[str, int]
    failed: str


class BadLineView(View):
    """A line that came to nothing, or not to all that it says: its first code."""

    line: int
    code: str
    message: str
    event_id: str


class LoadWhole(LoadView):
    """A load with the first bad lines of each of its parts, by their numbers."""

    bad_lines: list[BadLineView]


class LoadPage(View):
    """Loads, newest change first; `next_cursor` is null on the last page."""

    loads: list[LoadView]
    next_cursor: str | None


FORM: Json = {
    "key": KEY,
    "url": "https://busbar-files.s3.example/",
    "fields": {"key": KEY, "policy": "eyJleHBpcmF0aW9uIjogIi…"},
    "largest": LARGEST_LOAD,
    "valid_until": "2026-03-02T09:00:00+00:00",
}
STARTED: Json = {
    "id": LOAD_ID,
    "integration_id": ERP,
    "key": KEY,
    "state": "counting",
    "correlation_id": f"20260302{LOAD_ID}",
    "started_at": AT,
    "percent": 0,
    "bytes": 812_000_000,
    "bytes_counted": 0,
    "bytes_done": 0,
    "lines": None,
    "lines_done": 0,
    "lines_bad": 0,
    "outcomes": {},
    "failed": "",
}
RUNNING: Json = {
    **STARTED,
    "state": "running",
    "percent": 41,
    "bytes_counted": 812_000_000,
    "bytes_done": 332_920_000,
    "lines": 1_000_000,
    "lines_done": 410_050,
    "lines_bad": 1,
    "outcomes": {"ENTITY_CREATED": 410_049, "MALFORMED_PAYLOAD": 1},
}
BAD: Json = {
    "line": 17,
    "code": "MALFORMED_PAYLOAD",
    "message": "payload has to be an object with a key, or a text",
    "event_id": f"20260302{LOAD_ID}-000000017",
}
WHOLE: Json = {**RUNNING, "bad_lines": [BAD]}
NO_INTEGRATION = {404: ("integration-not-found",)}
NOT_THERE = {404: ("integration-not-found", "load-not-found")}
OPERATIONS = {
    "erp_loads_upload": Operation(
        "A form by which the file of a load is sent",
        {200: Says("The form", LoadFormView, FORM)},
        problems=NO_INTEGRATION,
    ),
    "erp_loads_start": Operation(
        "Start the initial load of a file; it goes on by itself, behind live events",
        {
            201: Says(
                "The load",
                LoadWhole,
                {**STARTED, "bad_lines": []},
                ("Location", "Idempotent-Replayed"),
            )
        },
        body=LoadInput,
        bodies={"a file that was sent": {"key": KEY}},
        key=True,
        problems=NO_INTEGRATION,
    ),
    "erp_loads_list": Operation(
        "The loads of an integration, newest change first",
        {200: Says("A page of loads", LoadPage, {"loads": [RUNNING], "next_cursor": None})},
        query=PAGE,
        problems=NO_INTEGRATION,
    ),
    "erp_loads_show": Operation(
        "A load: how far it is, what came of it, and some of its bad lines",
        {200: Says("The load", LoadWhole, WHOLE)},
        problems=NOT_THERE,
    ),
    "erp_loads_change": Operation(
        "Pause a load, have it go on, or cancel it; what is in stays in",
        {200: Says("The load", LoadWhole, WHOLE)},
        body=LoadWish,
        bodies={
            "pause": {"state": "paused"},
            "go on": {"state": "running"},
            "cancel": {"state": "cancelled"},
        },
        problems={**NOT_THERE, 409: ("load-over",)},
    ),
}
