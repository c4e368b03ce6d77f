"""cdk-nag: the AWS Solutions pack over the app itself, less the written exceptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import add_stacks, make_app
from infra.build import build
from infra.check.exceptions import acknowledge
from infra.check.part import Outcome, Workspace
from infra.stages import stage_named

REPORT = "validation-report.json"


def findings(app: App, outdir: Path) -> list[tuple[str, str]]:
    """(rule, path of the construct) of everything that the pack objects to."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    return sorted(_reported(outdir / REPORT))


def _reported(path: Path) -> Iterator[tuple[str, str]]:
    # The report is written when there is something in it, warnings too.
    if path.is_file():
        for plugin in json.loads(path.read_text())["pluginReports"]:
            for violation in plugin["violations"]:
                for construct in violation["violatingConstructs"]:
                    yield violation["ruleName"], construct["constructPath"]


def stage_findings(stage: str, outdir: Path, *, exempt: bool = True) -> list[tuple[str, str]]:
    """The findings of one stage."""
    app = make_app(str(outdir))
    add_stacks(app, stage_named(stage), build())
    if exempt:
        acknowledge(app, stage)
    return findings(app, outdir)


def nag(workspace: Workspace) -> Outcome:
    """Stages dev and prod: one without and one with what has to be kept."""
    return Outcome(
        [
            f"{rule} at {path}"
            for stage in ("dev", "prod")
            for rule, path in stage_findings(stage, workspace.folder / f"nag.{stage}")
        ]
    )
