"""Sources that look something up: `portal_ref`, `env_var_ref`, and the marker `file_proxy_url`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from busbar.domain.portals import ORIGINS
from busbar.mapping.document import Document, below
from busbar.mapping.engine import UNDEFINED
from busbar.mapping.limits import Limits
from busbar.mapping.sources import Formula, Scope, Value

FILE_PROXY_URL = "$file_proxy_url"
"""Wraps `{"use_case_slug" | "use_case_id", "params": {name: text}}`: an address is made of it where
the org and the integration are known."""
RETURNED = ("portal_id", "origin", "domain", "name")
_FILTERS = ("origin", "enabled", "is_dummy", "is_epilot_domain", "name", "domain")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,254}")
_ENV_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")
_QUICK = Limits(milliseconds=100)


@dataclass(frozen=True, slots=True)
class PortalRef:
    """A property of one of the org's portals; of several that fit, the oldest."""

    path: str
    wanted: Mapping[str, Any]
    every: bool
    returned: str
    formula: Formula | None
    text: str
    kind: str = "portal_ref"

    def read(self, scope: Scope) -> Any:
        """The property, or all of them. Nothing, and a warning, where no portal fits."""
        if scope.context.portals is None:
            scope.warn(self.path, "left out: portals are not known here")
            return UNDEFINED
        found = sorted(filter(self._fits, scope.context.portals), key=_age)
        if self.every:
            return self._told(found, scope)
        if not found:
            scope.warn(self.path, "PORTAL_REF_NO_MATCH: no portal fits the filter")
            return UNDEFINED
        if len(found) > 1:
            scope.warn(self.path, "PORTAL_REF_AMBIGUOUS: several portals fit; taken is the oldest")
        return self._told(found[0], scope)

    def reads(self) -> tuple[str, ...]:
        """Nothing of the event."""
        return ()

    def _fits(self, portal: Mapping[str, Any]) -> bool:
        return all(
            portal.get(key) in value if isinstance(value, list) else portal.get(key) == value
            for key, value in self.wanted.items()
        )

    def _told(self, found: Any, scope: Scope) -> Any:
        if self.formula is not None:
            return self.formula.run(found, scope.bindings)
        if isinstance(found, list):
            return [portal[self.returned] for portal in found if self.returned in portal]
        return found.get(self.returned, UNDEFINED)


def _age(portal: Mapping[str, Any]) -> tuple[str, str]:
    return str(portal.get("_created_at") or ""), str(portal.get("portal_id") or "")


@dataclass(frozen=True, slots=True)
class EnvVarRef:
    """A variable of the org. A secret is as if it were not there."""

    path: str
    key: str
    default: str | None
    formula: Formula | None
    kind: str = "env_var_ref"

    @property
    def text(self) -> str:
        """The key."""
        return self.key

    def read(self, scope: Scope) -> Any:
        """Its value; the default; or nothing, and a warning."""
        value = scope.context.env.get(self.key)
        if value is None:
            if self.default is None:
                scope.warn(self.path, "ENV_VAR_REF_NOT_FOUND: there is no such variable")
                return UNDEFINED
            return self.default
        return value if self.formula is None else self.formula.run(value, scope.bindings)

    def reads(self) -> tuple[str, ...]:
        """The variable, as expressions name it."""
        return (f"$env.{self.key}",)


@dataclass(frozen=True, slots=True)
class FileProxyUrl:
    """The address of a file, to be completed later."""

    target: Mapping[str, str]
    params: Mapping[str, Value]
    text: str
    kind: str = "file_proxy_url"

    def read(self, scope: Scope) -> Any:
        """The marker. Nothing in a simulation, which knows no integration."""
        if scope.context.simulation:
            return UNDEFINED
        read = {name: value.read(scope) for name, value in self.params.items()}
        params = {name: _shown(value) for name, value in read.items() if value is not UNDEFINED}
        return {FILE_PROXY_URL: {**self.target, "params": params}}

    def reads(self) -> tuple[str, ...]:
        """What its parameters may read."""
        return tuple(dict.fromkeys(p for value in self.params.values() for p in value.reads()))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_portal_ref(document: Document, value: Any, path: str, schema: str) -> PortalRef | None:
    """A field's `portal_ref`."""
    members = document.members(value, path)
    if members is None:
        return None
    document.known(members, path, ("filter", "select", "return", "jsonataExpression"), schema)
    select = document.choice(members, "select", path, ("single", "all"), "single")
    returned = document.choice(members, "return", path, (*RETURNED, "jsonata"), "portal_id")
    formula = _returned_formula(document, members, path, schema, returned)
    wanted = _wanted(document, value.get("filter") or {}, below(path, "filter"), schema)
    text = json.dumps({"filter": wanted, "select": select, "return": returned})
    return PortalRef(path, wanted, select == "all", returned, formula, text)


def _wanted(document: Document, value: Any, path: str, schema: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        document.fault(path, "has to be an object")
        return {}
    document.known(value, path, _FILTERS, schema)
    for key in ("enabled", "is_dummy", "is_epilot_domain"):
        if not isinstance(value.get(key), bool | None):
            document.fault(below(path, key), "has to be true or false")
    for key in ("name", "domain"):
        if not isinstance(value.get(key), str | None):
            document.fault(below(path, key), "has to be a text")
    origin = value.get("origin")
    origins = origin if isinstance(origin, list) else [] if origin is None else [origin]
    if any(each not in ORIGINS for each in origins):
        document.fault(below(path, "origin"), f"has to be of: {', '.join(ORIGINS)}")
    # Null takes a default back: then nothing is asked.
    asked = {"enabled": True, "is_dummy": False} | {k: v for k, v in value.items() if k in _FILTERS}
    return {key: each for key, each in asked.items() if each is not None}


def read_env_var_ref(document: Document, value: Any, path: str, schema: str) -> EnvVarRef | None:
    """A field's `env_var_ref`."""
    members = document.members(value, path)
    if members is None:
        return None
    document.known(members, path, ("key", "default", "return", "jsonataExpression"), schema)
    key = document.text(members, "key", path)
    if key and not _ENV_KEY.fullmatch(key):
        document.fault(below(path, "key"), "has to be of a-z, 0-9, '_', '.' and '-'")
    default = members.get("default")
    if not isinstance(default, str | None):
        document.fault(below(path, "default"), "has to be a text")
        default = None
    returned = document.choice(members, "return", path, ("value", "jsonata"), "value")
    formula = _returned_formula(document, members, path, schema, returned, _QUICK)
    return EnvVarRef(path, key, default, formula)


def _returned_formula(
    document: Document,
    members: Mapping[str, Any],
    path: str,
    schema: str,
    returned: str,
    limits: Limits | None = None,
) -> Formula | None:
    formula = document.formula(members, "jsonataExpression", path, schema, limits)
    if returned == "jsonata":
        if "jsonataExpression" not in members:
            document.fault(below(path, "jsonataExpression"), "is required by return: jsonata")
        return formula
    if formula is not None:
        at = below(path, "jsonataExpression")
        document.warn(schema, at, "it is passed over: return is not jsonata")
    return None


def read_file_proxy_url(
    document: Document, value: Any, path: str, schema: str
) -> FileProxyUrl | None:
    """A field's `file_proxy_url`."""
    members = document.members(value, path)
    if members is None:
        return None
    document.known(members, path, ("use_case_slug", "use_case_id", "params"), schema)
    named = [key for key in ("use_case_slug", "use_case_id") if key in members]
    if len(named) != 1:
        document.fault(path, "needs either use_case_slug or use_case_id")
        return None
    target = document.text(members, named[0], path)
    if named[0] == "use_case_slug" and target and not _SLUG.fullmatch(target):
        document.fault(below(path, "use_case_slug"), "has to be of a-z, 0-9, '_' and '-'")
    params = _params(document, members.get("params", {}), below(path, "params"), schema)
    return FileProxyUrl({named[0]: target}, params, f"{target}({', '.join(params)})")


def _params(document: Document, value: Any, path: str, schema: str) -> dict[str, Value]:
    params: dict[str, Value] = {}
    for name, item in (document.members(value, path) or {}).items():
        at = below(path, name)
        inner = document.members(item, at)
        if inner is None:
            continue
        before = len(document.faults)
        source = document.plain(inner, at, schema)
        if source is not None:
            params[name] = source
        elif len(document.faults) == before:
            document.fault(at, "needs a field, a jsonataExpression or a constant")
    return params
