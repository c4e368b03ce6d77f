"""What rows of SAP say, read field by field. Raises `UnreadableError`."""

from __future__ import annotations

from typing import Any

from busbar.connectors.reading import text, text_or_none
from busbar.connectors.sap.odata import day_or_none, padded
from busbar.ports.outside import Found
from busbar.settings.sap import SapSettings


def partner_of(row: dict[str, Any], settings: SapSettings) -> Found:
    """A business partner, with what tells one person from another."""
    born = day_or_none(row, settings.partner_birth_date_field)
    fields = {
        "first_name": text_or_none(row, settings.partner_first_name_field) or "",
        "last_name": text_or_none(row, settings.partner_last_name_field) or "",
        "birth_date": born.isoformat() if born else "",
    }
    return Found(padded(text(row, settings.partner_number_field)), fields)


def contract_of(row: dict[str, Any], settings: SapSettings) -> Found:
    """A contract, with whose it is."""
    partner = text_or_none(row, settings.contract_partner_field) or ""
    fields = {"partner": padded(partner) if partner else ""}
    return Found(padded(text(row, settings.contract_number_field)), fields)
