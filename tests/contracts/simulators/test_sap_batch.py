"""`$batch`: many requests in one, changesets as one whole."""

from __future__ import annotations

import json
from email.parser import BytesParser
from typing import Any

import pytest

from infra.simulators.faults import Fault
from infra.simulators.messages import Response
from infra.simulators.sap import SapSimulator
from tests.contracts.simulators.any_values import PARTNERS, Caller, any_person, partner_made

CHANGE = {"SearchTerm1": "K"}


def part(request: str, body: object = None, **headers: str) -> str:
    """One request of a batch."""
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Accept": "application/json", "Content-Type": "application/json", **own}
    lines = [f"{name}: {value}" for name, value in given.items()]
    text = "" if body is None else json.dumps(body)
    inner = "\r\n".join([f"{request} HTTP/1.1", *lines, "", text])
    outer = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    return "\r\n".join([*outer, "", inner])


def joined(boundary: str, *parts: str) -> str:
    return "".join(f"--{boundary}\r\n{p}\r\n" for p in parts) + f"--{boundary}--\r\n"


def changeset(*parts: str) -> str:
    return "Content-Type: multipart/mixed; boundary=cs\r\n\r\n" + joined("cs", *parts)


def sent(od: Caller, *parts: str, path: str = "$batch") -> Response:
    kind = "multipart/mixed; boundary=b1"
    return od("POST", f"{PARTNERS}/{path}", body=joined("b1", *parts).encode(), content_type=kind)


def read(content_type: str, body: bytes) -> list[Any]:
    """The answers of a batch: (status, body); those of a changeset in a list of their own."""
    whole = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return [_answers(p) for p in whole.get_payload()]


def _answers(message: Any) -> Any:
    if message.get_content_type() == "multipart/mixed":
        return [_answers(p) for p in message.get_payload()]
    head, _, body = message.get_payload(decode=True).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body.strip() else None


def answers(response: Response) -> list[Any]:
    assert response.status == 202
    return read(response.headers["content-type"], response.body)


def test_should_answer_each_request(od: Caller) -> None:
    missing, found = answers(
        sent(
            od,
            part("GET A_BusinessPartner('77')"),
            part("GET A_BusinessPartner%28%27100017%27%29?%24select=SearchTerm1"),
        )
    )
    assert (missing[0], missing[1]["error"]["code"]) == (404, "/IWBEP/CM_MGW_RT/020")
    assert (found[0], found[1]["d"]["SearchTerm1"]) == (200, "K-100017")


@pytest.mark.parametrize("path", ["$batch", "%24batch", "$batch/"])
@pytest.mark.parametrize("base", ["", "/", f"{PARTNERS}/", f"https://sap.example{PARTNERS}/"])
def test_should_take_addresses_of_every_form(od: Caller, path: str, base: str) -> None:
    ((status, _),) = answers(sent(od, part(f"GET {base}A_BusinessPartner?$top=1"), path=path))
    assert status == 200


def test_should_write_all_of_a_changeset(od: Caller, sap: SapSimulator) -> None:
    ((created, changed),) = answers(
        sent(
            od,
            changeset(
                part("POST A_BusinessPartner", any_person()),
                part("PATCH A_BusinessPartner('100017')", CHANGE, If_Match="*"),
            ),
        )
    )
    assert (created[0], created[1]["d"]["BusinessPartner"]) == (201, "0001000001")
    assert changed == (204, None)
    assert sap.records("A_BusinessPartner")[0]["SearchTerm1"] == "K"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (part("POST A_BusinessPartner", any_person(LastName="")), 400),
        (part("PATCH A_BusinessPartner('77')", CHANGE, If_Match="*"), 404),
        (part("PATCH A_BusinessPartner('100017')", CHANGE), 428),
        (part("PATCH A_BusinessPartner('100017')", CHANGE, If_Match='W/"old"'), 412),
        (part("DELETE A_BusinessPartner('100017')", If_Match="*"), 405),
        (part("POST A_Nothing", {}), 404),
        (part("PATCH A_BusinessPartner", {}), 405),
        (part("POST $metadata/a/b", {}), 404),
    ],
)
def test_should_write_nothing_of_a_changeset_that_is_refused(
    od: Caller, sap: SapSimulator, wrong: str, status: int
) -> None:
    before = sap.state()
    first = part("POST A_BusinessPartner", any_person())
    single, after = answers(
        sent(od, changeset(first, wrong), part("GET A_BusinessPartner('100017')"))
    )
    assert (single[0], after[0]) == (status, 200)
    assert single[1]["error"]["message"]["value"]
    assert sap.state() == before


def test_should_keep_what_other_changesets_wrote(od: Caller, sap: SapSimulator) -> None:
    good = changeset(part("POST A_BusinessPartner", any_person()))
    bad = changeset(part("POST A_BusinessPartner", any_person(LastName="")))
    alone = part("POST A_BusinessPartner", any_person())
    first, second, third = answers(sent(od, good, bad, alone))
    assert (first[0][0], second[0], third[0]) == (201, 400, 201)
    assert len(sap.records("A_BusinessPartner")) == 6


def test_should_know_what_the_changeset_has_made_by_its_content_id(od: Caller) -> None:
    make = part("POST A_BusinessPartner", any_person())
    below = part("POST $1/to_BusinessPartnerRole", {"BusinessPartnerRole": "FLCU00"})
    response = sent(od, changeset("Content-ID: 1\r\n" + make, below))
    ((made, role),) = answers(response)
    assert role[1]["d"]["BusinessPartner"] == made[1]["d"]["BusinessPartner"]
    assert b"content-id: 1" in response.body


def test_should_undo_a_changeset_whose_second_write_finds_its_row_locked(
    od: Caller, sap: SapSimulator
) -> None:
    writes = [
        part(f"PATCH A_BusinessPartner('{number}')", CHANGE, If_Match="*")
        for number in (partner_made(od), partner_made(od))
    ]
    before = sap.state()
    sap.add_fault(Fault("locked", operation="batch_partners", number=2))
    ((status, _),) = answers(sent(od, changeset(*writes)))
    assert (status, sap.state()) == (400, before)
    ((first, second),) = answers(sent(od, changeset(*writes)))
    assert (first[0], second[0]) == (204, 204)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"", "multipart/mixed"),
        (b"no part", "multipart/mixed; boundary=b1"),
        (joined("b1", "Content-Type: text/plain\r\n\r\nx").encode(), "multipart/mixed;boundary=b1"),
        (joined("b1", part("POST $batch", {})).encode(), "multipart/mixed;boundary=b1"),
        (
            joined("b1", "Content-Type: multipart/mixed; boundary=cs\r\n\r\nx").encode(),
            "multipart/mixed;boundary=b1",
        ),
        (
            joined("b1", changeset(part("GET A_BusinessPartner"))).encode(),
            "multipart/mixed;boundary=b1",
        ),
    ],
)
def test_should_answer_400_for_no_batch(od: Caller, body: bytes, content_type: str) -> None:
    answer = od("POST", f"{PARTNERS}/$batch", body=body, content_type=content_type)
    assert answer.status == 400
    assert answer.json()["error"]["message"]["value"]
