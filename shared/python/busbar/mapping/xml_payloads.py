"""XML as the objects and lists that mappings read.

The rule: an element becomes the value at its name, as it is written, prefix and all; the outermost
one too, so that `<customer><id>007</id></customer>` is `{"customer": {"id": "007"}}`.

* An element without elements and attributes is its text, without white space around it: always a
  string, `""` if it is empty. Leading zeros stay, and `true` is `"true"`.
* Elements of one name under one parent are a list, in their order; a single one is not. So a
  mapping writes `lines.line[]` for what may come once or often.
* Attributes stand as `@_name` beside the elements; declarations of namespaces are left out.
* Text beside elements or attributes stands as `#text`, white space in it made single blanks.
* `xsi:nil="true"` is null. Comments and processing instructions are left out.

Bytes are read by their byte order mark, or by the encoding that they declare: UTF-8, UTF-16, ASCII,
ISO 8859 and the code pages of Windows.

Document type declarations are refused, and with them all entities but the five of XML itself. So
is what goes beyond 64 levels, 100 000 elements and attributes, or names of 256 characters. The
reader is Python's expat, which resolves nothing by itself.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, NoReturn
from xml.parsers import expat

from busbar.mapping.payload_faults import MalformedPayload

DEEPEST = 64
MOST_NODES = 100_000
LONGEST_NAME = 256
_DECLARED = re.compile(rb"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ENCODINGS = re.compile("utf-8|utf-16|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-9]", re.IGNORECASE)
_UNKNOWN = "it has an encoding that nobody knows"


def text_of(document: bytes) -> str:
    """A document as text: by its byte order mark, else by the encoding that it declares, else in
    UTF-8. Raises `MalformedPayload`."""
    encoding = "utf-8"
    if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif not document.startswith(codecs.BOM_UTF8) and (found := _DECLARED.match(document[:256])):
        encoding = found[1].decode()
    if not _ENCODINGS.fullmatch(encoding):
        raise MalformedPayload(_UNKNOWN)
    try:
        return document.decode(encoding)
    except UnicodeDecodeError:
        raise MalformedPayload(f"it is no text in {encoding.upper()}") from None
    except LookupError:
        raise MalformedPayload(_UNKNOWN) from None


def parse_xml(text: str | bytes) -> dict[str, Any]:
    """The document by the rule above. Raises `MalformedPayload`, which never quotes it."""
    # It is decoded by now, whatever its declaration says.
    parser = expat.ParserCreate("utf-8")
    tree = _Tree()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.EntityDeclHandler = _no_doctype
    parser.ExternalEntityRefHandler = _no_doctype
    try:
        parser.Parse(_encoded(text if isinstance(text, str) else text_of(text)), True)
    except expat.ExpatError as error:
        at = f"line {error.lineno}, column {error.offset + 1}"
        raise MalformedPayload(f"it is no XML at {at}") from None
    return tree.made


class _Tree:
    """The open elements, innermost last. Each: its name, its members, the parts of its text."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._nodes = 0

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins. `attributes`: names and values in turn."""
        self._nodes += 1 + len(attributes) // 2
        if self._nodes > MOST_NODES or len(self._open) >= DEEPEST:
            raise MalformedPayload(
                f"it has more than {DEEPEST} levels or {MOST_NODES} elements", "PAYLOAD_TOO_LARGE"
            )
        if len(name) > LONGEST_NAME:
            raise MalformedPayload(f"a name has more than {LONGEST_NAME} characters")
        members: dict[str, Any] = {}
        for at in range(0, len(attributes), 2):
            if not _declares(attributes[at]):
                members[f"@_{attributes[at]}"] = attributes[at + 1]
        self._open.append((name, members, []))

    def text(self, part: str) -> None:
        """Text in the innermost element."""
        self._open[-1][2].append(part)

    def end(self, _: str) -> None:
        """The innermost element ends."""
        name, members, parts = self._open.pop()
        value = _value(members, parts)
        above = self._open[-1][1] if self._open else self.made
        if self._open:
            # So that texts around an element do not become one word.
            self._open[-1][2].append("\n")
        if name not in above:
            above[name] = value
        elif type(above[name]) is _Several:
            above[name].append(value)
        else:
            above[name] = _Several((above[name], value))


class _Several(list[Any]):
    """Elements of one name; a list of another kind than any value of an element."""


def _value(members: dict[str, Any], parts: list[str]) -> Any:
    for name, member in members.items():
        if type(member) is _Several:
            members[name] = list(member)
    text = "".join(parts).strip()
    if not members:
        return text
    if members.get("@_xsi:nil") in {"true", "1"} and len(members) == 1 and not text:
        return None
    if text:
        members["#text"] = " ".join(text.split())
    return members


def _declares(attribute: str) -> bool:
    return attribute == "xmlns" or attribute.startswith("xmlns:")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedPayload("it has half of a character (a lone surrogate)") from None


def _no_doctype(*_: object) -> NoReturn:
    raise MalformedPayload("it declares a document type or entities: leave them out")
