"""What a local run can be told, read once from the environment and the command line."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from infra.local.times import Times, read_times
from infra.simulators.sample import CARDS

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local"
HOST = "127.0.0.1"
ACCOUNT = "123456789012"
REGION = "eu-central-1"

Workers = Literal["thread", "process"]


class CannotStart(Exception):
    """The local system cannot run; the message says what to do about it."""


@dataclass(frozen=True)
class Ports:
    """A port per address. Templates name the standard ones; a deploy puts in the real ones."""

    salesforce: int = 4570
    energised: int = 4571
    issuer: int = 4572
    aws: int = 4566
    portal: int = 4580
    sap: int = 4573

    def shifted(self, by: int) -> Ports:
        """The same, `by` higher."""
        return Ports(**{name: port + by for name, port in self.named().items()})

    def named(self) -> dict[str, int]:
        """Name -> port."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def in_text(self, text: str) -> str:
        """`text`, with the addresses of the standard ports replaced by ours."""
        for name, standard in STANDARD_PORTS.named().items():
            ours = self.named()[name]
            for host in (HOST, "localhost"):
                text = text.replace(f"{host}:{standard}", f"{host}:{ours}")
        return text


STANDARD_PORTS = Ports()


@dataclass(frozen=True)
class Code:
    """A package that handlers are made of, in `directory`. It is reloaded on change."""

    directory: Path
    package: str


OUR_CODE = (Code(ROOT / "shared" / "python", "busbar"), Code(ROOT, "functions"))


@dataclass(frozen=True)
class Options:
    """One local run. `bare` starts the cloud alone: no assembly, no simulators, no sample data."""

    ports: Ports = STANDARD_PORTS
    state: Path = CACHE
    workers: Workers = "thread"
    keep: bool = False
    auth: bool = False
    bare: bool = False
    time_limits: bool = True
    assembly: Path | None = None
    times: Times | None = None
    cards: int = CARDS
    """Blank cards that the simulators begin with."""
    code: tuple[Code, ...] = field(default=OUR_CODE)

    @property
    def kept(self) -> Path:
        """What is there again at the next start with `keep`."""
        return self.state / "kept"


def free_ports() -> Ports:
    """Ports that are free now; held open together, so that no two are the same."""
    held = [socket.socket() for _ in fields(Ports)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return Ports(*(one.getsockname()[1] for one in held))
    finally:
        for one in held:
            one.close()


def check_free(ports: Ports) -> None:
    """Raise `CannotStart` naming the first port that something else listens on."""
    for name, port in ports.named().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise CannotStart(
                    f"Port {port} ({name}) is in use, perhaps by another `make run`. Stop that "
                    f"one, or move this one away: `make run PORT_SHIFT=1000` uses {port + 1000} "
                    "and so on."
                ) from None


def read_options(env: Mapping[str, str], arguments: Sequence[str] = ()) -> Options:
    """Options of `python -m infra.local`. Switches for people are variables, the rest arguments."""
    parser = argparse.ArgumentParser("python -m infra.local", description=__doc__)
    parser.add_argument("--ports", help="six ports, comma-separated, in the order of `Ports`")
    parser.add_argument("--state", type=Path, help="where state and logs go")
    parser.add_argument("--assembly", type=Path, help="a cloud assembly that is there already")
    parser.add_argument("--cards", type=int, default=CARDS, help="blank cards in the simulators")
    parser.add_argument("--times", type=read_times, help="other times, as `Times.as_text` says")
    parser.add_argument("--bare", action="store_true", help="the cloud alone")
    parser.add_argument(
        "--code", action="append", help="DIRECTORY:PACKAGE of handlers (repeatable)"
    )
    given = parser.parse_args(arguments)
    workers, shift = env.get("WORKERS", "thread"), env.get("PORT_SHIFT", "0")
    if workers not in ("thread", "process"):
        raise CannotStart(f"WORKERS has to be 'thread' or 'process', not {workers!r}")
    return Options(
        ports=_ports(given.ports, shift),
        state=(given.state or (CACHE if shift == "0" else CACHE / f"shift{shift}")).resolve(),
        workers="process" if workers == "process" else "thread",
        keep=_on(env, "KEEP"),
        auth=_on(env, "AUTH"),
        bare=given.bare,
        time_limits=env.get("TIME_LIMITS", "1") != "0",
        assembly=given.assembly,
        times=given.times,
        cards=given.cards,
        code=tuple(map(_code, given.code)) if given.code else OUR_CODE,
    )


def _on(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").lower() in {"1", "true", "yes"}


def _ports(listed: str | None, shift: str) -> Ports:
    if listed:
        return Ports(*map(int, listed.split(",")))
    if not shift.lstrip("-").isdigit():
        raise CannotStart(f"PORT_SHIFT has to be a number, not {shift!r}")
    return STANDARD_PORTS.shifted(int(shift))


def _code(text: str) -> Code:
    directory, _, package = text.rpartition(":")
    return Code(Path(directory).resolve(), package)
