"""Start and end: addresses, signals, dead parts, kept state."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from infra.local.options import CACHE, HOST, free_ports
from infra.local.synthesis import assembly
from infra.local.testing import NotReady, RunningSystem, start_system
from tests.local.conftest import probe_arguments
from tests.local.driving import eventually, items, key, keys_seen, put

pytestmark = pytest.mark.local
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def ended(system: RunningSystem) -> str:
    """Exit code, once it has one."""
    return eventually(lambda: system.part.exit_code, within=15)


def test_should_name_the_port_that_is_in_use(tmp_path: Path) -> None:
    ports = free_ports()
    with socket.socket() as other:
        other.bind((HOST, ports.issuer))
        other.listen()
        with pytest.raises(NotReady, match=rf"Port {ports.issuer} \(issuer\) is in use"):
            start_system(tmp_path, ["--bare"], ports=ports)


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_should_end_in_order_and_leave_nobody(tmp_path: Path, number: int) -> None:
    environment = {"WORKERS": "process"}
    system = start_system(tmp_path, probe_arguments(tmp_path), environment)
    system.aws("lambda").invoke(FunctionName="echo", Payload="{}")
    pids = [w["pid"] for w in system.workers()]
    assert pids
    os.kill(system.part.pid, number)
    assert ended(system) == "0"
    assert not [pid for pid in pids if alive(pid)]
    system.close()


@needs_proc
def test_should_leave_nobody_when_it_is_killed(tmp_path: Path) -> None:
    environment = {"WORKERS": "process"}
    system = start_system(tmp_path, probe_arguments(tmp_path), environment)
    system.aws("lambda").invoke(FunctionName="echo", Payload="{}")
    pids = [w["pid"] for w in system.workers()]
    os.kill(system.part.pid, signal.SIGKILL)
    assert eventually(lambda: not [pid for pid in pids if alive(pid)])
    system.close()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_should_name_a_part_that_died_and_fail(tmp_path: Path) -> None:
    system = start_system(tmp_path, [f"--assembly={assembly(CACHE)}"])
    assert system.call("GET", "/v1/charge-card-orders/form").status_code == 401
    (simulators,) = system.processes()["simulators"]
    os.kill(simulators, signal.SIGKILL)
    assert ended(system) == "1"
    assert "simulators died" in system.console()
    system.close()


def test_should_keep_state_and_go_on_with_new_stream_records(tmp_path: Path) -> None:
    environment, arguments = {"KEEP": "1"}, probe_arguments(tmp_path)
    first = start_system(tmp_path, arguments, environment)
    for number in range(6):
        put(first, f"before-{number}")
    assert len(keys_seen(first, "before", 6)) == 6
    first.aws("dynamodb").put_item(TableName="probe", Item=key("kept"))
    token = first.token("driver")
    first.close()
    second = start_system(tmp_path, arguments, environment, first.ports)
    try:
        assert items(second, "kept")
        (stack,) = second.aws("cloudformation").describe_stacks(StackName="probe")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"  # not deployed again
        put(second, "after")
        assert keys_seen(second, "after", 1) == ["after"]
        headers = {"Authorization": f"Bearer {token}"}
        assert second.call("GET", "/v1/echo/x", headers=headers).status_code == 200
    finally:
        second.close()


def test_should_be_empty_after_a_reset_and_work_again(plain: RunningSystem) -> None:
    put(plain, "gone")
    plain.reset()
    assert not items(plain, "gone")
    put(plain, "after-reset")
    assert keys_seen(plain, "after-reset", 1) == ["after-reset"]
    assert plain.call("GET", "/v1/echo/x", "driver").status_code == 200
