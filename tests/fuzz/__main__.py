"""`make fuzz`: 20,000 requests; `--requests n --seed s` for others."""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults.run import silence
from tests.fuzz.fuzz import fuzz


def main() -> int:
    """Ask, and print how often each operation answered what."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}: {chosen.requests} requests", flush=True)
    start = time.monotonic()
    with silence():
        seen = fuzz(chosen.requests, chosen.seed)
    for line, count in sorted(seen.items()):
        print(f"{count:>6}  {line}")
    print(f"{seen.total()} requests in {time.monotonic() - start:.0f} s, nothing wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
