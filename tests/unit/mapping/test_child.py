"""The process in which mappings that are not trusted are evaluated."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from busbar.mapping.child import Child, ChildUnavailable, JobLost

MISBEHAVE = "tests.doubles.child_targets:misbehave"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child(MISBEHAVE, seconds=0.5)
    yield made
    made.close()


@pytest.mark.parametrize("size", [0, 1, 5_000, 65_536, 65_537, 3_000_000])
def test_should_answer_jobs_of_every_size(child: Child, size: int) -> None:
    for _ in range(2):
        assert child.ask(b"x" * size) == b"x" * size


def test_should_keep_one_process_for_many_jobs(child: Child) -> None:
    child.ask(b"first")
    pid = child.pid
    assert [child.ask(b"%d" % i) for i in range(50)] == [b"%d" % i for i in range(50)]
    assert child.pid == pid


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (b"hang", "TIMEOUT: no answer within 0.5 s"),
        pytest.param(b"eat", "OUT_OF_MEMORY: it needed too much memory", marks=on_linux),
        (b"raise", "CRASHED: KeyError"),
        (b"exit", "CRASHED: ended with 3"),
        (b"die", "CRASHED: ended by SIGKILL"),
    ],
)
def test_should_answer_a_code_for_a_job_that_is_lost_and_do_the_next(
    child: Child, job: bytes, message: str
) -> None:
    for _ in range(2):
        with pytest.raises(JobLost) as caught:
            child.ask(job)
        assert str(caught.value) == message
        assert caught.value.code == message.partition(":")[0]
        assert child.ask(b"next") == b"next"


@pytest.mark.parametrize("lost", [b"hang", b"raise", b"exit", b"die"])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_should_blame_that_job_of_a_batch_which_is_at_fault(
    child: Child, lost: bytes, place: int
) -> None:
    jobs = [b"%d" % number for number in range(7)]
    jobs[place] = lost
    answers = child.ask_all(jobs)
    assert isinstance(answers[place], JobLost)
    answers[place] = lost
    assert answers == jobs


def test_should_tell_each_that_is_lost_of_a_batch_of_them(child: Child) -> None:
    answers = child.ask_all([b"die", b"1", b"hang", b"exit", b"2"])
    told = [str(one) if isinstance(one, JobLost) else one for one in answers]
    assert told == [
        "CRASHED: ended by SIGKILL",
        b"1",
        "TIMEOUT: no answer within 0.5 s",
        "CRASHED: ended with 3",
        b"2",
    ]


def test_should_give_each_job_of_a_batch_its_own_time(child: Child) -> None:
    assert child.ask_all([b"slow"] * 4) == [b"slow"] * 4


@pytest.mark.parametrize("size", [50_000, 3_000_000])
def test_should_neither_wait_nor_lose_anything_where_both_pipes_are_full(
    child: Child, size: int
) -> None:
    jobs = [b"%d" % number * size for number in range(7)]
    assert child.ask_all(jobs) == jobs


def test_should_ask_for_nothing_without_a_process(child: Child) -> None:
    assert child.ask_all([]) == []
    assert child.pid is None


def test_should_not_blame_a_job_during_which_the_child_died_by_chance(
    child: Child, tmp_path: Path
) -> None:
    once = [b"once %s" % str(tmp_path / name).encode() for name in "ab"]
    assert child.ask(once[0]) == once[0]
    assert child.ask_all([b"1", once[1], b"2"]) == [b"1", once[1], b"2"]


def test_should_end_a_job_at_the_deadline_and_not_much_later(child: Child) -> None:
    child.ask(b"warm")
    began = time.monotonic()
    with pytest.raises(JobLost, match="TIMEOUT"):
        child.ask(b"hang")
    assert time.monotonic() - began < 1.5


def test_should_find_a_new_process_where_the_old_one_died_between_two_jobs(child: Child) -> None:
    child.ask(b"first")
    assert child.pid is not None
    os.kill(child.pid, 9)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.ask(b"second") == b"second"


def test_should_have_no_environment_and_so_no_credentials(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    environment = json.loads(child.ask(b"environment"))
    given = {"LD_LIBRARY_PATH", "MIMALLOC_ARENA_RESERVE"}
    # The others are Python's own doing, and that of our package.
    assert set(environment) <= given | {"LC_CTYPE", "PYDANTIC_DISABLE_PLUGINS"}


@on_linux
def test_should_hold_no_file_of_its_parent(child: Child) -> None:
    with Path(os.devnull).open("rb") as file:
        os.set_inheritable(file.fileno(), True)
        # Three of its own, its answers, its bell, and the folder that it lists.
        assert len(json.loads(child.ask(b"descriptors"))) == 6


def test_should_not_take_what_the_target_prints_for_an_answer(child: Child) -> None:
    assert child.ask(b"print") == b"print"
    assert child.ask(b"next") == b"next"


def test_should_load_neither_boto3_nor_anything_else_that_a_mapping_does_not_need(
    child: Child,
) -> None:
    modules = set(json.loads(child.ask(b"modules")))
    heavy = {"boto3", "botocore", "httpx", "pydantic", "subprocess", "jsonata", "asyncio", "socket"}
    assert not heavy & modules


@pytest.mark.parametrize("target", ["tests.doubles.child_targets:nothing", "no.such.module:serve"])
def test_should_say_that_it_does_not_start_rather_than_blame_the_job(target: str) -> None:
    child = Child(target)
    with pytest.raises(ChildUnavailable, match="does not start"):
        child.ask(b"job")
    child.close()


def test_should_serve_threads_one_after_another(child: Child) -> None:
    jobs = [b"%d" % i * 1000 for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(child.ask, jobs)) == jobs


def test_should_leave_no_process_behind(child: Child) -> None:
    child.ask(b"first")
    pid = child.pid
    assert pid is not None
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
