"""The CDK app: `python -m infra.app -c stage=dev -o cdk.out`, or what the CDK CLI starts.

One stage per run. The stage's stacks are `busbar-<stage>-data`, one per context that has use
cases, and `busbar-<stage>-watch`. Built-in validation is off here, because it is most of a
synthesis' time; the deploy check runs the same rules once (`infra.check`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from infra.toolchain import node

# jsii starts the first `node` on PATH, which may be too old; and without byte code the CDK's own
# modules would be compiled again at every synthesis.
os.environ.setdefault("JSII_NODE", str(node()))
sys.dont_write_bytecode = False

from aws_cdk import Annotations, App  # noqa: E402

from infra.build import Build, build  # noqa: E402
from infra.catalog import USE_CASES  # noqa: E402
from infra.stacks.context import ContextStack  # noqa: E402
from infra.stacks.data import DataStack  # noqa: E402
from infra.stacks.watch import WatchStack  # noqa: E402
from infra.stages import StageConfig, stage_named, why_not_deployable  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Stack

    from infra.catalog import UseCase

CONTEXTS = ("wallboxes", "orders", "toolkit", "ops")
"""In the order of deploy: `orders` and `ops` send to queues that others publish. `wallboxes` holds
what works behind the API of `orders`: one stack for both would have more than 400 resources."""


def make_app(outdir: str | None = None) -> App:
    """An app without stacks, as all parts of the project make it."""
    return App(
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
        outdir=outdir,
        # Stack tags are CloudFormation's to hand on, not written onto each resource as well.
        context={"@aws-cdk/core:explicitStackTags": True},
    )


def add_stacks(
    app: App,
    stage: StageConfig,
    packages: Build,
    use_cases: Sequence[UseCase] = USE_CASES,
) -> list[Stack]:
    """Put the stage's stacks into the app, in the order in which they are deployed."""
    tags = {"busbar:stage": stage.name}
    name = f"busbar-{stage.name}"
    stacks: list[Stack] = [
        DataStack(app, f"{name}-data", stage=stage, description="Busbar: what lasts", tags=tags)
    ]
    for context in CONTEXTS:
        if rows := [u for u in use_cases if u.context == context]:
            stack: Stack = ContextStack(
                app,
                f"{name}-{context}",
                stage=stage,
                use_cases=rows,
                build=packages,
                description=f"Busbar: the use cases of {context}",
                tags=tags,
            )
            stack.add_stack_dependency(stacks[-1])
            stacks.append(stack)
    watch = WatchStack(
        app,
        f"{name}-watch",
        stage=stage,
        use_cases=use_cases,
        description="Busbar: dashboards, and alarms on what waits",
        tags=tags,
    )
    watch.add_stack_dependency(stacks[-1])
    return [*stacks, watch]


def synthesize(stage: StageConfig, outdir: str) -> App:
    """Write the assembly of one stage, building packages that are not there yet."""
    app = make_app(outdir)
    stacks = add_stacks(app, stage, build())
    if stage.name != "local":
        for reason in why_not_deployable(stage):
            Annotations.of(stacks[0]).add_warning_v2("busbar:example", reason)
    app.synth()
    return app


def main(arguments: list[str] | None = None) -> None:
    """Synthesize. Stage and output folder come from the CDK CLI or from the options."""
    parser = argparse.ArgumentParser(prog="python -m infra.app")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", default=os.environ.get("CDK_OUTDIR", "cdk.out"))
    options = parser.parse_args(arguments)
    # The CLI passes its context by environment; an app made with it reads the same.
    context = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    context |= dict(c.split("=", 1) for c in options.context)
    synthesize(stage_named(context.get("stage", "dev")), options.output)


if __name__ == "__main__":
    main()
