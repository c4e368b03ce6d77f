"""Queue wallbox_proof: an uploaded file is judged by its content, kept or refused, and told of."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import LARGEST, ProofUpload, Verdict
from tests.doubles.files import BUCKET
from tests.doubles.world import World
from tests.functions.given import CORRELATION, batch, failed, store, tasks
from tests.functions.wallbox_given import (
    BOXES,
    approved,
    asset_there,
    assigned,
    ordered,
    reviewed,
    station,
    wallbox,
)
from tests.functions.wallbox_owner import (
    JPEG,
    PDF,
    PNG,
    UPLOAD,
    changed,
    form,
    form_of_the_events,
    mine,
    owned,
    prove,
    systems,
    tenant,
    upload,
)
from tests.functions.wallbox_world import wallbox_world

LINK = "https://portal.example/wallboxes/{wallbox_id}/proof"


@pytest.fixture
def world() -> World:
    return wallbox_world()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def asset(world: World) -> Any:
    """The wallbox's Asset in Salesforce."""
    return asset_there(world, BOXES[0].asset_id)


def kept(world: World) -> list[bytes]:
    """The files that are kept."""
    return [world.files.objects[key].content for key in world.files.below("proofs/")]


# --- the sample events -------------------------------------------------------------------------


def test_uploaded_should_become_the_proof_and_be_put_up_for_review(
    world: World, event: Any
) -> None:
    key = form_of_the_events(world, owned(world))
    world.files.put_there(key, PDF)
    assert failed(world.invoke("wallbox_proof", event)) == []
    proof = wallbox(world).proof
    assert proof
    assert (proof.sha256, proof.content_type, proof.size) == (sha256(PDF), "application/pdf", 12)
    assert wallbox(world).review is Review.TO_REVIEW
    assert world.files.below("uploads/") == []
    assert world.files.objects[proof.key].content == PDF


def test_uploaded_should_go_on_under_the_correlation_id_of_its_form(
    world: World, event: Any
) -> None:
    key = form_of_the_events(world, owned(world))
    world.files.put_there(key, PDF)
    world.invoke("wallbox_proof", event)
    world.pump()
    assert {c.correlation_id for c in world.salesforce.calls} == {CORRELATION}


def test_uploaded_should_do_nothing_when_the_file_is_gone(world: World, event: Any) -> None:
    form_of_the_events(world, owned(world))
    assert failed(world.invoke("wallbox_proof", event)) == []
    assert wallbox(world).proof is None


def test_redriven_should_be_read_like_the_part_that_the_rule_hands_on(
    world: World, event: Any
) -> None:
    key = form_of_the_events(world, owned(world))
    world.files.put_there(key, PDF)
    assert BUCKET in event["Records"][0]["body"]
    world.invoke("wallbox_proof", event)
    assert wallbox(world).proof


def test_unknown_org_should_be_parked(world: World, event: Any) -> None:
    assert failed(world.invoke("wallbox_proof", event)) == []
    assert len(world.sqs.dead["wallbox_proof"]) == 1


def test_unreadable_should_be_parked(world: World, event: Any) -> None:
    assert failed(world.invoke("wallbox_proof", event)) == []
    assert world.sqs.dead["wallbox_proof"] == ["no JSON"]


@pytest.mark.parametrize("body", ["[]", "{}", '{"key": 7}', '{"detail": {"object": []}}', "null"])
def test_should_park_what_names_no_file(world: World, body: str) -> None:
    assert failed(world.invoke("wallbox_proof", batch(body))) == []
    assert world.sqs.dead["wallbox_proof"]


def test_should_delete_a_file_for_which_nobody_was_given_a_form(world: World) -> None:
    key = form_of_the_events(world, owned(world)).replace(UPLOAD, "VP10AD0000002")
    world.files.put_there(key, PDF)
    assert failed(world.invoke("wallbox_proof", batch({"key": key}))) == []
    assert world.files.objects == {}
    assert wallbox(world).proof is None


def test_should_delete_a_file_that_names_another_wallbox_than_its_form(world: World) -> None:
    form_of_the_events(world, owned(world, 1))
    key = f"uploads/demo/{owned(world).id}/{UPLOAD}"
    world.files.put_there(key, PDF)
    assert failed(world.invoke("wallbox_proof", batch({"key": key}))) == []
    assert world.files.objects == {}
    assert (wallbox(world, 0).proof, wallbox(world, 1).proof) == (None, None)


# --- what a file is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [
        (PDF, "application/pdf", "installationsnachweis.pdf"),
        (JPEG, "image/jpeg", "installationsnachweis.jpg"),
        (PNG, "image/png", "installationsnachweis.png"),
    ],
)
def test_should_keep_pdf_jpeg_and_png(world: World, content: bytes, kind: str, name: str) -> None:
    owned(world)
    prove(world, content)
    assert mine(world)["proof"]["content_type"] == kind
    url = world.call("GET", mine(world)["proof"]["link"], "driver").json["url"]
    assert world.files.follow(url) == (content, kind, f'attachment; filename="{name}"')


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00",
        b"<html><script>",
        b"GIF89a",
        b"\x00\x00\x00 ftypheic",
        b"II*\x00",
        b"PK\x03\x04",
        b"%PDF",
        b" %PDF-1.7",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a",
        b"\xef\xbb\xbf%PDF-1.7",
        b"<svg/>%PDF-1.7",
        b"\x00",
    ],
)
def test_should_refuse_what_is_neither_whatever_it_is_called(world: World, content: bytes) -> None:
    owned(world)
    asked = prove(world, content)
    refused = mine(world)["refused_upload"]
    assert (refused["upload_id"], refused["reason"]) == (asked["upload_id"], "no_pdf_or_picture")
    assert refused["text"] == "Die Datei ist weder ein PDF noch ein Bild (JPEG oder PNG)."
    assert (mine(world)["proof"], world.files.objects) == (None, {})
    assert asset(world)["InstallationProofHash__c"] is None


@pytest.mark.parametrize(
    ("size", "reason"), [(0, "empty"), (LARGEST, None), (LARGEST + 1, "too_large")]
)
def test_should_judge_the_size_for_itself(world: World, size: int, reason: str | None) -> None:
    owned(world)
    asked = form(world)
    world.files.put_there(asked["fields"]["key"], (PDF + b"x" * LARGEST * 2)[:size])
    world.pump()
    refused = mine(world)["refused_upload"]
    assert (refused["reason"] if refused else None) == reason
    assert len(world.files.below("proofs/")) == (0 if reason else 1)
    assert world.files.below("uploads/") == []


# --- who is told -------------------------------------------------------------------------------


def test_should_put_the_proof_up_for_review_in_salesforce(world: World) -> None:
    assigned(world, ordered(world))
    prove(world)
    told = asset(world)
    assert told["InstallationProofHash__c"] == sha256(PDF)
    assert told["InstallationProofAt__c"] == "2026-03-02T08:00:00.000+0000"
    assert told["InstallationReview__c"] == "Zu prüfen"
    assert systems(world) == ("none", "done")


@pytest.mark.parametrize(
    ("link", "shown"),
    [("", None), (LINK, LINK)],
)
def test_should_show_the_clerk_a_page_of_the_portal(
    world: World, link: str, shown: str | None
) -> None:
    tenant(world, proof_link=link)
    owned(world)
    prove(world)
    wanted = shown and shown.replace("{wallbox_id}", mine(world)["id"])
    assert asset(world)["InstallationProof__c"] == wanted


@pytest.mark.parametrize(("field", "told"), [("", None), ("installationProof", sha256(PDF))])
def test_should_tell_be_energised_where_it_has_a_field_for_it(
    world: World, field: str, told: str | None
) -> None:
    tenant(world, proof_field=field)
    owned(world)
    prove(world)
    assert station(world).proof == told


def test_should_wait_for_salesforce(world: World) -> None:
    owned(world)
    world.salesforce.is_down = True
    prove(world)
    assert systems(world)[1] in {"pending", "unavailable"}
    world.run_for(600)
    world.salesforce.is_down = False
    world.run_for(600)
    assert systems(world)[1] == "done"
    assert asset(world)["InstallationProofHash__c"] == sha256(PDF)


# --- a second one ------------------------------------------------------------------------------


def test_should_take_the_place_of_the_proof_before(world: World) -> None:
    owned(world)
    prove(world, PDF)
    prove(world, PNG)
    assert kept(world) == [PNG]
    assert mine(world)["proof"]["sha256"] == asset(world)["InstallationProofHash__c"] == sha256(PNG)


def test_should_be_reviewed_anew_after_the_last_one_was_given_back(world: World) -> None:
    order = ordered(world)
    assigned(world, order)
    prove(world, PDF)
    reviewed(world, order, "Zurückgewiesen", "Unscharf")
    assert mine(world)["review"]["reason"] == "Unscharf"
    prove(world, PNG)
    assert mine(world)["review"] == {"state": "to_review", "text": "Zu prüfen", "reason": ""}
    reviewed(world, order, "Abgeschlossen")
    assert mine(world)["review"]["state"] == "approved"


def test_should_take_the_last_of_those_that_come_within_one_second(world: World) -> None:
    # S3 tells to the second when it had a file: by that alone none of them is the last.
    order = ordered(world)
    assigned(world, order)
    contents = [PDF + bytes([number]) for number in range(9)]
    for content in contents:
        prove(world, content, seconds=0.1)
        assert mine(world)["proof"]["sha256"] == sha256(content)
    assert kept(world) == [contents[-1]]
    assert asset(world)["InstallationProofHash__c"] == sha256(contents[-1])


def test_should_show_the_last_refusal_of_those_that_come_within_one_second(world: World) -> None:
    owned(world)
    prove(world, PDF, seconds=0.1)
    for _ in range(5):
        asked = prove(world, b"none", seconds=0.1)
        assert mine(world)["refused_upload"]["upload_id"] == asked["upload_id"]
    prove(world, PNG, seconds=0.1)
    assert mine(world)["refused_upload"] is None


def test_should_refuse_the_very_file_that_was_given_back(world: World) -> None:
    order = ordered(world)
    assigned(world, order)
    prove(world)
    reviewed(world, order, "Zurückgewiesen", "Unscharf")
    prove(world)
    assert mine(world)["refused_upload"]["reason"] == "already_returned"
    assert mine(world)["review"]["state"] == "returned"
    assert kept(world) == [PDF]


def test_should_leave_the_review_alone_when_the_same_file_comes_again(world: World) -> None:
    owned(world)
    prove(world)
    first = wallbox(world).proof
    prove(world)
    second = wallbox(world).proof
    assert first
    assert second
    assert (first.sha256, first.key == second.key) == (second.sha256, False)
    assert wallbox(world).review is Review.TO_REVIEW
    assert kept(world) == [PDF]


def test_should_keep_the_proof_when_the_next_file_is_none(world: World) -> None:
    owned(world)
    prove(world)
    prove(world, b"none")
    shown = mine(world)
    assert (shown["proof"]["sha256"], shown["refused_upload"]["reason"]) == (
        sha256(PDF),
        "no_pdf_or_picture",
    )
    assert kept(world) == [PDF]


def test_should_show_a_refusal_no_more_once_a_good_one_has_come(world: World) -> None:
    owned(world)
    prove(world, b"none")
    prove(world)
    assert mine(world)["refused_upload"] is None


def test_should_refuse_what_comes_after_the_approval(world: World) -> None:
    approved(world)
    changed(world, review=Review.TO_REVIEW)  # a form from before
    asked = form(world)
    changed(world, review=Review.APPROVED)
    before = wallbox(world).proof
    world.files.upload(asked, PNG)
    world.clock.advance(1)
    world.pump()
    assert wallbox(world).proof == before
    assert mine(world)["review"]["state"] == "approved"
    assert wallbox(world).refused_upload
    assert world.files.objects == {}


def test_should_not_take_a_file_of_who_had_the_wallbox_before(world: World) -> None:
    owned(world)
    asked = upload(world)
    changed(world, order_id="0RDER00000002", user_id="any", proof=None)
    world.pump()
    assert wallbox(world).proof is None
    assert world.files.objects == {}
    stored = store(world).get(ProofUpload, asked["upload_id"])
    assert stored
    assert stored.record.verdict is Verdict.OVERTAKEN


def test_should_open_no_task_for_any_of_it(world: World) -> None:
    owned(world)
    for content in (PDF, b"none", PNG):
        prove(world, content)
    assert tasks(world) == []
    assert world.sqs.dead == {}
