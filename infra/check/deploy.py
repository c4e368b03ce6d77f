"""The real CDK command line, against the emulator: bootstrap, deploy, again, diff, destroy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.build import ROOT
from infra.check.emulator import ACCOUNT, REGION
from infra.check.part import Outcome, Workspace
from infra.toolchain import cdk, path_with_node

STAGE = "local"


def run_cdk(workspace: Workspace, *arguments: str) -> tuple[int, str]:
    """Run the pinned CLI. Answers its exit code and all that it said."""
    environment = {
        **workspace.emulator.client_environment(),
        "PATH": path_with_node(),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_VALIDATION": "false",
        "CI": "true",
    }
    done = subprocess.run(
        [*cdk(), *arguments, "--no-color"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _end_of(output: str) -> str:
    return " | ".join(output.strip().splitlines()[-6:])


def version_faults() -> list[str]:
    """The CLI is the locked one: `latest` on the registry is a version published by mistake."""
    package = Path(cdk()[1]).parent.parent / "package.json"
    found = json.loads(package.read_text())["version"]
    locks = ROOT / "infra" / "locks" / "package.json"
    locked = json.loads(locks.read_text())["dependencies"]["aws-cdk"]
    return [] if found == locked else [f"the CDK CLI is {found}, locked is {locked}"]


def _failed(workspace: Workspace, commands: Sequence[Sequence[str]]) -> list[str]:
    for command in commands:
        code, output = run_cdk(workspace, *command)
        if code:
            return [f"cdk {' '.join(command)} failed: {_end_of(output)}"]
    return []


def second_deploy_faults(output: str, stacks: Iterable[str]) -> list[str]:
    """Stacks in which the second deploy found something to do."""
    return [
        f"{stack}: the second deploy changed something"
        for stack in stacks
        if f"{stack} (no changes)" not in output
    ]


def deploy(workspace: Workspace) -> Outcome:
    """The first deploy runs the app as `cdk.json` says; the second must find nothing to do."""
    assembly = str(workspace.folder / "cdk.deployed")
    ready = ["--all", "--require-approval", "never"]
    first = [
        ["bootstrap", f"aws://{ACCOUNT}/{REGION}"],
        ["deploy", *ready, "-c", f"stage={STAGE}", "-o", assembly],
    ]
    faults = version_faults() + _failed(workspace, first)
    if faults:
        return Outcome(faults)
    code, output = run_cdk(workspace, "deploy", *ready, "-a", assembly)
    stacks = list(workspace.assembly(STAGE).templates)
    if code:
        faults.append(f"second deploy failed: {_end_of(output)}")
    faults += second_deploy_faults(output, stacks)
    code, output = run_cdk(workspace, "diff", "--fail", "-a", assembly)
    if code or "Number of stacks with differences: 0" not in output:
        faults.append(f"cdk diff is not empty: {_end_of(output)}")
    return Outcome(faults, notes=[f"{len(stacks)} stacks"])


def _buckets(workspace: Workspace) -> list[str]:
    """The buckets beside the CDK's own, which stays."""
    found = workspace.emulator.client("s3").list_buckets()["Buckets"]
    return [b["Name"] for b in found if not b["Name"].startswith("cdk-")]


def destroy(workspace: Workspace) -> Outcome:
    """Take all of it away again, and look whether it is gone."""
    assembly = str(workspace.folder / "cdk.deployed")
    faults = _failed(workspace, [["destroy", "--all", "--force", "-a", assembly]])
    left = {
        "tables": workspace.emulator.client("dynamodb").list_tables()["TableNames"],
        "queues": workspace.emulator.client("sqs").list_queues().get("QueueUrls", []),
        "functions": workspace.emulator.client("lambda").list_functions()["Functions"],
        "buckets": _buckets(workspace),
        "APIs": workspace.emulator.client("apigatewayv2").get_apis()["Items"],
    }
    faults += [f"{len(there)} {kind} left after destroy" for kind, there in left.items() if there]
    return Outcome(faults)
