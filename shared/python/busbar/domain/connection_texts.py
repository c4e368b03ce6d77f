"""What a clerk reads of a check of a connection, by the check and the word of what it came to."""

from __future__ import annotations

from collections.abc import Mapping

SYSTEMS: Mapping[str, str] = {
    "salesforce": "Salesforce",
    "energised": "be.ENERGISED",
    "sap": "SAP",
}

OK: Mapping[str, str] = {
    "login": "Die Anmeldung bei {system} gelingt.",
    "clock": "Die Uhr von {system} geht richtig.",
    "api_version": "{system} bietet die eingestellte Version der Schnittstelle an.",
    "orders": "Bestellungen können in {system} angelegt und gelesen werden.",
    "order_items": "Bestellpositionen können in {system} angelegt werden.",
    "assets": "Karten können in {system} gelesen und geändert werden.",
    "products": "Das Produkt mit seinen Mengengrenzen ist in {system} lesbar.",
    "reference_unique": "Die Referenzfelder passen zur eingestellten Betriebsart.",
    "offer": "Das Produkt hat in {system} einen gültigen Preis.",
    "events": "Die Ereignisse sind in {system} angelegt.",
    "accounts": "Konten von Fahrern können in {system} angelegt, gelesen und geändert werden.",
    "shared_contracts": "Verträge können in {system} angelegt, gelesen und geändert werden.",
    "wallbox_assets": "Wallboxen und ihre Karten können in {system} gelesen und geändert werden.",
    "wallbox_products": "Wallbox-Produkte mit Steuer und Mengengrenzen sind in {system} lesbar.",
    "wallbox_references": "Die Referenzfelder von Konten und Verträgen passen zur Betriebsart.",
    "wallbox_contract": "Den Wallbox-Vertrag des Sub-CPOs gibt es in {system}.",
    "wallbox_offer": "Das Preisbuch der Wallboxen hat in {system} gültige Preise.",
    "wallbox_events": "Die Ereignisse zu Wallboxen sind in {system} angelegt.",
    "card_list": "Die Kartenliste von {system} ist lesbar.",
    "card_read": "Eine einzelne Karte ist in {system} lesbar.",
    "partner_fields": "Der Dienst für Geschäftspartner hat in {system} die eingestellten Felder.",
    "partner_search": "Geschäftspartner können in {system} nach unserer Referenz gesucht werden.",
    "contract_fields": "Der Dienst für Verträge hat in {system} die eingestellten Felder.",
    "contract_search": "Verträge können in {system} nach unserer Referenz gesucht werden.",
    "contacts": "Kontakte können in {system} gesucht werden.",
    "register": "Private Kunden können in {system} registriert und wiedergefunden werden.",
    "cpo_login": "Die Anmeldung an der CPO-Schnittstelle von {system} gelingt.",
    "stations": "Ladestationen können in {system} gelesen und gesucht werden.",
}

WORDS: Mapping[str, str] = {
    "credentials": (
        "{system} lehnt die Anmeldung ab. Bitte die Zugangsdaten in {system} und im hinterlegten"
        " Geheimnis vergleichen."
    ),
    "secret": (
        "Die Zugangsdaten für {system} sind nicht vollständig hinterlegt. Bitte das Geheimnis"
        " ausfüllen lassen."
    ),
    "unreachable": "{system} antwortet zurzeit nicht. Bitte später noch einmal prüfen.",
    "refused": "{system} erlaubt diese Prüfung nicht. Bitte die Rechte dort prüfen lassen.",
    "broken": "Die Antwort von {system} ist nicht lesbar. Bitte die Einrichtung prüfen lassen.",
    "unknown": "Die Uhr von {system} ließ sich nicht vergleichen.",
    "skewed": "Die Uhr von {system} weicht um mehr als 30 Sekunden ab. Bitte stellen lassen.",
    "rights": "In {system} fehlen Rechte oder Felder. Bitte die genannten Felder freigeben lassen.",
    "not_unique": (
        "Ein Referenzfeld in {system} ist nicht eindeutig: Es könnte doppelt angelegt werden."
        " Bitte das Feld eindeutig machen oder die Betriebsart ändern lassen."
    ),
    "could_be_unique": "Die Referenzfelder sind eindeutig; die sicherere Betriebsart ist möglich.",
    "could_be_probed": "In {system} kann nach Referenzen gesucht werden; genutzt wird das nicht.",
    "not_searchable": (
        "{system} lässt sich nicht nach unserer Referenz durchsuchen. Bitte die Rechte dort prüfen"
        " oder die Betriebsart ändern lassen."
    ),
    "missing": "Was eingestellt ist, gibt es in {system} nicht. Bitte Einrichtung prüfen lassen.",
    "no_contract": (
        "Es ist kein Wallbox-Vertrag eines Sub-CPOs eingestellt. Bitte die Einrichtung prüfen"
        " lassen."
    ),
    "incomplete": (
        "Einige Wallbox-Produkte in {system} sind unvollständig gepflegt und werden nicht"
        " angeboten. Bitte in {system} ergänzen."
    ),
    "clamped": "{system} liefert die Kartenliste in kleineren Seiten als eingestellt.",
    "unreadable": "Einige Karten in {system} sind nicht lesbar; der Abgleich lässt sie aus.",
    "no_card": "In {system} gibt es noch keine Karte, an der das Lesen geprüft werden kann.",
    "passed_over": (
        "Die Suche in {system} zeigt nicht genau das Gesuchte. Bitte die Einstellungen prüfen"
        " lassen."
    ),
    "no_station": "Für unseren Zugang gibt es in {system} noch keine Ladestation.",
    "fields": "Einer Ladestation in {system} fehlen eingestellte Felder. Bitte prüfen lassen.",
    "whole_list": (
        "In {system} wird nicht nach Ladestationen gesucht, sondern jedes Mal die ganze Liste"
        " gelesen."
    ),
}


def connection_text(system: str, name: str, word: str) -> str:
    """The sentence, in German. Raises `KeyError` for a check or word that has none."""
    return (OK[name] if word == "ok" else WORDS[word]).format(system=SYSTEMS[system])
