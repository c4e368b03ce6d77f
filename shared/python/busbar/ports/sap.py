"""SAP, as far as orders need it. Raises the `UpstreamError` tree; durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from busbar.ports.outside import Found
from busbar.ports.runtime import Json


class PartnerSystem(Protocol):
    """SAP, as far as wallbox orders need it. `timeout` bounds the whole operation.

    Numbers of partners and contracts are taken and given with leading zeros, as 10 digits; the
    `fields` of what is found are empty texts where SAP holds nothing.
    """

    def find_partners(self, reference: str, timeout: float) -> Sequence[Found]:
        """Business partners that carry our reference; two at most, as one is one too many.

        `fields` are `first_name`, `last_name` and `birth_date` (ISO).
        """
        ...

    def create_partner(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a partner that carries our reference, with all that hangs on it.

        `payload` is what `mappings/sap/partner.jsonata` made; `fields` as in `find_partners`.
        """
        ...

    def read_partner(self, number: str, timeout: float) -> Json:
        """`{"blocked": bool}`. Raises `Missing`."""
        ...

    def write_partner(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set what `read_partner` gives. Raises `Unavailable` if somebody else wrote meanwhile:
        it was not done, and has to be read again."""
        ...

    def find_contracts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Contracts that carry our reference; two at most. `fields` are `partner`, a number."""
        ...

    def create_contract(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a contract that carries our reference.

        `payload` is what `mappings/sap/contract.jsonata` made, and names the partner; `fields` as
        in `find_contracts`.
        """
        ...

    def read_contract(self, number: str, timeout: float) -> Json:
        """`{"cancelled": bool}`. Raises `Missing`."""
        ...

    def write_contract(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set `cancelled`, as `write_partner` does. Only to True: nothing takes it back."""
        ...
