"""`make demo`: tells the story, on a local system that runs or on one of its own.

Exit code 0 only if every system holds what it should.
"""

from __future__ import annotations

import sys
from contextlib import closing

from infra.demo.place import local_system
from infra.demo.stage import DemoFailed, Stage
from infra.demo.story import tell


def main() -> int:
    """Tell the story; 1 if a system does not hold what it should."""
    with local_system() as status, closing(Stage(status)) as stage:
        try:
            tell(stage)
        except DemoFailed as failure:
            print(f"\nNOT as it should be: {failure}")
            return 1
        print("\nEvery system holds what it should.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
