"""The words of an expression: which variables it names, and where `$$` stands.

Only what lies outside strings, quoted names, comments and regular expressions counts. The rules
are those of the reference's tokenizer; an expression that is none may give anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = "\ue000"
"""Name of the variable that stands for `$$`: one character, so that positions stay as they are, and
one of those that Unicode leaves to private use."""

_ENDS = r" \t\n\r\v.\[\]{}(),@\#;:?+\-*/%|=<>^&!~"
_WORD = re.compile(
    rf"""
      (?P<nothing> [ \t\n\r\v]+ | /\*.*?\*/ )
    | (?P<literal> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` )
    | (?P<literal2> (?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)? )
    | (?P<variable> \$[^{_ENDS}]* )
    | (?P<name> [^{_ENDS}]+ )
    | (?P<sign> \*\* | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Words:
    """`variables` without their `$`; `$$` is "$", and `roots` are the places where it stands."""

    variables: frozenset[str]
    roots: tuple[int, ...]


def words_of(text: str) -> Words:
    """The words of an expression."""
    found = list(_variables(text))
    return Words(
        frozenset(name for name, _ in found),
        tuple(at for name, at in found if name == "$"),
    )


def rooted(text: str, words: Words) -> str:
    """The expression with the variable `ROOT` in place of `$$`; as long as it was."""
    characters = list(text)
    for at in words.roots:
        characters[at + 1] = ROOT
    return "".join(characters)


def _variables(text: str) -> Iterator[tuple[str, int]]:
    at, operand_next = 0, True
    while at < len(text):
        if text[at] == "/" and operand_next and not text.startswith("/*", at):
            at, operand_next = _after_regex(text, at), False
            continue
        match = _WORD.match(text, at)
        if match is None:
            return
        at = match.end()
        kind, word = match.lastgroup, match.group()
        if kind == "nothing":
            continue
        if kind == "variable":
            yield word[1:], match.start()
        operand_next = _operand_after(kind, word, operand_next)


def _operand_after(kind: str | None, word: str, operand_next: bool) -> bool:
    """Whether an operand has to follow, so that a slash begins a regular expression."""
    if kind == "name":
        return word in {"and", "or", "in"} and not operand_next
    if kind == "sign":
        # As operands `*`, `**` and `%` are the wildcards and the parent.
        is_operand = word in {"*", "**", "%"} and operand_next
        return not is_operand and word not in {")", "]", "}"}
    return False


def _after_regex(text: str, start: int) -> int:
    depth = 0
    for at in range(start + 1, len(text)):
        if text[at - 1] == "\\":
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        elif text[at] == "/" and depth == 0:
            return at + 1
    return len(text)
