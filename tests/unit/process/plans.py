"""Any plan of a worker: where it pauses or dies, who works meanwhile, what it is answered."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.process.lab import PROCESSING, TUNING, Pause, Plan

# Few go well: what is done is done, and shows nothing more.
ANSWERS = st.sampled_from(["late", "lost", "never", "unavailable", "late", "ok"])
DELAYS = st.sampled_from([PROCESSING, 40.0])
SECONDS = st.sampled_from([TUNING.lease + 1, TUNING.pause_bound, 5.0, 0.0])
BOUNDARIES = st.integers(0, 9)
WAITS = st.sampled_from([1.0, TUNING.lease, 60.0, 120.0, 200.0])


def plans(*happenings: str) -> st.SearchStrategy[Plan]:
    """Plans with pauses in which another worker runs, who may pause too; and these happenings."""
    simple = st.sampled_from(["die", *happenings])
    inner = _plans(st.one_of(simple, st.builds(Pause, SECONDS)), 2)
    pause = st.builds(Pause, SECONDS, st.one_of(inner, st.none()))
    return _plans(st.one_of(pause, simple), 3)


def _plans(happening: st.SearchStrategy[str | Pause], most: int) -> st.SearchStrategy[Plan]:
    some = st.dictionaries(BOUNDARIES, happening, min_size=1, max_size=most)
    return st.builds(Plan, ANSWERS, st.one_of(st.just({}), some), DELAYS)
