"""The README says what is there: its table is the catalogue's, its links lead somewhere."""

from __future__ import annotations

import re

from infra.readme import README, with_table

ROOT = README.parent


def test_should_list_the_use_cases_of_the_catalogue() -> None:
    text = README.read_text()
    assert with_table(text) == text, "run: python -m infra.readme"


def test_should_link_to_files_that_exist() -> None:
    pages = [README, *ROOT.glob("functions/*/README.md"), *ROOT.glob("infra/**/README.md")]
    pages += [*ROOT.glob("shared/python/**/README.md"), *ROOT.glob("tests/**/README.md")]
    missing = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert missing == []
