"""Runs the deploy check, part by part. Exit code 1 if any part found a fault."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from infra.check.artefact import artefact
from infra.check.definitions import definitions
from infra.check.deploy import deploy, destroy
from infra.check.inventory import inventory
from infra.check.nag import nag
from infra.check.own_rules import own_rules
from infra.check.part import Part, Workspace
from infra.check.repeat import same_packages, same_templates
from infra.check.validators import lint, validate

PARTS: Mapping[str, Part] = {
    "build twice": same_packages,
    "synthesize twice": same_templates,
    "own rules": own_rules,
    "asl-validator": definitions,
    "cdk-nag": nag,
    "cloudformation-validate": validate,
    "cfn-lint": lint,
    "deploy": deploy,
    "inventory": inventory,
    "artefact": artefact,
    "destroy": destroy,
}
NEED_A_DEPLOY = ("inventory", "artefact", "destroy")


def run_part(name: str, part: Part, workspace: Workspace) -> bool:
    """Run one part and print what it found. True if it found nothing."""
    started = time.monotonic()
    outcome = part(workspace)
    seconds = time.monotonic() - started
    word = "FAILED" if outcome.faults else "ok"
    print(f"{name:26}{word:8}{seconds:6.1f} s  {'; '.join(outcome.notes)}", flush=True)
    for skipped in outcome.skipped:
        print(f"    SKIPPED {skipped}", flush=True)
    for fault in outcome.faults:
        print(f"    {fault}", flush=True)
    return not outcome.faults


def run(names: list[str]) -> int:
    """Run the named parts in order. After a failed deploy there is nothing to look at."""
    failed: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="busbar-check-") as folder:
        workspace = Workspace(Path(folder))
        try:
            for name in names:
                if "deploy" in failed and name in NEED_A_DEPLOY:
                    print(f"{name:26}SKIPPED           the deploy failed", flush=True)
                elif not run_part(name, PARTS[name], workspace):
                    failed.append(name)
        finally:
            workspace.emulator.stop()
    seconds = time.monotonic() - started
    print(f"deploy check: {'FAILED: ' + ', '.join(failed) if failed else 'ok'}, {seconds:.0f} s")
    return 1 if failed else 0


def main() -> int:
    """`--only` takes names of parts, for work on one of them."""
    parser = argparse.ArgumentParser(prog="python -m infra.check")
    parser.add_argument("--only", action="append", choices=list(PARTS), metavar="PART")
    names = parser.parse_args().only or list(PARTS)
    if set(names) & set(NEED_A_DEPLOY):
        names = ["deploy", *(n for n in names if n != "deploy")] if "deploy" not in names else names
    return run(names)


if __name__ == "__main__":
    sys.exit(main())
