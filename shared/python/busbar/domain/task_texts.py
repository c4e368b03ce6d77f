"""What a clerk reads of a task: what happened, and what is to be decided.

By kind, and closer where the reason is one of our own words. Nothing but the names of systems and
schemas is put into a text, so no personal data can get there.
"""

from __future__ import annotations

from collections.abc import Mapping

from busbar.domain.tasks import Task

SUBJECTS = {
    "charge_card_order": "Die Bestellung",
    "wallbox_order": "Die Wallbox-Bestellung",
    "charge_card": "Die Karte",
    "wallbox": "Die Wallbox",
    "company": "Das Unternehmen",
    "user": "Der Benutzer",
}
SYSTEMS = {"salesforce": "Salesforce", "energised": "be.ENERGISED", "sap": "SAP"}

TEXTS: Mapping[str, str] = {
    "parked_step": (
        "{subject} ließ sich in {system} nicht anlegen, und von selbst wird es nicht noch einmal"
        " versucht. Bitte die Ursache klären und entscheiden, ob dort angelegt oder storniert wird."
    ),
    "parked_state": (
        "{subject} sollte in {system} geändert werden, und das ließ sich nicht ausführen. Bitte"
        " die Ursache klären und entscheiden, ob die Änderung noch einmal gewünscht wird oder"
        " entfällt."
    ),
    "waited_too_long": (
        "{subject} hat zu lange auf ein anderes System gewartet; von selbst wird es nicht mehr"
        " versucht. Bitte die Ursache klären und entscheiden, ob es weitergehen oder abgebrochen"
        " werden soll."
    ),
    "parked_event": (
        "Eine Nachricht aus {system} ließ sich nicht verarbeiten und liegt beiseite. Bitte prüfen,"
        " was sich dort geändert hat, und entscheiden, ob das hier nachgeholt oder die Nachricht"
        " verworfen wird."
    ),
    "forbidden_transition": (
        "{subject} hat in {system} einen Status erhalten, der auf den bisherigen nicht folgen darf;"
        " hier wurde er nicht übernommen. Bitte entscheiden, welcher Status gilt, und ihn dort"
        " berichtigen."
    ),
    "card_not_synchronised": (
        "Eine Karte ließ sich nicht mit {system} abgleichen; die anderen gehen weiter. Bitte ihre"
        " Daten dort prüfen und entscheiden, ob sie berichtigt werden oder die Karte entfällt."
    ),
    "similar_customer": (
        "{subject} nennt eine Person, die wie der Kunde eines anderen Portalnutzers aussieht;"
        " zusammengeführt wird nichts. Bitte entscheiden, ob es eine andere Person ist und die"
        " Bestellung weitergeht, oder ob sie storniert wird."
    ),
    "not_leading_system": (
        "Ein Wert, den hier ein anderes System führt, kam aus {system} und wurde nicht übernommen,"
        " alles andere schon. Bitte entscheiden, welches System ihn führt, und die Einstellung hier"
        " oder den Versand dort berichtigen."
    ),
    "station_not_found": (
        "{subject} ließ sich in {system} nicht anhand ihrer Seriennummer finden; ihrem Besitzer ist"
        " sie dort noch nicht zugeordnet. Bitte die Seriennummer prüfen, hier wie dort, und"
        " entscheiden, ob noch einmal gesucht wird."
    ),
    "divergence": (
        "{subject} stimmt mit {system} nicht überein. Bitte dort nachsehen und entscheiden, was"
        " gilt."
    ),
}
"""For every kind that is opened."""

CLOSER: Mapping[tuple[str, str], str] = {
    ("parked_step", "outcome_unknown"): (
        "{subject} ist vielleicht in {system} angelegt, vielleicht nicht: Die Antwort blieb aus,"
        " und noch einmal wird nicht gesendet. Bitte dort nachsehen und entscheiden, ob noch"
        " angelegt werden muss."
    ),
    ("parked_step", "several_found"): (
        "{subject} steht in {system} mehrfach. Bitte entscheiden, welcher Eintrag gilt, und die"
        " anderen dort auflösen."
    ),
    ("parked_step", "CONTACT_DIFFERS"): (
        "{subject} gibt es in {system} schon, aber mit anderem Namen, anderer Kundennummer oder"
        " anderem Unternehmen; zusammengeführt wird nichts von selbst. Bitte entscheiden, ob es"
        " derselbe Kontakt ist, und dann seine Kennung hier eintragen oder ihn dort berichtigen."
    ),
    ("parked_step", "SEVERAL_CONTACTS"): (
        "{subject} steht in {system} mehrfach. Bitte entscheiden, welcher Kontakt gilt, seine"
        " Kennung hier eintragen und die anderen dort auflösen."
    ),
    ("parked_step", "CONTACT_OF_ANOTHER"): (
        "Der Kontakt, der in {system} gefunden wurde, gehört hier schon jemand anderem. Bitte"
        " entscheiden, wem er gehört, und den anderen dort anlegen."
    ),
    ("parked_step", "contact_not_used"): (
        "{subject} steht in {system} vielleicht zweimal: Während dort angelegt wurde, ist hier eine"
        " andere Kennung eingetragen worden. Bitte entscheiden, welcher Kontakt gilt, und den"
        " anderen dort auflösen."
    ),
    ("waited_too_long", "company_not_in_salesforce"): (
        "{subject} hat zu lange darauf gewartet, dass das Unternehmen Salesforce zugeordnet wird."
        " Bitte die Zuordnung klären und entscheiden, ob es weitergehen oder abgebrochen werden"
        " soll."
    ),
    ("waited_too_long", "company_not_in_energised"): (
        "{subject} hat zu lange darauf gewartet, dass das Unternehmen be.ENERGISED zugeordnet wird."
        " Bitte die Zuordnung klären und entscheiden, ob es weitergehen oder abgebrochen werden"
        " soll."
    ),
    ("parked_event", "unknown_order"): (
        "Eine Nachricht aus {system} nennt eine Bestellung, die es hier nicht gibt. Bitte"
        " entscheiden, ob die Bestellung dort berichtigt oder die Nachricht verworfen wird."
    ),
    ("parked_event", "unknown_status"): (
        "{subject} hat in {system} einen Status erhalten, den hier niemand zugeordnet hat. Bitte"
        " entscheiden, welchem Status er entspricht, oder ihn dort berichtigen."
    ),
    ("parked_event", "unknown_kind"): (
        "Zu einer Wallbox-Bestellung kam aus {system} eine Karte oder Wallbox, deren Art hier"
        " niemand zugeordnet hat; freigeschaltet wurde nichts. Bitte die Art dort berichtigen und"
        " entscheiden, ob noch einmal nachgesehen wird."
    ),
    ("station_not_found", "several_found"): (
        "Die Seriennummer der Wallbox steht in {system} mehrfach. Bitte entscheiden, welche Station"
        " es ist, die anderen dort berichtigen und noch einmal suchen lassen."
    ),
    ("station_not_found", "STATION_OF_ANOTHER"): (
        "Die Station mit der Seriennummer dieser Wallbox gehört hier schon zu einer anderen. Bitte"
        " entscheiden, welche Seriennummer nicht stimmt, sie in Salesforce berichtigen und noch"
        " einmal suchen lassen."
    ),
    ("parked_state", "STATION_OF_ANOTHER"): (
        "Die Station dieser Wallbox gehört in {system} schon jemand anderem; weggenommen wird sie"
        " niemandem. Bitte entscheiden, wem sie gehört, und sie dort freigeben."
    ),
    ("card_not_synchronised", "assets_never_came"): (
        "{subject} wird in {system} als geliefert geführt, aber Wallbox oder Karten dazu sind nicht"
        " vollständig zugeordnet, und es wird nicht länger gewartet. Bitte die Zuordnung dort"
        " prüfen und entscheiden, ob etwas nachkommt oder die Lieferung berichtigt wird."
    ),
    ("card_not_synchronised", "refund_card_switched_on"): (
        "Eine Rückerstattungskarte wurde in {system} von Hand eingeschaltet, obwohl die"
        " Installation nicht freigegeben ist; sie wird wieder ausgeschaltet. Bitte entscheiden, ob"
        " die Freigabe in Salesforce fehlt."
    ),
    ("card_not_synchronised", "cards_never_came"): (
        "{subject} wird in {system} als geliefert geführt, aber es sind nicht alle Karten"
        " angekommen, und es wird nicht länger gewartet. Bitte die Zuordnung der Karten dort prüfen"
        " und entscheiden, ob Karten nachkommen oder die Lieferung berichtigt wird."
    ),
    ("divergence", "missing"): (
        "{subject} ist hier bekannt, in {system} aber nicht mehr vorhanden. Bitte entscheiden, ob"
        " der Eintrag dort zu Recht fehlt oder wiederhergestellt werden muss."
    ),
    ("divergence", "doubled"): (
        "{subject} steht in {system} mehrfach. Bitte entscheiden, welcher Eintrag gilt, und die"
        " anderen dort auflösen."
    ),
    ("divergence", "orphan"): (
        "In {system} trägt ein Eintrag eine Kennung von uns, zu der es hier nichts gibt. Bitte"
        " prüfen, woher er kommt, und entscheiden, ob er dort entfällt."
    ),
    ("divergence", "wrongly_linked"): (
        "{subject} ist in {system} jemand anderem zugeordnet als hier. Bitte entscheiden, welche"
        " Zuordnung gilt, und die andere berichtigen."
    ),
}
"""For reasons of our own that say more than the kind."""

ANY_KIND = (
    "{subject} braucht eine Entscheidung. Bitte den angegebenen Grund klären und entscheiden, wie"
    " es weitergeht."
)
"""For a task of another release."""


def task_text(task: Task) -> str:
    """The task in German: what happened, and what is to be decided."""
    # A reason of our own may be followed by fields or by a code of the other system.
    word, _, code = task.reason.partition(" ")
    closer = CLOSER.get((task.kind, word.rstrip(":"))) or CLOSER.get((task.kind, code))
    text = closer or TEXTS.get(task.kind, ANY_KIND)
    return text.format(
        subject=SUBJECTS.get(task.subject_schema, "Ein Vorgang"),
        system=SYSTEMS.get(task.system, task.system or "einem anderen System"),
    )
