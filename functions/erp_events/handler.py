"""POST /v1, /v2, /v3/erp/updates/events: takes events of an ERP, in the toolkit's wire format.

And POST /v3/erp/updates/payloads, for what is too large for a request."""

from __future__ import annotations

from busbar.api import Door
from busbar.body import check_content, read_object
from busbar.domain.erp_events import LARGEST_REQUEST, RequestVersion
from busbar.domain.numbers import whole_or_text
from busbar.request import Answer, Request
from busbar.settings.function import Settings
from busbar.usecases.erp_events import Ingest
from busbar.usecases.erp_payloads import UploadWish, payload_form
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry

DEEPEST = 64
VERSIONS: tuple[RequestVersion, ...] = (1, 2, 3)


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    door = Door(settings, clients, toolkit=True)
    queues, ids = door.parts.queues, door.parts.ids

    def register(version: RequestVersion) -> None:
        path = f"/v{version}/erp/updates/events"

        @door.route("POST", path, f"erp_events_v{version}", most=LARGEST_REQUEST)
        def post(request: Request) -> Answer:
            check_content(request.headers)
            body = read_object(request.raw_body, DEEPEST, whole_or_text, damaged=True)
            ingest = Ingest(request.deps, queues, ids, request.caller)
            told = ingest.take(version, request.raw_body, body)
            # The older versions have no direct payloads in the toolkit, and no such status.
            return Answer(422 if told.refused and version == 3 else 200, {"results": told.results})

    for version in VERSIONS:
        register(version)

    @door.route("POST", "/v3/erp/updates/payloads", "erp_events_upload")
    def upload(request: Request) -> Answer:
        return Answer(200, payload_form(request.parse_toolkit(UploadWish), request.deps, ids))

    return door.handler


lambda_handler = lambda_entry(make_handler)
