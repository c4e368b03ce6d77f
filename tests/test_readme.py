"""The README says what is there: its made parts are current, its links lead somewhere."""

from __future__ import annotations

import re

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


def test_should_link_to_files_that_exist() -> None:
    pages = [README, *ROOT.glob("functions/*/README.md"), *ROOT.glob("infra/**/README.md")]
    pages += [*ROOT.glob("shared/python/**/README.md"), *ROOT.glob("tests/**/README.md")]
    pages += ROOT.glob("integrations/**/README.md")
    missing = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert missing == []
