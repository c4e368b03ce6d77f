"""Initial loads as people and machines ask for them: send a file, start, watch, pause, cancel.

Whoever starts one writes only what is wished for; how far it is, workers write down slice by slice
(`busbar.usecases.erp_load_slices`), and the state is told from both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

from pydantic import Field

from busbar.domain.erp_loads import (
    COUNTING,
    LARGEST_LOAD,
    LOADS,
    MOST_SLICES,
    UPLOAD_SECONDS,
    Load,
    LoadCount,
    LoadSlice,
    Wish,
    slice_id,
    state_of,
    upload_key,
)
from busbar.domain.identifiers import is_id
from busbar.errors import FieldError, Problem
from busbar.ports.queues import Queues
from busbar.ports.runtime import Json
from busbar.ports.store import Save, Stored
from busbar.usecases.deps import Deps, revise
from busbar.usecases.inputs import Input, Line
from busbar.usecases.integration_store import known_integration
from busbar.usecases.load_counting import send_on, slice_numbers
from busbar.usecases.pages import read_page


class LoadInput(Input):
    """Which file to load: its key in our bucket."""

    key: Line = Field(min_length=1, max_length=512)


class LoadWish(Input):
    """How a load shall go on."""

    state: Literal["running", "paused", "cancelled"]


class Loads:
    """The loads of one integration. Raises a 404 `Problem` if there is no such integration."""

    def __init__(self, deps: Deps, queues: Queues, integration_id: str) -> None:
        self._deps = deps
        self._queues = queues
        self._integration = known_integration(deps.store, integration_id.lower()).integration.id

    def upload_form(self, upload_id: str) -> Json:
        """A form that takes one file; its key is what `start` is given."""
        deps, key = self._deps, upload_key(self._deps.store.org, upload_id)
        form = deps.files.upload_form(key, LARGEST_LOAD, UPLOAD_SECONDS)
        until = deps.clock.now() + timedelta(seconds=UPLOAD_SECONDS)
        return {
            "key": key,
            "url": form.url,
            "fields": dict(form.fields),
            "largest": LARGEST_LOAD,
            "valid_until": until.isoformat(),
        }

    def start(self, load_id: str, asked: LoadInput) -> Json:
        """Start a load under this id; done again, it is the same load. Raises `Problem` 422."""
        deps = self._deps
        stored = deps.store.get(Load, load_id)
        if stored is None:
            deps.store.commit(Save(self._new(load_id, asked.key)))
            stored = self._known(load_id)
        send_on(deps.store.org, stored.record, [COUNTING], "start", self._queues)
        return self._shown([stored], samples=True)[0]

    def _new(self, load_id: str, key: str) -> Load:
        deps = self._deps
        if not key.startswith(f"{LOADS}{deps.store.org}/"):
            raise _bad_key(f"has to begin with {LOADS}{deps.store.org}/")
        there = deps.files.look(key)
        if there is None:
            raise _bad_key("names no file")
        if not 0 < there.size <= LARGEST_LOAD:
            raise _bad_key(f"has to name a file of 1 to {LARGEST_LOAD} bytes")
        return Load(
            id=load_id,
            integration_id=self._integration,
            key=key,
            etag=there.etag,
            size=there.size,
            started_at=deps.clock.now(),
            most_slices=max(1, min(deps.tuning.load_slices, MOST_SLICES)),
        )

    def show(self, load_id: str) -> Json:
        """A load, with some of its bad lines. Raises a 404 `Problem`."""
        return self._shown([self._known(load_id)], samples=True)[0]

    def listed(self, limit: int, cursor: str | None) -> Json:
        """A page of loads, the last started or changed first."""
        page = read_page(self._deps, Load, self._integration, limit, cursor)
        return {"loads": self._shown(page.items, samples=False), "next_cursor": page.cursor}

    def change(self, load_id: str, wish: Wish) -> Json:
        """Pause a load, have it go on, or cancel it; as often as one likes.

        Raises `Problem` 404, 409 `load-over`.
        """
        stored = self._known(load_id)
        count, slices = self._parts([stored])[load_id]
        state = state_of(stored.record, count, slices)
        if state in {"done", "failed", "cancelled"}:
            if state == wish:
                return self.show(load_id)
            raise Problem(409, "load-over", f"The load is {state}", "Start another one.")

        def changed(before: Stored[Load]) -> Sequence[Save]:
            if before.record.wish in {wish, "cancelled"}:
                return ()
            return (Save(before.record.model_copy(update={"wish": wish}), before),)

        after = revise(self._deps.store, Load, load_id, changed)
        if after and after.record.wish == "running":
            self._go_on(after.record, count, slices)
        return self.show(load_id)

    def _go_on(self, load: Load, count: LoadCount | None, slices: Sequence[LoadSlice]) -> None:
        """Messages for all that is left. One too many does no harm: of a slice, one is worked off
        after the other."""
        over = {one.id for one in slices if one.finished}
        wanted = [n for n in slice_numbers(count) if slice_id(load.id, n) not in over]
        why = f"on {self._deps.clock.now().timestamp()}"
        send_on(self._deps.store.org, load, wanted, why, self._queues)

    def _known(self, load_id: str) -> Stored[Load]:
        stored = self._deps.store.get(Load, load_id) if is_id(load_id) else None
        if stored is None or stored.record.integration_id != self._integration:
            raise Problem(404, "load-not-found", "No such load")
        return stored

    def _parts(
        self, loads: Sequence[Stored[Load]]
    ) -> Mapping[str, tuple[LoadCount | None, list[LoadSlice]]]:
        """What workers have written of loads: 0.5 RU per load, and per slice."""
        store, ids = self._deps.store, [stored.record.id for stored in loads]
        counts = {s.record.id: s.record for s in store.get_many(LoadCount, ids, consistent=True)}
        wanted = [slice_id(c.id, n) for c in counts.values() for n in slice_numbers(c) if n >= 0]
        slices = defaultdict(list)
        for found in store.get_many(LoadSlice, wanted, consistent=True):
            slices[found.record.id.partition("#")[0]].append(found.record)
        return {one: (counts.get(one), slices[one]) for one in ids}

    def _shown(self, loads: Sequence[Stored[Load]], *, samples: bool) -> list[Json]:
        parts = self._parts(loads)
        views = []
        for stored in loads:
            load, (count, slices) = stored.record, parts[stored.record.id]
            view = _view(load, count, slices)
            if samples:
                lines = sorted((b for s in slices for b in s.samples), key=lambda b: b.line)
                view["bad_lines"] = [line.model_dump() for line in lines]
            views.append(view)
        return views


def _view(load: Load, count: LoadCount | None, slices: Sequence[LoadSlice]) -> Json:
    done = sum(one.at - one.start for one in slices)
    outcomes: Counter[str] = Counter()
    for one in slices:
        outcomes.update(one.codes)
    return {
        "id": load.id,
        "integration_id": load.integration_id,
        "key": load.key,
        "state": state_of(load, count, slices),
        "correlation_id": load.correlation_id,
        "started_at": load.started_at.isoformat(),
        "percent": 100 * done // load.size,
        "bytes": load.size,
        "bytes_counted": count.bytes if count else 0,
        "bytes_done": done,
        "lines": count.lines if count and count.finished else None,
        "lines_done": sum(one.lines for one in slices),
        "lines_bad": sum(one.bad for one in slices),
        "outcomes": dict(sorted(outcomes.items())),
        "failed": next((p.failed for p in (count, *slices) if p and p.failed), ""),
    }


def _bad_key(message: str) -> Problem:
    fault = FieldError("key", message)
    return Problem(422, "fields-invalid", "Some fields are invalid", "See errors.", errors=(fault,))
