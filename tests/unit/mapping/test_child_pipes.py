"""The pipes between worker and child: the worker sleeps until it is rung for, and no longer."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread
from typing import NamedTuple

import pytest

from busbar.mapping import serving
from busbar.mapping.child_pipes import Pipes, patience

LONG = 60.0
"""Seconds; the bell alone is waited for, so what is not rung for comes late."""
HOLDS = 65_536
"""Bytes that a pipe holds."""


class Ends(NamedTuple):
    """The descriptors of the worker, and the child's side."""

    jobs: int
    answers: int
    bell: int
    child: serving._Pipes


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as stack:
        pipes = [os.pipe() for _ in range(3)]
        for descriptor in (end for pipe in pipes for end in pipe):
            stack.callback(os.close, descriptor)
        (_, jobs), (answers, out), (heard, bell) = pipes
        yield Ends(jobs, answers, heard, serving._Pipes(out, bell))


def writing(ends: Ends, sizes: list[int]) -> Thread:
    """The child at work: answers of these sizes, and then no job left."""

    def work() -> None:
        for size in sizes:
            ends.child.write(serving.ANSWER, b"x" * size)
        ends.child._ring()

    made = Thread(target=work, daemon=True)
    made.start()
    return made


def test_should_ring_for_the_last_part_of_an_answer_after_the_worker_has_read_the_first(
    ends: Ends,
) -> None:
    writer = writing(ends, [HOLDS])
    os.read(ends.bell, 1)  # it is full
    os.read(ends.answers, HOLDS)
    writer.join(5)
    rung = select.poll()
    rung.register(ends.bell, select.POLLIN)
    assert rung.poll(0)


@pytest.mark.parametrize(
    "sizes", [[1], [HOLDS + 1], [3_000_000], [6_000] * 50, [100_000, 1], [1, 100_000]], ids=str
)
def test_should_get_all_answers_by_the_bell_alone(ends: Ends, sizes: list[int]) -> None:
    worker = Pipes(ends.jobs, ends.answers, ends.bell, quiet=LONG)
    worker.send([])
    writer = writing(ends, sizes)
    until = time.monotonic() + 5
    assert [len(worker.receive(until)[1]) for _ in sizes] == sizes
    writer.join(5)


@pytest.mark.parametrize(("seconds", "milliseconds"), [(2.0, 2000.0), (0.1, 100.0), (0.0, 1.0)])
def test_should_wait_no_longer_than_until_the_deadline(seconds: float, milliseconds: float) -> None:
    assert patience(seconds) == milliseconds
