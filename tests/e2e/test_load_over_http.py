"""The initial load of a file on a running local system, as `make load N=100000` plays it."""

from __future__ import annotations

from pathlib import Path

from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import running_system
from tests.faults.load_file import TIMES, FileLoad, play


def test_should_load_a_file_though_its_worker_is_killed_and_hold_up_no_live_event(
    tmp_path: Path,
) -> None:
    options = [f"--assembly={assembly(CACHE)}", f"--times={TIMES.as_text()}"]
    with running_system(tmp_path, options, {"WORKERS": "process", "AUTH": "1"}) as system:
        run = FileLoad(system, 2000, print)
        told = play(run, kill=True)
    assert run.wrong == []
    assert run.killed_at is not None
    assert any("live events waited" in line for line in told)
    # The goal is twice as long; a machine that is busy with other tests may take a moment more.
    assert run.beside <= 2 * run.alone + 0.5
