"""Queue wallbox_proof when news come twice, late or permuted, and when workers die or meet."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from busbar.domain.wallbox_assets import Review
from busbar.domain.wallboxes import Wallbox
from tests.doubles.world import World
from tests.functions.given import store, tasks, writes
from tests.functions.wallbox_given import BOXES, asset_there, our_wallbox, wallbox
from tests.functions.wallbox_owner import (
    JPEG,
    PDF,
    PNG,
    changed,
    form,
    mine,
    owned,
    prove,
    set_tariff,
    systems,
    upload,
)
from tests.functions.wallbox_world import wallbox_world

NONE, NONE_EITHER = b"none", b"none either"


@pytest.fixture
def world() -> World:
    return wallbox_world()


def held(world: World, *contents: bytes, apart: float = 1) -> None:
    """Files are uploaded one after the other, `apart` seconds, and nobody is told yet."""
    owned(world)
    world.files.holding = True
    for content in contents:
        upload(world, content, apart)
    world.files.holding = False


def state(world: World) -> Any:
    """All that is left of a driver's uploads: what is shown, what is told, what is kept."""
    shown = mine(world)
    asset = asset_there(world, BOXES[0].asset_id)
    kept = [world.files.objects[key].content for key in world.files.below("")]
    refused = shown["refused_upload"]
    return (
        shown["proof"] and (shown["proof"]["sha256"], shown["proof"]["uploaded_at"]),
        refused and (refused["reason"], refused["uploaded_at"]),
        shown["review"],
        (asset["InstallationProofHash__c"], asset["InstallationProofAt__c"]),
        kept,
    )


# --- news, as S3 promises them: at least once, in any order ------------------------------------


def test_should_do_it_once_when_the_news_come_twice(world: World) -> None:
    held(world, PDF)
    world.files.release(0, 0, 0)
    world.pump()
    assert world.files.writes == 1
    assert [c.method for c in writes(world.salesforce)] == ["PATCH"]


def test_should_still_take_a_file_whose_news_come_days_later(world: World) -> None:
    held(world, PDF)
    world.clock.advance(6 * 86400)
    world.files.release()
    world.pump()
    assert mine(world)["proof"]["uploaded_at"] == "2026-03-02T08:00:00+00:00"


@pytest.mark.parametrize("apart", [1, 0.2])
@pytest.mark.parametrize(
    "contents",
    [
        (PDF, PNG, JPEG),
        (PDF, NONE, PNG),
        (NONE, PDF, NONE_EITHER),
        (PDF, PNG, NONE),
        (PDF, PNG, PDF),
        (NONE, NONE_EITHER, PDF),
    ],
)
def test_should_end_alike_in_whatever_order_the_news_come(
    contents: tuple[bytes, ...], apart: float
) -> None:
    ends = []
    for order in permutations(range(len(contents))):
        for twice in order:
            world = wallbox_world()
            held(world, *contents, apart=apart)
            for number in (*order, twice):
                world.files.release(number)
                world.pump()
            ends.append(state(world))
    assert ends == [ends[0]] * len(ends)


def test_should_let_no_older_file_take_the_place_of_a_newer_one(world: World) -> None:
    held(world, PDF, PNG)
    for number in (1, 0):
        world.files.release(number)
        world.pump()
    assert [world.files.objects[key].content for key in world.files.below("")] == [PNG]
    assert len(writes(world.salesforce)) == 1


# --- one form, several files -------------------------------------------------------------------


def test_should_take_one_file_of_a_form_and_no_more(world: World) -> None:
    owned(world)
    asked = form(world)
    for content in (PDF, PNG):
        assert world.files.upload(asked, content) == 204
        world.pump()
        world.clock.advance(1)
    assert [world.files.objects[key].content for key in world.files.below("")] == [PDF]
    assert mine(world)["proof"]["content_type"] == "application/pdf"


def test_should_keep_the_bytes_that_it_has_judged_when_others_come_meanwhile(world: World) -> None:
    owned(world)
    asked = form(world)
    world.files.upload(asked, PDF)
    key = asked["fields"]["key"]
    meanwhile(world, "put_object", lambda: world.files.put_there(key, b"<html>"))
    world.pump()
    (kept,) = world.files.below("")
    assert world.files.objects[kept].content == PDF
    assert mine(world)["refused_upload"] is None


# --- workers that meet -------------------------------------------------------------------------


def meanwhile(world: World, operation: str, happens: Callable[[], Any]) -> None:
    """Something happens just before a worker's next call of S3 takes effect, once."""
    calls = getattr(world.files, operation)

    def call(**parameters: Any) -> Any:
        setattr(world.files, operation, calls)
        happens()
        return calls(**parameters)

    setattr(world.files, operation, call)


def test_should_give_way_to_a_worker_with_the_same_file(world: World) -> None:
    held(world, PDF)
    world.files.release(0, 0)
    meanwhile(world, "put_object", world.pump)
    world.pump()
    assert [world.files.objects[key].content for key in world.files.below("")] == [PDF]
    assert len(writes(world.salesforce)) == 1


def test_should_give_way_to_a_worker_with_another_file_of_the_form(world: World) -> None:
    owned(world)
    asked = form(world)
    world.files.upload(asked, PDF)

    def another() -> None:
        world.files.upload(asked, PNG)
        world.pump()

    meanwhile(world, "put_object", another)
    world.pump()
    assert [world.files.objects[key].content for key in world.files.below("")] == [PNG]
    assert mine(world)["proof"]["content_type"] == "image/png"


def test_should_not_bring_back_an_older_proof_over_one_that_is_judged_meanwhile(
    world: World,
) -> None:
    held(world, PDF, PNG)
    world.files.release(0)

    def newer() -> None:
        world.files.release(1)
        world.pump()

    meanwhile(world, "put_object", newer)
    world.pump()
    assert [world.files.objects[key].content for key in world.files.below("")] == [PNG]
    assert mine(world)["proof"]["content_type"] == "image/png"


def test_should_not_undo_an_approval_that_comes_meanwhile(world: World) -> None:
    owned(world)
    prove(world)
    before = wallbox(world).proof
    upload(world, PNG)
    meanwhile(world, "put_object", lambda: changed(world, review=Review.APPROVED))
    world.pump()
    assert (wallbox(world).proof, wallbox(world).review) == (before, Review.APPROVED)
    assert [world.files.objects[key].content for key in world.files.below("")] == [PDF]


def test_should_lose_no_tariff_that_is_set_meanwhile(world: World) -> None:
    owned(world)
    upload(world)
    meanwhile(world, "put_object", lambda: set_tariff(world))
    world.pump()
    assert (mine(world)["tariff"]["unit_price"], systems(world)) == ("32.45", ("done", "done"))
    assert mine(world)["proof"]


# --- S3 that does not answer, workers that die -------------------------------------------------


def test_should_come_again_while_s3_does_not_answer(world: World) -> None:
    owned(world)
    upload(world)
    world.files.is_down = True
    world.run_for(900)
    assert wallbox(world).proof is None
    world.files.is_down = False
    world.run_for(600)
    assert wallbox(world).proof
    assert world.sqs.dead == {}


def test_should_lie_in_the_dead_letter_queue_when_s3_does_not_come_back(world: World) -> None:
    owned(world)
    upload(world)
    world.files.is_down = True
    world.run_for(4 * 3600)
    (letter,) = world.sqs.dead["wallbox_proof"]
    world.files.is_down = False
    world.sqs.put("wallbox_proof", letter)  # `make redrive`
    world.pump()
    assert wallbox(world).proof


def second_proof(world: World) -> None:
    """A driver whose proof takes the place of another."""
    owned(world)
    prove(world)
    upload(world, PNG)


def boundaries(begin: Callable[[World], None]) -> int:
    """How many effects there are from the news of a file to its end."""
    world = wallbox_world()
    begin(world)
    world.boundaries.count = 0
    world.pump()
    return world.boundaries.count


@pytest.mark.parametrize("at", range(1, boundaries(second_proof) + 1))
def test_should_end_alike_wherever_a_worker_dies(at: int) -> None:
    world = wallbox_world()
    second_proof(world)
    before = len(writes(world.salesforce))
    world.boundaries.count, world.boundaries.die_at = 0, at
    world.run_for(1800)
    assert world.boundaries.count >= at
    assert [world.files.objects[key].content for key in world.files.below("")] == [PNG]
    assert mine(world)["proof"]["content_type"] == "image/png"
    assert mine(world)["review"]["state"] == "to_review"
    assert systems(world) == ("none", "done")
    assert len(writes(world.salesforce)) == before + 1
    assert world.sqs.dead == {}
    assert tasks(world) == []


def bad_file(world: World) -> None:
    """A driver who has uploaded something else."""
    owned(world)
    upload(world, NONE)


@pytest.mark.parametrize("at", range(1, boundaries(bad_file) + 1))
def test_should_refuse_alike_wherever_a_worker_dies(at: int) -> None:
    world = wallbox_world()
    bad_file(world)
    world.boundaries.count, world.boundaries.die_at = 0, at
    world.run_for(1800)
    assert world.files.objects == {}
    assert mine(world)["refused_upload"]["reason"] == "no_pdf_or_picture"
    assert store(world).get(Wallbox, our_wallbox())
    assert world.sqs.dead == {}
