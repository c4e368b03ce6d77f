"""The characters of a JSONPath, read one after the other."""

from __future__ import annotations

import re


class NoPathError(Exception):
    """A text that is no path of ours. The message says what is wrong at which character."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} (at position {at})")


_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_ESCAPED = re.compile(r"\\(.)")


class Text:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._text)

    def starts(self, word: str) -> bool:
        """Whether `word` comes next."""
        return self._text.startswith(word, self._at)

    def takes(self, word: str) -> bool:
        """Reads `word`, if it comes next."""
        if not self.starts(word):
            return False
        self._at += len(word)
        return True

    def expect(self, word: str) -> None:
        """Reads `word`. Raises `NoPathError` if something else comes next."""
        if not self.takes(word):
            raise self.fault(f"'{word}' has to follow")

    def skip(self) -> None:
        """Reads white space."""
        self.match(_SPACE)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Reads what the pattern takes, if it takes anything."""
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def quoted(self) -> str | None:
        """Reads a text in quotation marks."""
        found = self.match(_QUOTED)
        if found is None:
            return None
        inner = found.group(1) if found.group(1) is not None else found.group(2)
        return _ESCAPED.sub(r"\1", inner)

    def fault(self, message: str) -> NoPathError:
        """What is wrong at the next character."""
        return NoPathError(message, self._at + 1)
