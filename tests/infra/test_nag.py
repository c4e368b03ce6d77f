"""cdk-nag runs, its written exceptions are needed, and nothing else is excepted."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from infra.app import make_app
from infra.check.exceptions import EXEMPTIONS
from infra.check.nag import findings, stage_findings


def test_should_find_exactly_what_is_excepted_when_nothing_is(tmp_path: Path) -> None:
    found = stage_findings("dev", tmp_path, exempt=False)

    matched = [
        [e for e in EXEMPTIONS if e.rule == rule and fnmatch(path, e.path)] for rule, path in found
    ]

    assert all(matched), found
    assert [e for e in EXEMPTIONS if "dev" in e.stages and [e] not in matched] == []


def test_should_find_nothing_in_dev_but_what_is_excepted(tmp_path: Path) -> None:
    assert stage_findings("dev", tmp_path) == []


def test_should_be_red_when_a_bucket_is_left_open(tmp_path: Path) -> None:
    from aws_cdk import Stack  # noqa: PLC0415  (after infra.app has chosen the node)
    from aws_cdk.aws_s3 import Bucket  # noqa: PLC0415

    app = make_app(str(tmp_path))
    Bucket(Stack(app, "planted"), "Open")

    assert "AwsSolutions-S10" in {rule for rule, _ in findings(app, tmp_path)}
