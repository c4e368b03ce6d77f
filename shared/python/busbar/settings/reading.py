"""Reads the environment, once. Nothing else does."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from busbar.errors import MisconfiguredError
from busbar.settings.function import OrgSettings, Settings, Tuning

FEWEST_CALLS = 24
"""With fewer calls a minute no window of a circuit would hold those of one errand."""


T = TypeVar("T")


_PARTS: Mapping[str, str] = {
    "salesforce": "SalesforceSettings",
    "energised": "EnergisedSettings",
    "sap": "SapSettings",
    "webhook": "WebhookSettings",
}
"""Parts of an org's settings, and their classes in the modules of the same names."""


def _fits(value: object, kind: Any) -> bool:
    """Whether a value out of JSON is what a field above is declared to be."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in parts
    if origin is UnionType:
        return any(_fits(value, part) for part in parts)
    if origin is Mapping:
        return isinstance(value, dict) and _texts(value.values())
    if origin in {tuple, Sequence}:
        return isinstance(value, list | tuple) and _texts(value)
    if kind is float:
        return type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is kind


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value for value in values)


def _build(
    kind: type[T], raw: object, where: str, parts: Mapping[str, type[Any]] | None = None
) -> T:
    """`raw` as a `kind`. `parts`: classes of its fields that its module does not import."""
    if not isinstance(raw, dict):
        raise MisconfiguredError(f"{where} has to be a JSON object")
    kinds = get_type_hints(kind, localns=dict(parts or {}))
    if unknown := sorted(set(raw) - set(kinds)):
        raise MisconfiguredError(f"{where} has unknown keys {unknown}; known are {sorted(kinds)}")
    for name, value in raw.items():
        if not _fits(value, kinds[name]):
            raise MisconfiguredError(f"{where}.{name} has to be {kinds[name]}")
    try:
        return kind(**raw)
    except TypeError as error:
        raise MisconfiguredError(f"{where}: {error}") from None


def _org(raw: object, where: str) -> OrgSettings:
    if not isinstance(raw, dict):
        raise MisconfiguredError(f"{where} has to be a JSON object")
    parts: dict[str, Any] = dict(raw)
    kinds: dict[str, type[Any]] = dict.fromkeys(_PARTS.values(), NoneType)
    for name, class_name in _PARTS.items():
        if name in parts:
            kind = getattr(import_module(f"busbar.settings.{name}"), class_name)
            parts[name] = _build(kind, parts[name], f"{where}.{name}")
            _check_calls(parts[name], f"{where}.{name}")
            kinds[class_name] = kind
    org = _build(OrgSettings, {"audiences": (), **parts}, where, kinds)
    _check_limit(org.cards_per_company_30_days, where)
    _check_entities(org, where)
    return replace(org, audiences=tuple(org.audiences))


def _check_calls(system: object, where: str) -> None:
    if getattr(system, "calls_per_minute", FEWEST_CALLS) < FEWEST_CALLS:
        raise MisconfiguredError(f"{where}.calls_per_minute has to be at least {FEWEST_CALLS}")


def _check_limit(most: int | None, where: str) -> None:
    if most is not None and most < 1:
        raise MisconfiguredError(f"{where}.cards_per_company_30_days has to be above 0")


def _check_entities(org: OrgSettings, where: str) -> None:
    try:
        org.known_portals()
    except ValueError as error:
        raise MisconfiguredError(f"{where}.portals: {error}") from None
    if not (org.entity_attributes or org.entity_filters):
        return  # nearly always: the core schemas are made only where entities are
    try:
        org.catalogue()
    except ValueError as error:
        raise MisconfiguredError(f"{where}.entity_attributes, entity_filters: {error}") from None


def _orgs(raw: object) -> dict[str, OrgSettings]:
    if not isinstance(raw, dict) or not raw:
        raise MisconfiguredError("BUSBAR_ORGS has to name at least one org")
    for name in raw:
        if not re.fullmatch("[A-Za-z0-9_-]+", name):  # it leads every key of the table
            raise MisconfiguredError(f"BUSBAR_ORGS: {name!r} may have letters, digits, - and _")
    orgs = {name: _org(value, f"BUSBAR_ORGS.{name}") for name, value in raw.items()}
    _each_once("audiences", [a for org in orgs.values() for a in set(org.audiences)])
    tellers = [org.salesforce or org.webhook for org in orgs.values()]
    sources = [teller.event_source for teller in tellers if teller]
    _each_once("event_source", sources)
    return orgs


def _each_once(what: str, values: list[str]) -> None:
    """A token or an event of two orgs would silently belong to the first."""
    if twice := sorted(value for value, count in Counter(values).items() if count > 1):
        raise MisconfiguredError(f"BUSBAR_ORGS: {what} {twice} belong to more than one org")


def _queues(raw: object) -> dict[str, str]:
    if not isinstance(raw, dict) or not _texts(raw.values()):
        raise MisconfiguredError("BUSBAR_QUEUES has to be a JSON object of URLs")
    return raw


def _json(env: Mapping[str, str], name: str, default: str | None = None) -> Any:
    text = env.get(name, default)
    if text is None:
        raise MisconfiguredError(f"{name} is not set")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MisconfiguredError(f"{name} is no JSON: {error}") from None


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Parse the environment. Raises `MisconfiguredError` naming the variable at fault."""
    env = os.environ if env is None else env
    for name in ("BUSBAR_STAGE", "BUSBAR_TABLE"):
        if not env.get(name):
            raise MisconfiguredError(f"{name} is not set")
    return Settings(
        stage=env["BUSBAR_STAGE"],
        table=env["BUSBAR_TABLE"],
        orgs=_orgs(_json(env, "BUSBAR_ORGS")),
        queues=_queues(_json(env, "BUSBAR_QUEUES", "{}")),
        parked=env.get("BUSBAR_PARKED", ""),
        machine=env.get("BUSBAR_MACHINE", ""),
        files=env.get("BUSBAR_FILES", ""),
        tuning=_build(Tuning, _json(env, "BUSBAR_TUNING", "{}"), "BUSBAR_TUNING"),
    )


def on_lambda() -> bool:
    """Whether this process is a Lambda function's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
