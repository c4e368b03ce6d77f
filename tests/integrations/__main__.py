"""python -m tests.integrations [slug …]: writes the expected results of sample events anew.

Read what git shows then: each changed line is a change of what integrators rely on.
"""

from __future__ import annotations

import json
import sys

from tests.integrations.cases import use_cases


def main(slugs: list[str]) -> None:
    """Write the results of these use cases, or of all."""
    for one in use_cases():
        if slugs and one.folder.name not in slugs:
            continue
        for case in one.cases():
            file = one.expected_file(case)
            file.parent.mkdir(exist_ok=True)
            answer = one.simulated(one.payload(case))
            file.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", "utf-8")
            print(f"{one.name}: {case}")


if __name__ == "__main__":
    main(sys.argv[1:])
