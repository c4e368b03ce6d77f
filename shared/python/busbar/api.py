"""The HTTP door: from an API Gateway event to a use case and back.

Every request is authenticated, given a correlation id, and authorised by our own user record before
the use case sees it. Every error leaves as `application/problem+json` (RFC 9457) with a stable type
and no internals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import BaseModel, ValidationError

from busbar.domain.authorisation import forbidden, require
from busbar.domain.customers import Caller, Role, User
from busbar.errors import Conflict, FieldError, Problem, StoreUnavailable, UpstreamError
from busbar.observability import CORRELATION_HEADER, begin, correlation_id, logger
from busbar.process.idempotency import FinalAnswer, Idempotency, check_key
from busbar.settings import Settings
from busbar.usecases.deps import Deps
from busbar.wiring import Clients, Parts

LARGEST_BODY = 64 * 1024
MACHINE_SCOPE = "busbar/machine"
"""Scope that a machine's token has to carry (client credentials)."""
PROBLEM_TYPE = "urn:busbar:problem:"
JSON_TYPE = "application/json"
PROBLEM_JSON = "application/problem+json"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Answer:
    """What a handler answers; `body` becomes JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """An authenticated, authorised request."""

    caller: Caller
    deps: Deps
    operation: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: str
    idempotency: Idempotency

    def json(self) -> Any:
        """The body. Raises a 400 `Problem` if it is no JSON object."""
        try:
            body = json.loads(
                self.raw_body or "null", parse_constant=_no_constant, parse_int=_exact
            )
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Problem(400, "body-invalid", "The body is no JSON object")
        return body

    def parse(self, model: type[M]) -> M:
        """The body as a model. Raises a 422 `Problem` that names each field at fault."""
        try:
            return model.model_validate(self.json())
        except ValidationError as error:
            raise invalid(error) from None

    def number(self, name: str, default: int) -> int:
        """A whole number of the query. Raises a 400 `Problem`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,6}", text):
            fault = FieldError(name, "has to be a whole number")
            raise Problem(400, "invalid-parameter", f"{name} is invalid", errors=(fault,))
        return int(text)

    def etag(self) -> int | None:
        """The version in `If-Match`; None without the header or for `*`.

        Raises a 412 `Problem` for a tag that is none of ours: it cannot match anything.
        """
        text = self.headers.get("if-match", "").strip()
        if text in {"", "*"}:
            return None
        match = re.fullmatch(r'"([0-9]{1,15})"', text)
        if not match:
            raise Problem(412, "etag-unknown", "If-Match names no version of this object")
        return int(match[1])

    def etag_seen(self) -> int | None:
        """Like `etag`, but the header has to be there. Raises a 428 `Problem`."""
        if "if-match" not in self.headers:
            raise Problem(
                428, "if-match-missing", "If-Match is missing", "Send the ETag that you saw."
            )
        return self.etag()

    def once(self, work: Callable[[str], Answer]) -> Answer:
        """Run `work` once per `Idempotency-Key`; it is given the id of what it makes."""
        key = check_key(self.headers.get("idempotency-key"))

        def final(entity_id: str) -> FinalAnswer:
            answer = work(entity_id)
            return FinalAnswer(answer.status, _dump(answer.body), dict(answer.headers))

        done = self.idempotency.once(self.operation, self.caller.user.id, key, self.json(), final)
        replayed = {"Idempotent-Replayed": "true"} if done.replayed else {}
        return Answer(done.status, _Raw(done.body), {**done.headers, **replayed})


class _Raw(str):
    """A body that is JSON text already."""

    __slots__ = ()


def _exact(digits: str) -> int | str:
    """A whole number that every system holds exactly; a longer one stays text, and is no number."""
    long = len(digits) > 17 or abs(int(digits)) > 2**53
    return digits if long else int(digits)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _dump(body: Any) -> str:
    if isinstance(body, _Raw):
        return str(body)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def invalid(error: ValidationError) -> Problem:
    """A 422 that names each field at fault, without the values that were sent."""
    faults = tuple(
        FieldError(_json_path(e["loc"]), e["msg"]) for e in error.errors(include_input=False)
    )
    return Problem(422, "fields-invalid", "Some fields are invalid", "See errors.", errors=faults)


def _json_path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)
    return path.removeprefix(".")


class Door:
    """Collects the routes of one function and handles its events."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self._parts = Parts(settings, clients)
        self._app = APIGatewayHttpResolver()
        self._app.not_found(lambda _error: self._respond(_problem(_not_found())))

    def route(
        self, method: str, path: str, operation: str, query: Sequence[str] = ()
    ) -> Callable[..., Any]:
        """Register `handler(request) -> Answer` for a route of the catalogue.

        Path parameters are written `{name}`, as in the catalogue. `query` names the parameters
        that the route knows; any other is answered 400, not passed over.
        """

        def register(handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
            rule = re.sub(r"\{(\w+)\}", r"<\1>", path)

            def checked(request: Request) -> Answer:
                _check_query(request.query, query)
                return handler(request)

            def run(**parameters: str) -> Response[str]:
                return self._respond(self._run(checked, operation, parameters))

            self._app.route(rule, method=[method])(run)
            return handler

        return register

    def handler(self, event: dict[str, Any], context: Any) -> Any:
        """The Lambda handler."""
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        begin(headers.get(CORRELATION_HEADER))
        return self._app.resolve(event, context)

    def _run(
        self, handler: Callable[[Request], Answer], operation: str, parameters: Mapping[str, str]
    ) -> Answer:
        try:
            return handler(self._request(operation, parameters))
        except Problem as problem:
            return _problem(problem)
        except (UpstreamError, Conflict, StoreUnavailable) as error:
            logger.warning("request failed", extra={"operation": operation, "cause": str(error)})
            return _problem(_try_again())
        except Exception as error:  # noqa: BLE001  (the last line of defence: no internals leave)
            logger.error("request broke", extra={"operation": operation, **_where(error)})
            return _problem(Problem(500, "internal", "Something broke on our side"))

    def _request(self, operation: str, parameters: Mapping[str, str]) -> Request:
        event = self._app.current_event.raw_event
        who = authenticate(event, self._parts.settings, self._parts.clock.now().timestamp())
        deps = self._parts.deps(who.org)
        stored = deps.store.get(User, who.sub)
        if stored is None:
            raise forbidden()
        if stored.record.role is Role.MACHINE and MACHINE_SCOPE not in who.scopes:
            raise forbidden()
        caller = Caller(org=who.org, user=stored.record, correlation_id=correlation_id())
        require(caller, operation)
        body = self._body() if event.get("body") else ""
        if len(body.encode(errors="replace")) > LARGEST_BODY:
            raise Problem(413, "body-too-large", f"The body may have {LARGEST_BODY} bytes")
        settings, parts = self._parts.settings, self._parts
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

    def _body(self) -> str:
        """The body as text; API Gateway hands on what is none in base64."""
        try:
            return self._app.current_event.decoded_body or ""
        except ValueError:
            raise Problem(400, "body-invalid", "The body is no JSON object") from None

    def _respond(self, answer: Answer) -> Response[str]:
        headers = {
            CORRELATION_HEADER: correlation_id(),
            "Cache-Control": "no-store",
            **answer.headers,
        }
        content_type = PROBLEM_JSON if answer.status >= 400 else JSON_TYPE
        return Response(
            status_code=answer.status,
            content_type=content_type,
            body=_dump(answer.body),
            headers=headers,
        )


def _check_query(sent: Mapping[str, str], known: Sequence[str]) -> None:
    for name in sent:
        if name not in known:
            allowed = f"is unknown here; known are {', '.join(known)}" if known else "is unknown"
            fault = FieldError(name[:64], allowed)
            raise Problem(400, "invalid-parameter", "Unknown query parameter", errors=(fault,))


@dataclass(frozen=True)
class Identity:
    """Who a token speaks for."""

    org: str
    sub: str
    scopes: frozenset[str]


def authenticate(event: Mapping[str, Any], settings: Settings, now: float) -> Identity:
    """Org and subject of a request whose token the authoriser has let pass.

    Refuses what the authoriser may have let through: no claims, no expiry, an expired token, a
    token that is no access token, an audience of no org. Raises a 401 `Problem`.
    """
    claims = (
        event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims") or {}
    )
    audience = str(claims.get("client_id") or claims.get("aud") or "")
    org = settings.org_of_audience(audience)
    sub = str(claims.get("sub") or "")
    expires = str(claims.get("exp") or "")
    valid = (
        org is not None
        and sub
        and re.fullmatch(r"[0-9]{1,12}(\.0+)?", expires)
        and float(expires) > now
        and claims.get("token_use") == "access"
    )
    if not valid or org is None:
        raise Problem(
            401,
            "token-invalid",
            "The token is not valid here",
            "Sign in again and send the new access token.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return Identity(org, sub, frozenset(str(claims.get("scope") or "").split()))


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


def _where(error: Exception) -> dict[str, str]:
    """Type and place of an error. Its message is left out: it may quote what a user sent."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"error": type(error).__name__, "place": place}
