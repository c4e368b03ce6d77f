"""Any plan of a worker: where it pauses, who works meanwhile, where it dies, what it is answered."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.process.lab import PROCESSING, TUNING, Pause, Plan

ANSWERS = st.sampled_from(["ok", "ok", "lost", "late", "never", "unavailable"])
DELAYS = st.sampled_from([0.5, 40.0, PROCESSING])
SECONDS = st.sampled_from([0.0, 5.0, TUNING.lease + 1, TUNING.pause_bound])
BOUNDARIES = st.integers(0, 9)


def plans(*happenings: str) -> st.SearchStrategy[Plan]:
    """Plans with pauses in which another worker runs, who may pause too; and these happenings."""
    simple = st.sampled_from(["die", *happenings])
    inner = _plans(st.one_of(simple, st.builds(Pause, SECONDS)), 2)
    pause = st.builds(Pause, SECONDS, st.one_of(st.none(), inner))
    return _plans(st.one_of(simple, pause), 3)


def _plans(happening: st.SearchStrategy[str | Pause], most: int) -> st.SearchStrategy[Plan]:
    happenings = st.dictionaries(BOUNDARIES, happening, max_size=most)
    return st.builds(Plan, ANSWERS, happenings, DELAYS)
