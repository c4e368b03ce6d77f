"""The door: who comes in, and what goes out when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from busbar.authentication import MACHINE_SCOPE, authenticate
from busbar.domain.customers import Role
from busbar.errors import (
    Conflict,
    FieldError,
    Problem,
    Refused,
    StoreUnavailable,
    Unavailable,
    Unknown,
)
from busbar.request import Answer, Request
from tests.unit.api.doors import OK, SETTINGS, SUB, DoorLab, Reply

SECRET = "Erika Mustermann, DE02120300000000202051"


def raising(error: Exception) -> Callable[[Request], Answer]:
    def work(_request: Request) -> Answer:
        raise error

    return work


def is_problem(reply: Reply, status: int, slug: str) -> None:
    assert reply.status == reply.json["status"] == status
    assert reply.json["type"] == f"urn:busbar:problem:{slug}"
    assert reply.json["title"]
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.json["correlation_id"] == reply.headers["x-correlation-id"]


# --- who comes in ------------------------------------------------------------------------------

REFUSED_CLAIMS: dict[str, dict[str, Any]] = {
    "no sub": {"sub": None},
    "empty sub": {"sub": ""},
    "no audience": {"client_id": None},
    "unknown audience": {"client_id": "somebody"},
    "part of an audience": {"client_id": "p"},
    "unknown client before a known audience": {"client_id": "somebody", "aud": "portal"},
    "no expiry": {"exp": None},
    "expired": {"exp": "1"},
    "expiry of another form": {"exp": "soon"},
    "negative expiry": {"exp": "-1"},
    "endless expiry": {"exp": "inf"},
    "expiry as a power": {"exp": "1e12"},
    "identity token": {"token_use": "id"},
    "no token use": {"token_use": None},
    "list of audiences": {"client_id": ["portal"]},
}


@pytest.mark.parametrize("case", list(REFUSED_CLAIMS))
def test_should_refuse_a_token_that_the_authoriser_should_not_have_let_pass(case: str) -> None:
    lab = DoorLab()
    reply = lab.call(claims=lab.claims(**REFUSED_CLAIMS[case]))
    is_problem(reply, 401, "token-invalid")
    assert reply.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_should_refuse_a_token_in_the_second_in_which_it_expires() -> None:
    lab = DoorLab()
    now = int(lab.clock.now().timestamp())
    is_problem(lab.call(claims=lab.claims(exp=str(now))), 401, "token-invalid")
    assert lab.call(claims=lab.claims(exp=str(now + 1))).status == 200


@pytest.mark.parametrize("claims", [{}, None])
@pytest.mark.parametrize("form", ["jwt", "authorizer"])
def test_should_refuse_a_request_without_claims(form: str, claims: Any) -> None:
    event = {"authorizer": {"jwt": {"claims": claims}}} if form == "jwt" else {}
    with pytest.raises(Problem) as problem:
        authenticate({"requestContext": event}, SETTINGS, 0.0)
    assert problem.value.status == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "portal"},
        {"aud": "portal"},
        {"client_id": "portal", "aud": "anything"},
        {"client_id": "portal", "exp": "1000.0"},
    ],
)
def test_should_know_org_and_subject_of_a_valid_token(claims: dict[str, str]) -> None:
    whole = {"sub": SUB, "exp": "1000", "token_use": "access", **claims}
    event = {"requestContext": {"authorizer": {"jwt": {"claims": whole}}}}
    who = authenticate(event, SETTINGS, 999.0)
    assert (who.org, who.sub) == ("demo", SUB)


def test_should_forbid_a_subject_that_is_none_of_our_users() -> None:
    lab = DoorLab()
    is_problem(lab.call(claims=lab.claims(sub="stranger")), 403, "forbidden")


def test_should_forbid_a_user_of_another_org() -> None:
    lab = DoorLab()
    is_problem(lab.call(claims=lab.claims(client_id="other-portal")), 403, "forbidden")


@pytest.mark.parametrize("values", [{"role": Role.DRIVER}, {"suspended": True}])
def test_should_forbid_what_the_users_own_record_does_not_allow(values: dict[str, Any]) -> None:
    lab = DoorLab()
    lab.add_user(sub="sub-2", **values)
    forged = lab.claims(sub="sub-2", **{"custom:role": "operator", "cognito:groups": "operator"})
    is_problem(lab.call(claims=forged), 403, "forbidden")


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (MACHINE_SCOPE, 200),
        (f"other {MACHINE_SCOPE}", 200),
        (None, 403),
        ("", 403),
        ("busbar/machines", 403),
        ("busbar", 403),
    ],
)
def test_should_let_a_machine_in_only_with_its_scope(scope: str | None, status: int) -> None:
    lab = DoorLab(operation="sync_cards")
    lab.add_user(sub="machine", role=Role.MACHINE)
    assert lab.call(claims=lab.claims(sub="machine", scope=scope)).status == status


def test_should_do_nothing_for_a_caller_who_is_refused() -> None:
    seen: list[Request] = []

    def work(request: Request) -> Answer:
        seen.append(request)
        return OK

    lab = DoorLab(work)
    lab.call({"any": 1}, claims=lab.claims(sub="stranger"))
    assert seen == []


# --- what goes out -----------------------------------------------------------------------------


def test_should_answer_404_for_a_route_that_is_none() -> None:
    is_problem(DoorLab().call(path="/nothing"), 404, "route-not-found")


def test_should_hand_on_a_problem_as_it_is() -> None:
    problem = Problem(
        409,
        "any-slug",
        "Any title",
        "Do this.",
        errors=(FieldError("items[0].quantity", "is wrong"),),
        headers={"Retry-After": "7"},
    )
    reply = DoorLab(raising(problem)).call()
    is_problem(reply, 409, "any-slug")
    assert reply.json["detail"] == "Do this."
    assert reply.json["errors"] == [{"field": "items[0].quantity", "message": "is wrong"}]
    assert reply.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    "error",
    [RuntimeError(SECRET), KeyError(SECRET), RecursionError(SECRET), ValueError(SECRET)],
    ids=lambda e: type(e).__name__,
)
def test_should_tell_nothing_of_what_broke(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reply = DoorLab(raising(error)).call()
    is_problem(reply, 500, "internal")
    assert set(reply.json) == {"type", "title", "status", "correlation_id"}
    logged = [str(vars(record)) for record in caplog.records]
    assert "Mustermann" not in reply.text + "".join(logged)
    assert any(type(error).__name__ in line and "test_door.py" in line for line in logged)


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("salesforce", "create_order"),
        Unknown("salesforce", "create_order"),
        Refused("salesforce", "create_order"),
        Conflict("demo#order#1"),
        StoreUnavailable("demo#"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_should_ask_to_try_again_when_another_system_or_worker_is_in_the_way(
    error: Exception,
) -> None:
    reply = DoorLab(raising(error)).call()
    is_problem(reply, 503, "try-again")
    assert reply.headers["Retry-After"] == "5"
    assert "salesforce" not in reply.text
    assert "demo#" not in reply.text


@pytest.mark.parametrize("candidate", ["portal-0001", "A" * 64, "8e03978e:40d5.43dd_bc93"])
def test_should_echo_the_correlation_id_of_the_caller(candidate: str) -> None:
    for work in (lambda _r: OK, raising(RuntimeError())):
        reply = DoorLab(work).call(X_Correlation_Id=candidate)
        assert reply.headers["x-correlation-id"] == candidate


@pytest.mark.parametrize(
    "candidate", ["", "short", "A" * 65, "with space", "line\nbreak", "ümlaut-1", "portal-0001\n"]
)
def test_should_begin_an_id_of_its_own_when_the_callers_has_no_bearable_form(
    candidate: str,
) -> None:
    ids = {DoorLab().call(x_correlation_id=candidate).headers["x-correlation-id"] for _ in range(2)}
    assert len(ids) == 2
    assert candidate not in ids
    assert all(len(i) == 32 for i in ids)


def test_should_give_the_use_case_the_correlation_id_and_the_path() -> None:
    seen: list[Any] = []

    def work(request: Request) -> Answer:
        seen.append((request.path["thing_id"], request.caller.correlation_id))
        seen.append(request.deps.correlation_id)
        return OK

    DoorLab(work).call(path="/things/42", x_correlation_id="portal-0001")
    assert seen == [("42", "portal-0001"), "portal-0001"]


def test_should_replay_an_answer_to_the_byte_and_mark_it() -> None:
    made: list[str] = []

    def once(request: Request) -> Answer:
        def work(entity: str) -> Answer:
            made.append(entity)
            return Answer(201, {"id": entity, "text": "Grüße", "n": 1.50}, {"Location": "/x"})

        return request.once(work)

    lab = DoorLab(once)
    replies = [lab.call({"a": 1}, idempotency_key="key") for _ in range(3)]
    assert {r.text for r in replies} == {replies[0].text}
    assert json.loads(replies[0].text)["id"] == made[0]
    assert [r.headers.get("Idempotent-Replayed") for r in replies] == [None, "true", "true"]
    assert {(r.status, r.headers["Location"]) for r in replies} == {(201, "/x")}
    assert len(made) == 1


def test_should_refuse_to_do_it_once_without_a_key() -> None:
    lab = DoorLab(lambda request: request.once(lambda _entity: OK))
    is_problem(lab.call({"a": 1}), 400, "idempotency-key-missing")
