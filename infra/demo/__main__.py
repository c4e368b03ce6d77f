"""`make demo`: tells a story, on a local system that runs or on one of its own.

`CHAPTER=cards` (the default) tells of an order of charging cards, to the card that its driver sees;
`CHAPTER=wallbox` of a wallbox, to the refund card that is active; `CHAPTER=inbound` of an ERP's
events, to a customer with all that she has.
Exit code 0 only if every system holds what it should.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import closing

from infra.demo.inbound_story import tell as tell_of_a_customer
from infra.demo.place import local_system
from infra.demo.stage import DemoFailed, Stage
from infra.demo.story import tell as tell_of_cards
from infra.demo.wallbox_story import tell as tell_of_a_wallbox

CHAPTERS: Mapping[str, Callable[[Stage], None]] = {
    "cards": tell_of_cards,
    "wallbox": tell_of_a_wallbox,
    "inbound": tell_of_a_customer,
}


def main() -> int:
    """Tell the story; 1 if a system does not hold what it should."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__)
    parser.add_argument("chapter", choices=CHAPTERS, nargs="?", default="cards")
    tell = CHAPTERS[parser.parse_args().chapter]
    with local_system() as status, closing(Stage(status)) as stage:
        try:
            tell(stage)
        except DemoFailed as failure:
            print(f"\nNOT as it should be: {failure}")
            return 1
        print(f"\nEvery system holds what it should, after {stage.seconds:.1f} s.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
