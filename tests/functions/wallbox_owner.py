"""Drivers who have a wallbox already, what they send of it, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from busbar.domain.wallbox_proofs import ProofUpload, upload_key
from busbar.domain.wallboxes import Wallbox
from busbar.ports.store import Bind, Put, Save
from infra.local.people import PEOPLE
from tests.doubles.world import ORG, Reply, World
from tests.functions.given import CORRELATION, owned_wallbox, store
from tests.functions.wallbox_given import our_wallbox

MINE, TARIFF, PROOF = "/v1/my/wallbox", "/v1/my/wallbox/tariff", "/v1/my/wallbox/proof"
UPLOAD = "VP10AD0000001"
"""The form of the sample events."""
PDF, JPEG, PNG = b"%PDF-1.7 any", b"\xff\xd8\xff\xe0 any", b"\x89PNG\r\n\x1a\n any"
CONTACT = "c0c7ac70-0000-4000-8000-000000000099"


def owned(world: World, number: int = 0, user: str = "driver", **fields: Any) -> Wallbox:
    """A wallbox that a sample user has got, and that be.ENERGISED knows for his."""
    made = owned_wallbox(world, PEOPLE[user], number, **fields)
    known = Bind("private_customer", made.customer_id, "energised", f"{CONTACT}{user}")
    store(world).commit(known)
    return made


def tenant(world: World, *, proof_field: str = "", proof_link: str = "") -> None:
    """What this org has for proofs. Before the first call: workers keep their settings."""
    org = world.settings.orgs[ORG]
    assert org.energised
    energised = replace(org.energised, station_proof_field=proof_field)
    org = replace(org, energised=energised, proof_link=proof_link)
    world.settings = replace(world.settings, orgs={ORG: org})


def changed(world: World, number: int = 0, **fields: Any) -> None:
    """Something else has happened to a wallbox."""
    stored = store(world).get(Wallbox, our_wallbox(number))
    assert stored
    store(world).commit(Save(stored.record.model_copy(update=fields), stored))


def any_tariff(**changes: Any) -> dict[str, Any]:
    """What a driver wants to be paid."""
    return {"unit_price": "32.45", "currency": "EUR", "valid_from": "2026-04-01", **changes}


def set_tariff(world: World, user: str = "driver", **changes: Any) -> Reply:
    """Set a tariff."""
    return world.call("PUT", TARIFF, user, any_tariff(**changes))


def mine(world: World, user: str = "driver") -> Any:
    """The only wallbox of a user, as the portal shows it."""
    (shown,) = world.call("GET", MINE, user).json["wallboxes"]
    return shown


def systems(world: World) -> tuple[str, str]:
    """How far be.ENERGISED and Salesforce are."""
    energised, salesforce = (told["state"] for told in mine(world)["systems"])
    return energised, salesforce


def form(world: World, user: str = "driver", **body: Any) -> Any:
    """A form to upload a proof."""
    asked = world.call("POST", PROOF, user, body or None)
    assert asked.status == 200, asked.text
    return asked.json


def form_of_the_events(world: World, wallbox: Wallbox) -> str:
    """The form of the sample events; the key of its file."""
    upload = ProofUpload(
        id=UPLOAD,
        wallbox_id=wallbox.id,
        order_id=wallbox.order_id,
        asked_at=world.clock.now(),
        correlation_id=CORRELATION,
    )
    store(world).commit(Put(upload))
    return upload_key(ORG, upload)


def upload(world: World, content: bytes = PDF, seconds: float = 1, **body: Any) -> Any:
    """Ask for a form and send a file by it; the form. Nothing that follows is done yet, but so many
    `seconds` have passed."""
    asked = form(world, **body)
    assert world.files.upload(asked, content) == 204
    world.clock.advance(seconds)
    return asked


def prove(world: World, content: bytes = PDF, seconds: float = 1, **body: Any) -> Any:
    """The same, and all that follows."""
    asked = upload(world, content, seconds, **body)
    world.pump()
    return asked
