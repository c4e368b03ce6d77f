"""The definitions of state machines, held to their language by asl-validator.

The emulator takes any definition, and CloudFormation's checkers do not look into one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.check.part import Outcome, Workspace
from infra.check.rules.machines import MACHINE, filled
from infra.toolchain import node

STAGES = ("local", "dev", "prod")
INVALID = 1


def definition_faults(name: str, machine: Mapping[str, Any]) -> list[str]:
    """What the validator objects to: structure, ways that lead nowhere, JSONata that is none."""
    script = (
        Path(sys.prefix) / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
    )
    command = [str(node()), str(script), "--json-definition", json.dumps(machine)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in {0, INVALID}:
        return [f"{name}: asl-validator did not run: {done.stderr.strip()[-500:]}"]
    # The first line is a heading.
    said = done.stderr.strip().splitlines()[1:] if done.returncode else []
    return [f"{name}: {line.strip()}" for line in said]


def definitions(workspace: Workspace) -> Outcome:
    """Every machine of every kind of stage, as its template has it deployed."""
    outcome = Outcome()
    for stage in STAGES:
        assembly = workspace.assembly(stage)
        for machine in assembly.resources(MACHINE):
            outcome.faults += definition_faults(str(machine), filled(assembly, machine))
            outcome.notes.append(machine.stack)
    return Outcome(outcome.faults, notes=[f"{len(outcome.notes)} machines"])
