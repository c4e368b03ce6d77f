"""The README says what is there: its made parts are current, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from busbar.domain.outcomes import LEVELS
from infra.readme import MADE, README, with_made_parts

ROOT = README.parent


@pytest.mark.parametrize("page", MADE, ids=lambda page: str(page.relative_to(ROOT)))
def test_should_hold_what_is_made_of_it_as_it_is(page: Path) -> None:
    text = page.read_text()
    assert with_made_parts(page, text) == text, "run: python -m infra.readme"


@pytest.mark.parametrize(
    ("page", "part"), [(page, part) for page, parts in MADE.items() for part in parts]
)
def test_should_make_a_part_anew_that_has_grown_old(page: Path, part: str) -> None:
    text = page.read_text()
    old = text.replace(MADE[page][part](), "as it was once")

    assert old != text
    assert with_made_parts(page, old) == text
    with pytest.raises(ValueError, match=f"end of {part}"):
        with_made_parts(page, text.replace(f"<!-- end of {part} -->", ""))


def pages() -> list[Path]:
    """All that people read of it."""
    folders = ("functions", "infra", "shared/python", "tests", "integrations")
    return [README, *(page for name in folders for page in ROOT.glob(f"{name}/**/README.md"))]


def test_should_link_to_files_that_exist() -> None:
    missing = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages()
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert missing == []


def test_should_say_that_it_is_json_wherever_a_line_posts_some() -> None:
    """The API refuses a body that curl calls a form, which it does unless it is told."""
    silent = [
        f"{page.relative_to(ROOT)}: {block.strip().splitlines()[0]}"
        for page in pages()
        for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
        if "curl" in block
        and re.search(r" (-d|--data) ", block)
        and "content-type: application/json" not in block.lower()
    ]
    assert silent == []


def test_should_say_of_each_outcome_what_it_means_and_what_to_do() -> None:
    text = (ROOT / "functions" / "erp_monitoring" / "README.md").read_text()
    _, _, section = text.partition("\n## Codes\n")
    rows = [line.split(" | ") for line in section.splitlines() if line.count(" | ") == 3]
    said = {
        code: (level, means.strip(), what.strip())
        for codes, level, means, what in rows
        for code in re.findall(r"`([A-Z_]+)`", codes)
    }
    assert {code: level for code, (level, _, _) in said.items()} == LEVELS
    assert all(means and what.rstrip(" |") for _, means, what in said.values())
