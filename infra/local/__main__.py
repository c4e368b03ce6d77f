"""`python -m infra.local`, which is `make run`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading

from infra.local.console import Console
from infra.local.emulator import log_to, prepare_environment
from infra.local.kept import Kept
from infra.local.options import CannotStart, Options, check_free, read_options
from infra.local.output import route_output


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C, SIGTERM or the death of a part. Exit code 1 if something went wrong."""
    # The emulator alone is 200,000 lines: without byte code each start would compile them.
    sys.dont_write_bytecode = False
    console = Console()
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    try:
        options = read_options(os.environ, arguments)
        check_free(options.ports)
        prepare_environment(options)
        if not options.keep:
            shutil.rmtree(options.state / "logs", ignore_errors=True)
        kept = Kept(options, console.say)
        kept.begin()
        log_to(options.state / "logs" / "emulator.log")
        return _run(options, console, ending, kept)
    except CannotStart as reason:
        console.say(f"\n{reason}")
        return 1


def _run(options: Options, console: Console, ending: threading.Event, kept: Kept) -> int:
    # The emulator reads the environment as it is imported, our logger takes the stdout it finds.
    route_output()
    from infra.local.system import LocalSystem  # noqa: PLC0415
    from infra.local.welcome import welcome  # noqa: PLC0415

    system = LocalSystem(options, console)
    try:
        system.start()
        console.say(welcome(system.status(), options, console.since_start()))
        while not ending.wait(0.25):
            if dead := system.dead_parts():
                console.say(f"\n{' and '.join(dead)} died. Its log is in {options.state / 'logs'}")
                return 1
        console.say("\nEnding")
        return 0
    finally:
        kept.end(in_order=system.stop())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
