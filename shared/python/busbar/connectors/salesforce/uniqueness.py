"""Whether a field that keeps our reference keeps a second record out, and what mode that allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from busbar.connectors.salesforce.describe import SeenObject
from busbar.ports.outside import Finding
from busbar.settings.modes import Mode

Seen = Callable[[str], SeenObject | None]
"""What Salesforce says of an object."""


@dataclass(frozen=True)
class Keys:
    """Fields that keep our references (object, field) and the setting that says how they are used.

    `made` is what two workers could make two of.
    """

    setting: str
    mode: Mode
    fields: tuple[tuple[str, str], ...]
    made: str

    def finding(self, name: str, seen: Seen) -> Finding:
        """Whether mode and fields fit, for the check of this name."""
        loose = list(_loose(self.fields, seen))
        setting, mode = self.setting, self.mode
        if mode == "unique_key" and loose:
            detail = (
                f"{'; '.join(loose)}. Two workers could make two {self.made}: tick External ID and "
                f"Unique there, or set {setting} to probe."
            )
            return Finding(name, "failed", "not_unique", detail)
        if mode != "unique_key" and not loose:
            detail = (
                f"{setting} is {mode}, but the reference fields are unique: set {setting} to "
                "unique_key."
            )
            return Finding(name, "warning", "could_be_unique", detail)
        if mode == "none":
            detail = (
                f"{setting} is none, but Salesforce can be asked for a reference: set {setting} to "
                "probe."
            )
            return Finding(name, "warning", "could_be_probed", detail)
        return Finding(name, "ok", "ok", f"{setting} {mode} fits the reference fields.")


def _loose(fields: Iterable[tuple[str, str]], seen: Seen) -> Iterator[str]:
    """The fields that do not keep a second record out, and why."""
    for sobject, name in fields:
        there = seen(sobject)
        field = there.field(name) if there else None
        if field is None:
            yield f"{sobject}.{name} is not visible"
        elif not (field.unique and field.external_id):
            lacks = [
                word
                for word, has in (("External ID", field.external_id), ("Unique", field.unique))
                if not has
            ]
            yield f"{sobject}.{name} is not {' and not '.join(lacks)}"
