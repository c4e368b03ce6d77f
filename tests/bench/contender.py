"""`python -m tests.bench.contender NAME PORT`: one way to do the worker's job, in its own process.

So each has the memory, the modules and the garbage collector of a function of its own. For every
line `n` on its standard input it works off `n` batches, and answers with the CPU they took: its own
and its children's, in µs per event. The table is at 127.0.0.1:PORT (`tests.bench.table_stub`).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.bench.contenders import BATCH, CONTENDERS, batches

_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children")


def _children_cpu() -> float:
    """CPU seconds of the processes that this one has started and that run."""
    listed = _CHILDREN.read_text(encoding="ascii").split()
    # The clock of another process, as `clock_getcpuclockid` numbers it.
    return sum(time.clock_gettime((~int(pid) << 3) | 2) for pid in listed)


def main() -> None:
    """Serve measurements until the standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    # Logs and metrics are written as on Lambda, but to nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    handle = CONTENDERS[sys.argv[1]](f"http://127.0.0.1:{sys.argv[2]}")
    source = batches()
    for line in sys.stdin:
        work = [next(source) for _ in range(int(line))]
        own, others = time.process_time(), _children_cpu()
        answers = [handle(batch) for batch in work]
        own, others = time.process_time() - own, _children_cpu() - others
        if any(answer["batchItemFailures"] for answer in answers):
            raise SystemExit(f"{sys.argv[1]}: events failed")
        told = (f"{spent / len(work) / BATCH * 1e6}" for spent in (own, others))
        out.write(" ".join(told) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
