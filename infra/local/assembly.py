"""Reads a cloud assembly, as `cdk synth` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEMPLATE_ARTIFACT = "aws:cloudformation:stack"


@dataclass(frozen=True)
class Stack:
    """One stack: its name, its template as text, and the keys of the files that it refers to."""

    name: str
    template: str
    assets: tuple[str, ...] = ()

    @property
    def resources(self) -> Mapping[str, Any]:
        """Logical id -> resource."""
        resources: Mapping[str, Any] = json.loads(self.template)["Resources"]
        return resources


def read_assembly(folder: Path) -> list[Stack]:
    """The stacks of an assembly, those first on which others depend."""
    artifacts = json.loads((folder / "manifest.json").read_text("utf-8"))["artifacts"]
    return [_stack(folder, name, artifacts) for name in _in_order(artifacts)]


def _in_order(artifacts: Mapping[str, Any]) -> Iterator[str]:
    seen: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in seen:
            return
        seen.add(name)
        for before in artifacts[name].get("dependencies", []):
            yield from visit(before)
        if artifacts[name]["type"] == TEMPLATE_ARTIFACT:
            yield name

    for name in artifacts:
        yield from visit(name)


def _stack(folder: Path, name: str, artifacts: Mapping[str, Any]) -> Stack:
    properties = artifacts[name]["properties"]
    template = (folder / properties["templateFile"]).read_text("utf-8")
    manifest = folder / f"{name}.assets.json"
    files = json.loads(manifest.read_text("utf-8"))["files"] if manifest.exists() else {}
    keys = (place["objectKey"] for f in files.values() for place in f["destinations"].values())
    return Stack(properties.get("stackName", name), template, tuple(sorted(keys)))
