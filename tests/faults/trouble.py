"""What goes wrong, and where.

Every effect of a worker (a remote call, a table write, a queue send) has a number, in the order in
which the run comes to it. A `Trouble` is asked at each of them. `Calm` lets all be well, `Exact`
has named things happen at named places, `Chance` draws them from a seed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from tests.faults.draws import draw

Kind = Literal["call", "write", "send", "read", "batch", "job"]
"""`read` is a read of the table: no effect, but it can be refused or see an old index. `batch` is a
SendMessageBatch, `job` what a worker has its child process do."""
KINDS: tuple[Kind, ...] = ("call", "write", "send", "read", "batch", "job")
"""In the order in which they came here: what a seed draws goes by it."""


class Effect(NamedTuple):
    """An effect on its way."""

    number: int
    kind: Kind
    name: str
    worker: str
    """The use case that it is an effect of."""

    @property
    def changes_outside(self) -> bool:
        """Whether it is a call that creates or sets something: `<system> <method> <object>`."""
        if self.kind != "call":
            return False
        _, method, target = self.name.split()
        return method != "GET" and target != "token"


@dataclass(frozen=True)
class Fault:
    """What happens to it.

    die_before, die_after      the worker is killed before it, or after it before anything more
    pause_before, pause_after  the worker stands still for `seconds`
    never, lost, late          no answer; the effect comes not at all, at once, after `seconds`
    reset_before, reset_after  the connection is cut; without the effect, with it
    broken_before, broken_after  500; without the effect, with it
    refused, busy              not connected; 429 with Retry-After of `seconds`
    throttled, conflict, failed  table: not now, others write the same; queue: not taken
    partial                    some of the messages of a batch are not taken; `seconds`, below 1,
                               says which
    crashed, slow, absent      the child process: ends with the job, is too slow, does not start
    """

    word: str
    seconds: float = 0.0


NO_EFFECT = frozenset(
    {
        "never",
        "reset_before",
        "broken_before",
        "refused",
        "busy",
        "throttled",
        "conflict",
        "failed",
        "partial",
        "crashed",
        "slow",
        "absent",
    }
)
NO_ANSWER = frozenset({"lost", "reset_after", "broken_after"})
"""It has taken effect, and the worker is told otherwise."""
PATIENT = frozenset({"never", "lost", "late"})
"""The worker waits for an answer as long as it may."""


class Trouble(Protocol):
    """What goes wrong in one run."""

    def at(self, effect: Effect, seconds: float) -> Fault | None:
        """What happens to this effect, `seconds` after the trouble began."""
        ...

    def latency(self, number: int) -> float:
        """Seconds that the `number`-th way of anything takes."""
        ...

    def deliveries(self, number: int) -> tuple[float, ...]:
        """After how many seconds the `number`-th message or event comes: once for each."""
        ...

    def stream_waits(self, seconds: float) -> float:
        """How long the table's stream keeps a record back that is written now."""
        ...

    def index_lag(self, number: int) -> float:
        """Seconds by which the indexes lag behind the `number`-th write."""
        ...

    def shuffled(self, number: int) -> bool:
        """Whether the `number`-th batch of the stream comes permuted."""
        ...

    @property
    def peaceful(self) -> bool:
        """Whether nothing has gone wrong, but for messages that came twice or late."""
        ...


class Calm:
    """All is well, and everything takes a little time."""

    def at(self, effect: Effect, seconds: float) -> Fault | None:  # noqa: ARG002
        """Nothing happens."""
        return None

    def latency(self, number: int) -> float:  # noqa: ARG002
        """A hundredth of a second."""
        return 0.01

    def deliveries(self, number: int) -> tuple[float, ...]:  # noqa: ARG002
        """Once, soon."""
        return (0.1,)

    def stream_waits(self, seconds: float) -> float:  # noqa: ARG002
        """Not."""
        return 0.2

    def index_lag(self, number: int) -> float:  # noqa: ARG002
        """None."""
        return 0.0

    def shuffled(self, number: int) -> bool:  # noqa: ARG002
        """Never."""
        return False

    @property
    def peaceful(self) -> bool:
        """It is."""
        return True


class Crowd(Calm):
    """Nothing goes wrong, but all takes long, and every message comes three times at once."""

    def latency(self, number: int) -> float:
        """Seconds, so that workers meet."""
        return 0.3 + 0.3 * (number % 3)

    def deliveries(self, number: int) -> tuple[float, ...]:
        """Three workers at the same work."""
        return (0.1, 0.2 + number % 5, 1.7)


POINTS = ("die_before", "lost", "die_after")
"""Where a worker can be stopped at one effect: before it, after it with the answer lost, and after
it before it is written down."""


@dataclass
class Exact(Calm):
    """Stops workers at given boundaries. Boundary `3 * n + k` is `POINTS[k]` of effect `n`."""

    boundaries: Collection[int] = ()
    reached: list[str] = field(default_factory=list)
    """The names of all boundaries that the run came to."""

    @property
    def peaceful(self) -> bool:
        """Unless a worker was to be stopped."""
        return not self.boundaries

    def at(self, effect: Effect, seconds: float) -> Fault | None:  # noqa: ARG002
        """The fault of the boundary, if it was asked for."""
        if effect.kind == "read":
            return None
        self.reached += [f"{point} {effect.name}" for point in POINTS]
        for offset, point in enumerate(POINTS):
            if len(self.reached) - len(POINTS) + offset in self.boundaries:
                return Fault(point)
        return None


# What can happen to each kind of effect, with its weight.
WEIGHTS: Mapping[Kind, Mapping[str, float]] = {
    "call": {
        "die_before": 1.5,
        "die_after": 2.5,
        "pause_before": 1,
        "pause_after": 1,
        "never": 1,
        "lost": 2,
        "late": 2,
        "reset_before": 0.5,
        "reset_after": 1,
        "broken_before": 0.5,
        "broken_after": 1,
        "refused": 0.5,
        "busy": 1,
    },
    "write": {
        "die_before": 2,
        "die_after": 2,
        "pause_before": 1,
        "pause_after": 1,
        "lost": 2,
        "late": 1,
        "throttled": 1,
        "conflict": 1,
    },
    "send": {
        "die_before": 1,
        "die_after": 1,
        "lost": 1,
        "failed": 1,
        "pause_after": 0.5,
    },
    "read": {"throttled": 1, "pause_after": 1},
    "batch": {
        "die_before": 1,
        "die_after": 1,
        "lost": 1,
        "late": 1,
        "failed": 1,
        "partial": 2,
        "pause_after": 0.5,
    },
    "job": {"die_before": 1, "die_after": 0.5, "crashed": 1, "slow": 1, "absent": 1},
}
RATE: Mapping[Kind, float] = {
    **dict.fromkeys(KINDS, 1.0),
    "read": 0.1,
    # A worker has one for every event.
    "job": 0.5,
}
FOCUS = 4.0
"""How much more often something happens to a call that changes an outside system."""
LATEST_CALL, LATEST_WRITE = 58.0, 8.0
"""Seconds after which a call, a write that was given up may still take effect: the bounds that the
settings of the run state (`processing_seconds`), and what a socket of the table can hold."""
LONGEST_PAUSE = 70.0
_FAULT, _WHICH, _HOW, _LATENCY, _DELIVERY, _COPY, _INDEX, _SHUFFLE, _WORLD = range(9)


def _table(weights: Mapping[str, float]) -> list[tuple[float, str]]:
    total, sums, at = sum(weights.values()), [], 0.0
    for word, weight in weights.items():
        at += weight / total
        sums.append((at, word))
    return sums


_TABLES = {kind: _table(weights) for kind, weights in WEIGHTS.items()}


@dataclass
class Chance:
    """Everything drawn from `seed`, until `calm_after` seconds have passed.

    With `only`, just the faults of these effects happen: so a failing run can be shrunk.
    """

    seed: int
    only: Collection[str] | None = None
    calm_after: float = 4 * 3600.0
    happened: dict[str, Fault] = field(default_factory=dict)
    """What did happen: by the effect's kind and number."""

    def __post_init__(self) -> None:
        world = [draw(self.seed, _WORLD, n) for n in range(5)]
        self._rate = (0.01, 0.02, 0.04, 0.08)[int(world[0] * 4)]
        # One run in four has a stream that stands still, for up to an hour and a half.
        self._still_from = world[1] * 2400.0 if world[2] < 0.25 else float("inf")
        self._still_until = self._still_from + world[3] * 5400.0
        self._lagging = world[4] < 0.5

    @property
    def peaceful(self) -> bool:
        """If no fault was drawn."""
        return not self.happened

    def at(self, effect: Effect, seconds: float) -> Fault | None:
        """Perhaps something."""
        topic = 16 * KINDS.index(effect.kind)
        if draw(self.seed, topic + _FAULT, effect.number) >= self._rate_of(effect):
            return None
        name = f"{effect.kind}{effect.number}"
        if seconds > self.calm_after or (self.only is not None and name not in self.only):
            return None
        which = draw(self.seed, topic + _WHICH, effect.number)
        word = next(w for at, w in self._words(effect) if which < at)
        how = draw(self.seed, topic + _HOW, effect.number)
        fault = Fault(word, self._seconds(word, effect.kind, how))
        self.happened[name] = fault
        return fault

    def _rate_of(self, effect: Effect) -> float:
        return self._rate * (FOCUS if effect.changes_outside else RATE[effect.kind])

    def _words(self, effect: Effect) -> list[tuple[float, str]]:
        return _TABLES[effect.kind]

    def _seconds(self, word: str, kind: Kind, how: float) -> float:
        if word == "late":
            return how * (LATEST_WRITE if kind == "write" else LATEST_CALL)
        if word.startswith("pause"):
            return how * LONGEST_PAUSE
        if word == "partial":
            return how
        return 1 + how * 30 if word == "busy" else 0.0

    def latency(self, number: int) -> float:
        """Mostly short, sometimes a second or two."""
        drawn = draw(self.seed, _LATENCY, number)
        return 0.002 + 0.2 * drawn if drawn < 0.95 else 40 * (drawn - 0.95)

    def deliveries(self, number: int) -> tuple[float, ...]:
        """In any order, some twice, some much later."""
        drawn = draw(self.seed, _DELIVERY, number)
        first = 2 * drawn if drawn < 0.8 else 2 + (drawn - 0.8) * 3000
        copy = draw(self.seed, _COPY, number)
        return (first, first + copy * 6000) if copy < 0.15 else (first,)

    def stream_waits(self, seconds: float) -> float:
        """Until the stream goes on, if it stands still."""
        still = self._still_from <= seconds < self._still_until
        return self._still_until - seconds if still else 0.2

    def index_lag(self, number: int) -> float:
        """In half of the runs up to 3 seconds."""
        return 3 * draw(self.seed, _INDEX, number) ** 3 if self._lagging else 0.0

    def shuffled(self, number: int) -> bool:
        """Every second batch."""
        return draw(self.seed, _SHUFFLE, number) < 0.5


@dataclass
class Storm(Chance):
    """Every third change of an outside system gets no answer; a half of those come late."""

    def _rate_of(self, effect: Effect) -> float:
        return 1 / 3 if effect.changes_outside else 0.005

    def _words(self, effect: Effect) -> list[tuple[float, str]]:
        return _STORM if effect.changes_outside else _TABLES[effect.kind]


_STORM = _table({"late": 3, "lost": 1, "never": 1, "pause_before": 1})


@dataclass
class Sleepers(Chance):
    """Workers of queues stand still for minutes after a change, far beyond any time limit.

    Nothing takes effect late here. That is more than is promised of a pause, and no bookkeeping may
    come of it.
    """

    def _rate_of(self, effect: Effect) -> float:
        return 0.5 if effect.changes_outside and effect.worker in SLEEPY else 0.0

    def _words(self, effect: Effect) -> list[tuple[float, str]]:  # noqa: ARG002
        return _SLEEP

    def _seconds(self, word: str, kind: Kind, how: float) -> float:  # noqa: ARG002
        return 60 + 900 * how


_SLEEP = _table({"pause_after": 1})
SLEEPY = frozenset({"card_forward", "card_event", "order_forward", "sync_cards"})
