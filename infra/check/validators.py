"""Other people's rules over the templates: cloudformation-validate and cfn-lint."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cloudformation_validate import RegoEngine

from infra.build import ROOT
from infra.check.part import Outcome, Workspace

NOT_OURS = ("W3005",)
"""DependsOn that a GetAtt already implies: the CDK writes both, on each function with a role."""

BEHIND = re.compile(r"E3601 '\{% .+ %\}' is not of type 'number' at 'States/\w+/TimeoutSeconds'")
"""cfn-lint wants a number there, where Step Functions also takes an expression that gives one
(the CDK's `Timeout.jsonata`). asl-validator knows both, and looks at all of a definition."""


@cache
def _engine() -> Any:
    return RegoEngine()


def template_faults(path: Path) -> list[str]:
    """What cloudformation-validate has to say, warnings and worse."""
    report = _engine().validate_template(str(path))
    return [
        f"{path.name}: {d.rule_id} {d.message}"
        for d in report.diagnostics
        if d.severity.name not in {"INFO", "DEBUG"} and d.rule_id not in NOT_OURS
    ]


def validate(workspace: Workspace) -> Outcome:
    """cloudformation-validate over all stages: the rules that the CDK has built in."""
    paths = [
        path
        for stage in ("local", "dev", "prod")
        for path in sorted(workspace.assembly_folder(stage).glob("*.template.json"))
    ]
    return Outcome([f for p in paths for f in template_faults(p)], notes=[f"{len(paths)} files"])


def lint_faults(paths: Sequence[Path]) -> list[str]:
    """What cfn-lint has to say of some templates."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--format", "json"]
    command += ["--ignore-checks", *NOT_OURS, "--", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and not done.stdout.strip():
        return [f"cfn-lint did not run: {done.stderr.strip()[-500:]}"]
    matches: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    said = [(Path(m["Filename"]).name, f"{m['Rule']['Id']} {m['Message']}") for m in matches]
    return [f"{name}: {fault}" for name, fault in said if not BEHIND.fullmatch(fault)]


def lint(workspace: Workspace) -> Outcome:
    """cfn-lint over stage dev. Ten seconds for three templates, so not over each stage."""
    paths = sorted(workspace.assembly_folder("dev").glob("*.template.json"))
    return Outcome(lint_faults(paths), notes=[f"{len(paths)} files"])
