"""`infra/tenants/<stage>-<org>.json`: what was measured of a tenant, on top of `stages.py`.

The files are made by `infra.probe`, reviewed and committed like any setting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from busbar.settings.function import OrgSettings
from busbar.settings.modes import Mode
from busbar.settings.salesforce import SalesforceSettings

TENANTS = Path(__file__).parent / "tenants"
SECONDS = ("search_lag_seconds", "processing_seconds")


def write(
    folder: Path, stage: str, org: str, settings: Mapping[str, Any], measured: Mapping[str, Any]
) -> Path:
    """Write the file of an org, over what was there; where it is."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{stage}-{org}.json"
    path.write_text(json.dumps({"salesforce": settings, "measured": measured}, indent=2) + "\n")
    return path


def with_measured(stage: str, name: str, org: OrgSettings, folder: Path = TENANTS) -> OrgSettings:
    """The org with what was measured of it. Raises `ValueError` that names the file."""
    path = folder / f"{stage}-{name}.json"
    if org.salesforce is None or not path.exists():
        return org
    try:
        measured = json.loads(path.read_text())["salesforce"]
        return replace(org, salesforce=_over(org.salesforce, measured))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be used ({error!r}): measure again, or mend it") from None


def _over(settings: SalesforceSettings, measured: Mapping[str, Any]) -> SalesforceSettings:
    if unknown := sorted(set(measured) - {"mode", *SECONDS}):
        raise ValueError(f"unknown settings {unknown}")
    if measured.get("mode", settings.mode) not in get_args(Mode):
        raise ValueError(f"mode has to be one of {get_args(Mode)}")
    for name in SECONDS:
        value = measured.get(name, 0.0)
        if type(value) not in {int, float} or not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} has to be seconds")
    return replace(settings, **measured)
