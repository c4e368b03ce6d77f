"""A synthesized assembly, as the checks read it: templates, their resources, intrinsics as text."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    stack: str
    logical_id: str
    type: str
    body: Json

    @property
    def properties(self) -> Json:
        """Its properties; empty if it has none."""
        properties: Json = self.body.get("Properties", {})
        return properties

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id}"


@dataclass(frozen=True)
class Assembly:
    """The templates of one stage: stack name -> template."""

    stage: str
    templates: Mapping[str, Json]

    @classmethod
    def read(cls, folder: Path, stage: str) -> Assembly:
        """Read the templates of a stage from the CDK's output folder."""
        paths = sorted(folder.glob(f"busbar-{stage}-*.template.json"))
        names = [p.name.removesuffix(".template.json") for p in paths]
        return cls(stage, {n: json.loads(p.read_text()) for n, p in zip(names, paths, strict=True)})

    def changed(self) -> Assembly:
        """A copy whose templates may be written to: for planted faults."""
        return Assembly(self.stage, copy.deepcopy(dict(self.templates)))

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources of these types, in a fixed order."""
        for stack, template in sorted(self.templates.items()):
            for logical_id, body in sorted(template.get("Resources", {}).items()):
                if not types or body["Type"] in types:
                    yield Resource(stack, logical_id, body["Type"], body)

    def text(self, stack: str, value: object) -> str:
        """A value with intrinsics as one line: `${busbar-dev-orders/Queue.Arn}`, `${ssm:/…}`.

        Published names are followed back to what was published, so that both ends look the same.
        """
        if isinstance(value, dict) and len(value) == 1:
            ((kind, inside),) = value.items()
            if kind == "Ref":
                return self._ref(stack, inside)
            if kind == "Fn::GetAtt":
                return f"${{{stack}/{'.'.join(inside)}}}"
            if kind == "Fn::Join":
                return str(inside[0]).join(self.text(stack, part) for part in inside[1])
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True)

    def _ref(self, stack: str, name: str) -> str:
        parameter = self.templates[stack].get("Parameters", {}).get(name)
        if parameter is None:
            return f"${{{name}}}" if name.startswith("AWS::") else f"${{{stack}/{name}}}"
        published = self._published().get(parameter.get("Default", ""))
        return published or f"${{ssm:{parameter.get('Default', name)}}}"

    def _published(self) -> dict[str, str]:
        return {
            r.properties["Name"]: self.text(r.stack, r.properties["Value"])
            for r in self.resources("AWS::SSM::Parameter")
        }

    def environment(self, function: Resource) -> dict[str, str]:
        """The variables of a function, as text."""
        variables = function.properties.get("Environment", {}).get("Variables", {})
        return {name: self.text(function.stack, value) for name, value in variables.items()}

    def functions(self) -> dict[str, Resource]:
        """Use case -> its function, found by the handler string."""
        return {
            str(r.properties.get("Handler", "?.?")).split(".")[1]: r
            for r in self.resources("AWS::Lambda::Function")
        }

    def statements(self, role_id: str, stack: str) -> Iterator[Json]:
        """The policy statements of a role: its own and those of policies attached to it."""
        for role in self.resources("AWS::IAM::Role"):
            if (role.stack, role.logical_id) == (stack, role_id):
                for policy in role.properties.get("Policies", []):
                    yield from policy["PolicyDocument"]["Statement"]
        for policy in self.resources("AWS::IAM::Policy"):
            if policy.stack == stack and {"Ref": role_id} in policy.properties.get("Roles", []):
                yield from policy.properties["PolicyDocument"]["Statement"]


def as_list(value: object) -> list[Any]:
    """IAM writes one thing or a list of things."""
    return value if isinstance(value, list) else [value]
