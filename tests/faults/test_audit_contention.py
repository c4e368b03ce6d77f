"""Changes at once: all of them come through the one end of the audit trail, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from infra.local.people import PEOPLE
from tests.doubles.world import Reply
from tests.faults.cloud import Cloud
from tests.faults.run import LONGEST, VirtualStage
from tests.faults.scenarios import AGENT, COMPANY, MANAGER, OPERATOR
from tests.faults.stage import COMPANIES, USERS, VERIFY, Client
from tests.faults.trouble import Calm, Chance, Crowd, Trouble

AT_ONCE = 50
CROWDED = 150
SHARED = f"{USERS}/{PEOPLE['driver']}"
Ask = Callable[[VirtualStage], Reply | None]


def at_once(cloud: Cloud, trouble: Trouble, asked: list[Ask]) -> list[Reply | None]:
    """All is asked in the same moment; what each was answered."""
    stage, answers = VirtualStage(cloud), list[Reply | None]()
    cloud.layer.start(trouble)
    for ask in asked:
        cloud.engine.start(partial(lambda ask: answers.append(ask(stage)), ask))
    assert cloud.engine.run(LONGEST)
    return answers


def company(number: int) -> dict[str, Any]:
    """A new company."""
    new = {name: value for name, value in COMPANY.items() if name != "salesforce_account_id"}
    return {**new, "customer_number": f"K-{number}"}


def create(number: int, stage: VirtualStage) -> Reply | None:
    """One try to create a company."""
    body = company(number)
    return stage.request("POST", COMPANIES, AGENT, body, Idempotency_Key=f"key {number}")


def create_patiently(number: int, stage: VirtualStage) -> Reply:
    """The same, sent again until there is a final answer."""
    asked = Client(stage, AGENT)
    return asked.ask("POST", COMPANIES, company(number), Idempotency_Key=f"key {number}")


def rename(number: int, tag: str, stage: VirtualStage) -> Reply | None:
    """One try to change the user whom all change."""
    return stage.request("PATCH", SHARED, MANAGER, {"name": f"Any {number}"}, If_Match=tag)


def trail(cloud: Cloud) -> Counter[tuple[str, str]]:
    """How often something was done to something, by a chain that is as it was written."""
    stage, found = VirtualStage(cloud), list[Any]()

    def look() -> None:
        client = Client(stage, OPERATOR)
        assert client.ask("POST", VERIFY).json["intact"]
        found.extend(client.everything("/v1/audit", "entries"))

    cloud.layer.start(Calm())
    cloud.engine.start(look)
    assert cloud.engine.run(LONGEST)
    return Counter((entry["action"], entry["subject_id"]) for entry in found)


def test_should_let_many_changes_at_once_through_at_the_first_try() -> None:
    cloud = Cloud()
    answers = at_once(cloud, Calm(), [partial(create, n) for n in range(CROWDED)])
    assert Counter(reply.status for reply in answers if reply) == {201: CROWDED}
    assert sorted(trail(cloud).values()) == [1] * CROWDED


@pytest.mark.parametrize(
    "trouble", [Crowd(), *map(Chance, range(8))], ids=["crowd", *(f"seed_{n}" for n in range(8))]
)
def test_should_tell_of_each_of_fifty_changes_once_whatever_goes_wrong(trouble: Trouble) -> None:
    cloud = Cloud()
    asked: list[Ask] = [partial(create_patiently, n) for n in range(AT_ONCE)]
    answers = at_once(cloud, trouble, asked)
    assert {reply.status for reply in answers if reply} == {201}
    ids = [reply.json["id"] for reply in answers if reply]
    assert trail(cloud) == {("companies_create", ours): 1 for ours in ids}


def test_should_let_many_change_one_user_who_name_no_version() -> None:
    cloud = Cloud()
    answers = at_once(cloud, Calm(), [partial(rename, n, "*") for n in range(CROWDED)])
    assert Counter(reply.status for reply in answers if reply) == {200: CROWDED}
    assert trail(cloud) == {("users_change", PEOPLE["driver"]): CROWDED}


def test_should_let_one_of_fifty_through_who_have_seen_the_same_version() -> None:
    cloud = Cloud()
    answers = at_once(cloud, Calm(), [partial(rename, n, '"1"') for n in range(AT_ONCE)])
    assert Counter(reply.status for reply in answers if reply) == {200: 1, 412: AT_ONCE - 1}
    assert trail(cloud) == {("users_change", PEOPLE["driver"]): 1}
