"""python -m tests.oracle: compares both engines with npm jsonata. Exit code 1 on a difference that
is not listed."""

from __future__ import annotations

import sys
import time

from tests.oracle.compare import compare


def main() -> int:
    """Compare, and say what differs."""
    began = time.monotonic()
    result = compare()
    for line in result.faults:
        print(line)
    for name, count in result.known.items():
        print(f"known: {count} x {name}")
    print(f"{result.cases} cases on two engines, {time.monotonic() - began:.1f} s")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
