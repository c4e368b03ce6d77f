"""Count the lines of a load's file, and cut it into slices of whole lines.

So each line is known by its number from the start, as people and editors count it. All of the file
is read for that: 5 GB are some two minutes.
"""

from __future__ import annotations

from busbar.domain.erp_loads import COUNTING, Load, LoadCount, LoadMessage, LoadSlice, slice_id
from busbar.errors import Unavailable
from busbar.ports.queues import Message, Queues
from busbar.ports.store import Save, Stored
from busbar.usecases.deps import Deps, TimeLeft
from busbar.usecases.load_lines import FileChangedError, read_piece

QUEUE = "erp_load_slices"
PIECE = 8 * 1024 * 1024


def go_on_counting(load: Load, deps: Deps, left: TimeLeft) -> LoadCount:
    """Count on, for as long as there is time; how far it is then.

    The slices are there as soon as it is finished, never some of them. Raises `Conflict` if
    somebody else counts too, `Unavailable`.
    """
    before = deps.store.get(LoadCount, load.id)
    count = before.record if before else LoadCount(id=load.id, started_at=load.started_at)
    if count.finished or count.failed:
        return count
    try:
        while count.bytes < load.size:
            count = _counted(count, load, read_piece(deps.files, load, count.bytes, PIECE))
            if left() <= 0:
                break
    except FileChangedError:
        count = count.model_copy(update={"failed": "FILE_CHANGED"})
    if count.bytes < load.size:
        deps.store.commit(Save(count, before))
        return count
    return _finished(count, load, before, deps)


def _counted(count: LoadCount, load: Load, piece: bytes) -> LoadCount:
    """With one piece more."""
    starts = list(count.starts or [(0, 1)])
    while True:
        target = len(starts) * load.slice_size()
        # The line at the target belongs to the slice before it, however long that is.
        found = piece.find(b"\n", max(max(target - 1, starts[-1][0]) - count.bytes, 0))
        start = count.bytes + found + 1
        if target >= count.bytes + len(piece) or found < 0 or start >= load.size:
            break
        starts.append((start, count.lines + piece.count(b"\n", 0, found + 1) + 1))
    seen = count.bytes + len(piece)
    lines = count.lines + piece.count(b"\n")
    if seen >= load.size and not piece.endswith(b"\n"):
        lines += 1
    return count.model_copy(update={"bytes": seen, "lines": lines, "starts": tuple(starts)})


def _finished(
    count: LoadCount, load: Load, before: Stored[LoadCount] | None, deps: Deps
) -> LoadCount:
    done = count.model_copy(update={"finished": True})
    ends = [start for start, _ in count.starts[1:]] + [load.size]
    slices = [
        LoadSlice(
            id=slice_id(load.id, number),
            started_at=load.started_at,
            start=start,
            end=end,
            first_line=line,
            at=start,
        )
        for number, ((start, line), end) in enumerate(zip(count.starts, ends, strict=True))
    ]
    deps.store.commit(Save(done, before), *(Save(one) for one in slices))
    return done


def send_on(org: str, load: Load, numbers: list[int], why: str, queues: Queues) -> None:
    """Have these slices gone on with. `why` tells this message from others about them.

    Raises `Unavailable` if not all are on the queue: some may be, which does no harm.
    """
    wanted = [LoadMessage(org=org, load=load.id, slice=number) for number in numbers]
    messages = [Message(one.text(), one.group, f"{load.id}#{one.slice}#{why}") for one in wanted]
    if not all(queues.send_all(QUEUE, messages)):
        raise Unavailable("sqs", "send_message_batch", "refused")


def slice_numbers(count: LoadCount | None) -> list[int]:
    """What there is to be done of a load, as far as it is known."""
    return list(range(len(count.starts))) if count and count.finished else [COUNTING]
