"""The HTTP door: from an API Gateway event to a use case and back.

Every request is authenticated, given a correlation id, and authorised by our own user record before
the use case sees it. Every error leaves as `application/problem+json` (RFC 9457) with a stable type
and no internals.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from busbar.authentication import MACHINE_SCOPE, authenticate, authenticate_sender
from busbar.body import JSON_TYPE, repeatable
from busbar.domain.authorisation import SIGNED, forbidden, require
from busbar.domain.customers import Caller, Role, User
from busbar.errors import Conflict, FieldError, Problem, StoreUnavailable, UpstreamError
from busbar.observability import CORRELATION_HEADER, begin, correlation_id, logger
from busbar.process.idempotency import Idempotency
from busbar.request import Answer, Delivery, Request, dump
from busbar.settings.function import Settings
from busbar.wiring.clients import Clients
from busbar.wiring.parts import Parts

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

LARGEST_BODY = 64 * 1024
LARGEST_DELIVERY = 128 * 1024
"""Half of what a message on a queue may have, and one event becomes one message."""
PROBLEM_TYPE = "urn:busbar:problem:"
PROBLEM_JSON = "application/problem+json"


class Door:
    """Collects the routes of one function and handles its events."""

    def __init__(self, settings: Settings, clients: Clients, *, toolkit: bool = False) -> None:
        """`toolkit`: these are the toolkit's routes, whose errors are `{"code", "message"}`."""
        self.parts = Parts(settings, clients)
        self._tell = _told_as_toolkit if toolkit else _problem
        self._app = APIGatewayHttpResolver()
        self._app.not_found(lambda _error: self._respond(self._tell(_not_found())))

    def route(
        self,
        method: str,
        path: str,
        operation: str,
        query: Sequence[str] = (),
        most: int = LARGEST_BODY,
    ) -> Callable[..., Any]:
        """Register `handler(request) -> Answer` for a route of the catalogue.

        Path parameters are written `{name}`, as in the catalogue. `query` names the parameters
        that the route knows; any other is answered 400, not passed over, as is one that comes
        twice or without a value. A body may have `most` bytes.
        """

        def register(handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
            def answered(parameters: Mapping[str, str]) -> Answer:
                # Kept here: the resolver's "current" event is another one's as soon as a second
                # runs.
                current = self._app.current_event
                request = self._request(operation, parameters, current, most)
                _check_query(current.raw_event, query)
                return request.for_caller(handler(request))

            self._register(method, path, operation, answered)
            return handler

        return register

    def signed(
        self, method: str, path: str, operation: str
    ) -> Callable[[Callable[[Delivery], Answer]], Callable[[Delivery], Answer]]:
        """Register `handler(delivery) -> Answer` for a signed route of the catalogue.

        `{org}` of the path says whose keys have to fit. Raises `KeyError` for an operation without
        a row in `SIGNED`: without one, a route needs a token.
        """
        system = SIGNED[operation]

        def register(handler: Callable[[Delivery], Answer]) -> Callable[[Delivery], Answer]:
            self._register(
                method,
                path,
                operation,
                lambda parameters: handler(self._delivery(system, parameters["org"])),
            )
            return handler

        return register

    def _register(
        self,
        method: str,
        path: str,
        operation: str,
        work: Callable[[Mapping[str, str]], Answer],
    ) -> None:
        rule = re.sub(r"\{(\w+)\}", r"<\1>", path)

        def run(**parameters: str) -> Response[str]:
            return self._respond(self._run(lambda: work(parameters), operation))

        # The resolver compiles them at the first request, and finds nothing it could use.
        run.__annotations__.clear()
        self._app.route(rule, method=[method])(run)

    def handler(self, event: dict[str, Any], context: Any) -> Any:
        """The Lambda handler."""
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        begin(headers.get(CORRELATION_HEADER))
        return self._app.resolve(event, context)

    def _run(self, work: Callable[[], Answer], operation: str) -> Answer:
        try:
            return work()
        except Problem as problem:
            return self._tell(problem)
        except (UpstreamError, Conflict, StoreUnavailable) as error:
            logger.warning("request failed", extra={"operation": operation, "cause": str(error)})
            return self._tell(_try_again())
        except Exception as error:  # noqa: BLE001  (the last line of defence: no internals leave)
            logger.error("request broke", extra={"operation": operation, **_where(error)})
            return self._tell(Problem(500, "internal", "Something broke on our side"))

    def _request(
        self, operation: str, parameters: Mapping[str, str], current: BaseProxyEvent, most: int
    ) -> Request:
        event = current.raw_event
        who = authenticate(event, self.parts.settings, self.parts.clock.now().timestamp())
        deps = self.parts.deps(who.org)
        stored = deps.store.get(User, who.sub)
        if stored is None:
            raise forbidden()
        if stored.record.role is Role.MACHINE and MACHINE_SCOPE not in who.scopes:
            raise forbidden()
        caller = Caller(org=who.org, user=stored.record, correlation_id=correlation_id())
        require(caller, operation)
        body = _body(current) if event.get("body") else ""
        if len(body) > most or len(body.encode(errors="replace")) > most:
            raise Problem(413, "body-too-large", f"The body may have {most} bytes")
        settings, parts = self.parts.settings, self.parts
        return Request(
            caller=caller,
            deps=deps,
            operation=operation,
            path=parameters,
            query=event.get("queryStringParameters") or {},
            headers={k.lower(): v for k, v in (event.get("headers") or {}).items()},
            raw_body=body,
            idempotency=Idempotency(deps.store, parts.clock, parts.ids, settings.tuning),
        )

    def _delivery(self, system: str, org: str) -> Delivery:
        event = self._app.current_event.raw_event
        _check_query(event, ())
        keys = self.parts.webhook_keys(org)
        if keys is None:
            raise Problem(404, "webhook-unknown", f"No webhook of {system} for this org")
        body = _bytes(event)
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        now = self.parts.clock.now().timestamp()
        try:
            message_id = authenticate_sender(headers, body, keys, now)
        except Problem as problem:
            # A rotation gone wrong shows here first: the access log holds the status alone.
            logger.warning("delivery refused", extra={"org": org, "reason": problem.slug})
            raise
        return Delivery(self.parts.deps(org), message_id, body)

    def _respond(self, answer: Answer) -> Response[str]:
        headers = {
            CORRELATION_HEADER: correlation_id(),
            "Cache-Control": "no-store",
            **answer.headers,
        }
        is_problem = answer.status >= 400 and self._tell is _problem
        content_type = PROBLEM_JSON if is_problem else JSON_TYPE
        return Response(
            status_code=answer.status,
            content_type=content_type,
            body=dump(answer.body),
            headers=headers,
        )


def _body(event: BaseProxyEvent) -> str:
    """The body as text; API Gateway hands on what is none in base64."""
    try:
        return event.decoded_body or ""
    except ValueError:
        detail = "It is no text in UTF-8."
        raise Problem(400, "body-invalid", "The body is no JSON object", detail) from None


def _bytes(event: Mapping[str, Any]) -> bytes:
    """The body as it was sent: a signature is over bytes. Raises a 400 or 413 `Problem`."""
    text = str(event.get("body") or "")
    try:
        encoded = event.get("isBase64Encoded")
        body = base64.b64decode(text, validate=True) if encoded else text.encode()
    except ValueError:
        raise Problem(400, "body-invalid", "The body is no JSON object") from None
    if len(body) > LARGEST_DELIVERY:
        detail = "Send fewer events at once."
        title = f"The body may have {LARGEST_DELIVERY} bytes"
        raise Problem(413, "body-too-large", title, detail)
    return body


def _check_query(event: Mapping[str, Any], known: Sequence[str]) -> None:
    # API Gateway joins the values of a repeated name by commas: only the raw text tells it.
    sent = parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)
    times = Counter(name for name, _ in sent)
    for name, value in sent or (event.get("queryStringParameters") or {}).items():
        if name not in known:
            allowed = f"is unknown here; known are {', '.join(known)}" if known else "is unknown"
            raise _bad_parameter(name, "Unknown query parameter", allowed)
        if times[name] > 1:
            raise _bad_parameter(name, "Repeated query parameter", "is given more than once")
        if not value:
            raise _bad_parameter(name, "Empty query parameter", "has no value; leave it out")


def _bad_parameter(name: str, title: str, message: str) -> Problem:
    return Problem(400, "invalid-parameter", title, errors=(FieldError(repeatable(name), message),))


def _not_found() -> Problem:
    return Problem(404, "route-not-found", "No such route")


def _try_again() -> Problem:
    return Problem(
        503,
        "try-again",
        "Not possible at the moment",
        "Another system does not answer, or others change the same thing. Send it again.",
        headers={"Retry-After": "5"},
    )


def _problem(problem: Problem) -> Answer:
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "correlation_id": correlation_id(),
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = [{"field": e.field, "message": e.message} for e in problem.errors]
    return Answer(problem.status, body, problem.headers)


def code_of(slug: str) -> str:
    """The toolkit's code for a type of problem: `body-invalid` is `BODY_INVALID`."""
    return slug.upper().replace("-", "_")


def _told_as_toolkit(problem: Problem) -> Answer:
    said = f"{problem.title}: {problem.detail}" if problem.detail else problem.title
    unsaid = [e for e in problem.errors if not e.field or e.field not in said]
    named = "; ".join(f"{e.field} {e.message}".strip() for e in unsaid)
    body = {"code": code_of(problem.slug), "message": f"{said}: {named}" if named else said}
    return Answer(problem.status, body, problem.headers)


def _where(error: Exception) -> dict[str, str]:
    """Type and place of an error. Its message is left out: it may quote what a user sent."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"error": type(error).__name__, "place": place}
