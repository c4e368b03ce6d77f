"""`python -m tests.recorded RELEASE [CASE …]`: record work in flight of the code that stands here,
all of it or some cases."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.faults.run import silence
from tests.recorded.cases import CASES
from tests.recorded.recording import HERE, record

PRODUCT = ("shared", "functions")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=HERE, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main(arguments: list[str]) -> int:
    """Write one file per case. 2 if it cannot be said which commit is recorded."""
    if not arguments or set(arguments[1:]) - CASES.keys():
        print(__doc__)
        return 2
    if _git("status", "--porcelain", "--", *(f":/{folder}" for folder in PRODUCT)):
        print("The product has changes that are in no commit: nobody could say what is recorded.")
        return 2
    folder = HERE / arguments[0]
    folder.mkdir(exist_ok=True)
    commit = _git("rev-parse", "HEAD")
    with silence():
        for name in arguments[1:] or CASES:
            case = CASES[name]
            text = json.dumps(record(case, commit), indent=1, ensure_ascii=False)
            (folder / f"{name}.json").write_text(text + "\n")
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
