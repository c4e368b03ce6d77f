"""The README says what is there: its made parts are current, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.readme import MADE, README, with_made_parts

ROOT = README.parent


def test_should_hold_the_catalogue_and_the_state_machine_as_they_are() -> None:
    text = README.read_text()
    assert with_made_parts(text) == text, "run: python -m infra.readme"


@pytest.mark.parametrize("part", MADE)
def test_should_make_a_part_anew_that_has_grown_old(part: str) -> None:
    text = README.read_text()
    old = text.replace(MADE[part](), "as it was once")

    assert old != text
    assert with_made_parts(old) == text
    with pytest.raises(ValueError, match=f"end of {part}"):
        with_made_parts(text.replace(f"<!-- end of {part} -->", ""))


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
