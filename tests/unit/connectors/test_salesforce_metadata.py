"""The deployable metadata agrees with the settings, the mappings and itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import busbar.connectors.salesforce as package
from busbar.domain.webhook_signature import key_of, sign
from busbar.mapping.registry import MAPPINGS, MappingRegistry
from busbar.settings.salesforce import SalesforceSettings
from busbar.usecases.card_event import CardAssigned
from busbar.usecases.salesforce_webhook import MOST_EVENTS
from busbar.usecases.status_callback import StatusChanged
from infra.catalog import use_case

ROOT = Path(package.__file__).parent / "metadata"
SETTINGS = SalesforceSettings(base_url="any", secret_id="any", event_source="any")
NS = "{http://soap.sforce.com/2006/04/metadata}"
PAIRS = {"()", "[]", "{}"}
FILES = sorted(ROOT.rglob("*-meta.xml"))
EVENTS = {
    "ChargeCardAssigned__e": {
        "OrderReference__c",
        "OrderNumber__c",
        "AssetId__c",
        "CardId__c",
        "SourceVersion__c",
    },
    "OrderStatusChanged__e": {
        "OrderReference__c",
        "OrderNumber__c",
        "Status__c",
        "TrackingId__c",
        "DeliveryDate__c",
        "DeliveredQuantity__c",
        "SourceVersion__c",
    },
}


def parsed(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314  our own files


def fields() -> dict[str, dict[str, str]]:
    """Custom fields: `Object.Field__c` -> its tags."""
    return {
        f"{p.parts[-3]}.{p.name.removesuffix('.field-meta.xml')}": {
            tag.tag.removeprefix(NS): tag.text or "" for tag in parsed(p)
        }
        for p in ROOT.glob("busbar/objects/*/fields/*-meta.xml")
    }


def permission_set() -> ET.Element:
    return parsed(ROOT / "busbar/permissionsets/Busbar_Integration.permissionset-meta.xml")


def mapped(name: str) -> set[str]:
    text = (MAPPINGS / "salesforce" / f"{name}.jsonata").read_text(encoding="utf-8")
    return set(re.findall(r'"(\w+__c)":', text))


def used() -> set[str]:
    """Custom fields that the connector and the mappings touch."""
    lookup, reference = SETTINGS.asset_order_field.split(".")
    return (
        {f"Order.{SETTINGS.order_reference_field}", f"OrderItem.{SETTINGS.item_reference_field}"}
        | {f"Asset.{SETTINGS.asset_card_id_field}", f"Order.{reference}"}
        | {f"Order.{SETTINGS.order_tracking_field}", f"Order.{SETTINGS.order_delivery_date_field}"}
        | {f"Asset.{lookup.replace('__r', '__c')}"}
        | {f"Product2.{SETTINGS.minimum_field}", f"Product2.{SETTINGS.maximum_field}"}
        | {f"Asset.{name}" for name in (*SETTINGS.asset_fields, *mapped("sync_cards"))}
        | {f"Order.{name}" for name in mapped("order_submit")}
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_should_be_well_formed_and_named_after_itself(path: Path) -> None:
    root = parsed(path)
    assert root.tag.startswith(NS)
    name = root.findtext(f"{NS}fullName")
    assert name in {None, path.name.partition(".")[0]}


def test_should_hold_every_field_that_settings_and_mappings_name() -> None:
    assert used() <= set(fields())


@pytest.mark.parametrize(
    "name",
    [
        "Order.BusbarReference__c",
        "OrderItem.BusbarReference__c",
        "Account.BusbarReference__c",
        "Asset.EnergisedCardId__c",
    ],
)
def test_should_make_every_key_an_external_id_that_is_unique(name: str) -> None:
    field = fields()[name]
    assert (field["externalId"], field["unique"], field["caseSensitive"]) == (
        "true",
        "true",
        "false",
    )
    assert name == "Asset.EnergisedCardId__c" or field["length"] == "20"


def test_should_have_no_external_id_that_is_not_unique() -> None:
    for name, field in fields().items():
        assert field.get("externalId") != "true" or field["unique"] == "true", name


def test_should_define_the_two_events_that_settings_name() -> None:
    assert {SETTINGS.assigned_event, SETTINGS.status_event} == set(EVENTS)
    for event, expected in EVENTS.items():
        assert {n.partition(".")[2] for n in fields() if n.startswith(event)} == expected
    members = [parsed(p) for p in ROOT.glob("busbar/platformEventChannelMembers/*")]
    assert {m.findtext(f"{NS}selectedEntity") for m in members} == set(EVENTS)


def test_should_publish_every_field_of_both_events() -> None:
    code = (ROOT / "busbar/classes/BusbarEvents.cls").read_text(encoding="utf-8")
    for event, expected in EVENTS.items():
        (made,) = re.findall(rf"new {event}\((.*?)\n\s*\)\)", code, re.DOTALL)
        assert set(re.findall(r"(\w+__c) =", made)) == expected
    assert f"DELIVERED = '{SETTINGS.asset_delivered_status}'" in code


def test_should_grant_the_custom_fields_in_use_and_no_others() -> None:
    granted = {
        row.findtext(f"{NS}field") or "" for row in permission_set().iter(f"{NS}fieldPermissions")
    }
    assert {name for name in granted if name.endswith("__c")} == used()
    # Standard fields: those that the connector reads and the order mapping writes, where
    # Salesforce has field-level security at all.
    assert {name for name in granted if not name.endswith("__c")} == {
        "Asset.Status",
        "Order.BillingAddress",
        "Order.Description",
        "Order.ShippingAddress",
        "Product2.ProductCode",
    }


def test_should_let_the_integration_write_only_what_it_sends() -> None:
    editable = {
        row.findtext(f"{NS}field") or ""
        for row in permission_set().iter(f"{NS}fieldPermissions")
        if row.findtext(f"{NS}editable") == "true"
    }
    assert {n for n in editable if n.startswith("Asset.")} == {
        f"Asset.{name}" for name in mapped("sync_cards")
    }
    assert not {n for n in editable if n.startswith("Product2.")}
    assert f"Order.{SETTINGS.order_tracking_field}" not in editable
    assert f"Order.{SETTINGS.order_delivery_date_field}" not in editable


def test_should_grant_no_delete_and_no_sight_of_everything() -> None:
    for row in permission_set().iter(f"{NS}objectPermissions"):
        for right in ("allowDelete", "modifyAllRecords", "viewAllRecords"):
            assert row.findtext(f"{NS}{right}") == "false"


def test_should_read_back_the_fields_that_are_written() -> None:
    written = MappingRegistry().run(
        "salesforce",
        "sync_cards",
        {
            "card": dict.fromkeys(
                ("active", "blocked", "holder_uuid", "label", "vehicle", "billing_contact_id")
            )
        },
    )
    assert set(written) == set(SETTINGS.asset_fields)


def test_should_create_the_relay_stopped_on_the_channel() -> None:
    relay = parsed(ROOT / "relay/eventRelays/Busbar.eventRelay-meta.xml")
    assert relay.findtext(f"{NS}state") == "STOP"
    assert relay.findtext(f"{NS}eventChannel") == "Busbar__chn"
    assert json.loads((ROOT / "sfdx-project.json").read_text())["sourceApiVersion"]


# --- the webhook's caller ------------------------------------------------------------------------

CALLER = (ROOT / "webhook/classes/BusbarWebhook.cls").read_text(encoding="utf-8")
CALLER_TEST = (ROOT / "webhook/classes/BusbarWebhookTest.cls").read_text(encoding="utf-8")


def constant(code: str, name: str) -> str:
    """The value of a constant in Apex."""
    (value,) = re.findall(rf"static final \w+ {name} = '?(.*?)'?;", code)
    return str(value)


def quoted(text: str) -> set[str]:
    return set(re.findall(r"'(\w+)'", text))


def test_should_sign_in_apex_as_the_webhook_checks_it() -> None:
    names = ("SECRET", "MESSAGE_ID", "TIMESTAMP", "BODY", "SIGNATURE")
    secret, message_id, timestamp, body, signature = (constant(CALLER_TEST, n) for n in names)
    assert sign(key_of(secret), message_id, timestamp, body.encode()) == signature
    # The one place in which the caller signs, word by word as the specification says it.
    assert "Blob.valueOf(messageId + '.' + timestamp + '.' + body)" in CALLER
    assert "EncodingUtil.base64Decode(secret.removeStart('whsec_'))" in CALLER
    assert (
        "'v1,' + EncodingUtil.base64Encode(Crypto.generateMac('HmacSHA256', signed, key))" in CALLER
    )
    assert "BusbarWebhook.sign(MESSAGE_ID, TIMESTAMP, BODY, SECRET)" in CALLER_TEST


def test_should_send_by_webhook_every_field_of_both_events_that_a_worker_reads() -> None:
    (every,) = re.findall(r"OF_EVERY_EVENT = new List<String>\{(.*?)\}", CALLER, re.DOTALL)
    for event, reads in (
        ("ChargeCardAssigned__e", CardAssigned),
        ("OrderStatusChanged__e", StatusChanged),
    ):
        (own,) = re.findall(rf"'{event}' => new List<String>\{{(.*?)\}}", CALLER, re.DOTALL)
        sent = quoted(every) | quoted(own)
        assert sent == EVENTS[event] | {"EventUuid", "CreatedDate", "CreatedById"}
        assert {f.alias for f in reads.model_fields.values()} <= sent
        assert f"on {event} (after insert)" in "".join(
            path.read_text() for path in ROOT.glob("webhook/triggers/*.trigger")
        )


def test_should_call_the_route_of_the_catalogue_by_the_named_credential() -> None:
    path = ROOT / "webhook/namedCredentials/Busbar_Webhook.namedCredential-meta.xml"
    (route,) = use_case("salesforce_webhook").signed_routes
    credential = parsed(path)
    endpoint = credential.findtext(f"{NS}endpoint")
    assert endpoint == "https://API-HOST" + route.path.replace("{org}", "ORG")
    assert f"'callout:{path.name.partition('.')[0]}'" in CALLER
    # Merge fields in a body would change bytes that were signed.
    assert credential.findtext(f"{NS}allowMergeFieldsInBody") == "false"


def test_should_send_no_more_events_at_once_than_the_webhook_takes() -> None:
    assert int(constant(CALLER, "EVENTS_AT_ONCE")) <= MOST_EVENTS
    assert int(constant(CALLER, "LONGEST_DELAY_MINUTES")) <= 10  # Salesforce's own limit


def test_should_hold_every_field_that_the_caller_names() -> None:
    held = {path.name.partition(".")[0] for path in ROOT.glob("webhook/objects/*/fields/*.xml")}
    known = {path.name.partition(".")[0] for path in ROOT.glob("*/objects/*/fields/*.xml")}
    known |= {path.name for path in ROOT.glob("*/objects/*__e")}
    known |= {path.name for path in (ROOT / "webhook/objects").iterdir()}
    assert set(re.findall(r"\w+__[ce]\b", CALLER + CALLER_TEST)) <= known
    secret = parsed(
        ROOT / "webhook/objects/BusbarWebhookKey__c/BusbarWebhookKey__c.object-meta.xml"
    )
    assert secret.findtext(f"{NS}visibility") == "Protected"
    granted = parsed(ROOT / "webhook/permissionsets/Busbar_Deliveries.permissionset-meta.xml")
    shown = {row.findtext(f"{NS}field") for row in granted.iter(f"{NS}fieldPermissions")}
    assert shown == {
        f"BusbarWebhookDelivery__c.{name}" for name in held - {"Secret__c", "MessageId__c"}
    }


def test_should_be_able_to_call_before_it_changes_anything() -> None:
    (body,) = re.findall(r"public void execute\(.*?\n    \}\n", CALLER, re.DOTALL)
    changes = [body.index(word) for word in ("Database.delete", "Database.update")]
    assert body.index("isTaken(d)") < min(changes)
    assert "implements Queueable, Database.AllowsCallouts" in CALLER


@pytest.mark.parametrize("code", [CALLER, CALLER_TEST], ids=["caller", "test"])
def test_should_be_balanced(code: str) -> None:
    assert is_balanced(code)


def is_balanced(code: str) -> bool:
    """As far as a compiler can be done without: brackets pair, strings end in their line."""
    plain = re.sub(r"/\*.*?\*/|//[^\n]*", "", code, flags=re.DOTALL)
    plain = re.sub(r"'(?:[^'\\\n]|\\.)*'", "''", plain)
    open_ones: list[str] = []
    for letter in plain:
        if letter in "([{":
            open_ones.append(letter)
        elif letter in ")]}" and (not open_ones or open_ones.pop() + letter not in PAIRS):
            return False
    return not open_ones and plain.count("'") % 2 == 0


# --- Apex --------------------------------------------------------------------------------------

WORDS = """
    abstract activate and any array as asc autonomous begin bigdecimal blob boolean break bulk by
    byte case cast catch char class collect commit const continue currency date datetime decimal
    default delete desc do double else end enum exception exit export extends false final finally
    float for from global goto group having hint if implements import in inner insert instanceof int
    integer interface into join like limit list long loop map merge new not null nulls number object
    of on or outer override package parallel pragma private protected public retrieve return
    rollback select set short sobject sort static string super switch synchronized system testmethod
    then this throw time transaction trigger true try undelete update upsert using virtual void
    webservice when where while
"""
RESERVED = frozenset(WORDS.split())
"""The Apex Developer Guide's reserved words, but for `type`, which the compiler takes."""
NO_TYPE = frozenset(
    {
        "after",
        "before",
        "return",
        "new",
        "throw",
        "insert",
        "update",
        "delete",
        "else",
        "instanceof",
    }
)
DECLARED = re.compile(r"\b([A-Za-z_]\w*)(?:<[\w<>, ]+>|\[\])?\s+([A-Za-z_]\w*)\s*(?=[=;,:)(])")


def declared(source: str) -> set[str]:
    """The names of variables, parameters and methods of a class or trigger."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'|\[\s*SELECT.*?\]", " ", source, flags=re.DOTALL)
    return {name for kind, name in DECLARED.findall(code) if kind.lower() not in NO_TYPE}


def test_should_call_nothing_in_apex_by_a_reserved_word() -> None:
    paths = [*ROOT.rglob("*.cls"), *ROOT.rglob("*.trigger")]
    found = {path.name: declared(path.read_text("utf-8")) for path in paths}
    assert {"together", "kept", "delayAfter"} <= found["BusbarWebhook.cls"]
    wrong = {file: {n for n in names if n.lower() in RESERVED} for file, names in found.items()}
    assert {file: names for file, names in wrong.items() if names} == {}


def test_should_see_a_reserved_word() -> None:
    assert declared(
        "for (SObject event : events) { List<Object> group = new List<Object>(); }"
    ) == {
        "event",
        "group",
    }
