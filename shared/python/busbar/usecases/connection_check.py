"""Whether an outside system lets us do what we have to: looked at one by one, never written.

A check that fails is a finding, and the report is a success. A system that does not answer, or does
not let us in, is asked no further; what was not reached is named, so nobody takes it for good.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict

from busbar.domain.authorisation import require
from busbar.domain.connection_texts import SYSTEMS, connection_text
from busbar.domain.customers import Caller
from busbar.errors import Missing, Problem, Refused, UpstreamError
from busbar.observability import logger
from busbar.ports.outside import Connection, Finding
from busbar.ports.runtime import Json
from busbar.usecases.deps import SHORTEST_CALL, Deps

LONGEST_CHECK = 6.0
"""Seconds: one slow answer must not hide all that comes after it."""

CREDENTIALS = frozenset(
    {"invalid_client", "invalid_client_id", "invalid_grant", "INVALID_SESSION_ID", "HTTP_401"}
    | {"invalid_scope", "unauthorized_client"}
)
SECRET = frozenset({"INCOMPLETE_SECRET", "secret_unreadable", "secret_is_no_object"})
UNREADABLE = frozenset({"UNREADABLE_ANSWER", "UNREADABLE_LOGIN"})
CLOSED = frozenset({"credentials", "secret", "unreachable"})
"""After these the system is not asked any more."""

ADVICE = {
    "credentials": (
        "The system does not take our credentials. Compare the secret in Secrets Manager with the "
        "app or token there; a Salesforce app also needs a run-as user."
    ),
    "secret": (
        "The secret in Secrets Manager cannot be used. Salesforce: client_id and client_secret; "
        "be.ENERGISED: api_token, and for wallboxes client_id and client_secret. "
        "SAP: user and password."
    ),
    "unreachable": "The system did not answer, or not now. Check base_url; then try again.",
    "refused": "The system refused to show this. Grant the integration user the right to see it.",
    "missing": "There is no such resource. Check base_url and the names in the settings.",
    "broken": "The answer is not what the system documents. Check base_url and api_version.",
}


def check_connection(
    caller: Caller, deps: Deps, system: str, time_left: Callable[[], float]
) -> Json:
    """The report on a system of the caller's org. Raises a 404 `Problem` for an unknown system."""
    require(caller, "connection_check")
    connection = deps.systems.connection(system) if system in SYSTEMS else None
    if connection is None:
        known = ", ".join(SYSTEMS)
        raise Problem(404, "system-not-found", "No such system", f"Known are {known}.")
    with closing(connection):
        findings = _findings(connection, time_left)
    not_reached = connection.names[len(findings) :]
    ok = not not_reached and all(finding.state != "failed" for finding in findings)
    words = {f.name: f.word for f in findings if f.word != "ok"}
    logger.info("connection checked", extra={"system": system, "ok": ok, "found": words})
    return {
        "system": system,
        "ok": ok,
        "checked_at": deps.clock.now().isoformat(),
        "checks": [_shown(system, finding) for finding in findings],
        "not_reached": list(not_reached),
    }


def _findings(connection: Connection, time_left: Callable[[], float]) -> list[Finding]:
    found: list[Finding] = []
    for name in connection.names:
        left = time_left()
        if left < SHORTEST_CALL:
            break
        finding = _checked(connection, name, min(left, LONGEST_CHECK))
        found.append(finding)
        if finding.word in CLOSED:
            break
    return found


def _checked(connection: Connection, name: str, timeout: float) -> Finding:
    try:
        return connection.check(name, timeout)
    except UpstreamError as error:
        word = _word(error)
        # The error's own text holds codes and names of fields, and no values.
        return Finding(name, "failed", word, f"{ADVICE[word]} ({error})", error.request_id)


def _word(error: UpstreamError) -> str:
    if error.code in CREDENTIALS:
        return "credentials"
    if error.code in SECRET:
        return "secret"
    if error.code in UNREADABLE:
        return "broken"
    if isinstance(error, Refused):
        return "refused"
    return "missing" if isinstance(error, Missing) else "unreachable"


def _shown(system: str, finding: Finding) -> Json:
    """A finding with its sentence for the clerk."""
    shown = asdict(finding)
    word = shown.pop("word")
    return {**shown, "text": connection_text(system, finding.name, word)}
