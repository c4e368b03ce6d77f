"""Payloads: JSON and XML, read so that nothing is lost or guessed, or refused."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.mapping.payloads import MalformedPayload, parse

DEEP_JSON = "[" * 65 + "]" * 65
BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
<lolz>&lol2;</lolz>"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[]", []),
        (b'{"a": "\xc3\xa4"}', {"a": "ä"}),
        ('{"a": 9007199254740992}', {"a": 2**53}),
        ('{"a": 9007199254740993}', {"a": "9007199254740993"}),
        ('{"a": -9007199254740993}', {"a": "-9007199254740993"}),
        ('{"a": [5890840712243076123456]}', {"a": ["5890840712243076123456"]}),
        ('{"a": ' + "9" * 5000 + "}", {"a": "9" * 5000}),
        ('{"a": 0001}'.replace("0001", "1.50"), {"a": 1.5}),
        ('{"a": 10.0, "b": [1e3, -0.0, 0.1, 1e300]}', {"a": 10, "b": [1000, 0, 0.1, 1e300]}),
        ('{"a": null, "b": true}', {"a": None, "b": True}),
        ('{"a": "9007199254740993"}', {"a": "9007199254740993"}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ("[" * 64 + "]" * 64, json.loads("[" * 64 + "]" * 64)),
        (json.dumps([{"a": [n]} for n in range(50)]), [{"a": [n]} for n in range(50)]),
        ('\ufeff{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": "\xc3\xa4"}', {"a": "ä"}),
    ],
)
def test_should_read_json(text: str, value: Any) -> None:
    made = parse(text)
    assert made == value
    # 10.0 is equal to 10, and another text.
    assert repr(made) == repr(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON from character 1"),
        ("{", "no JSON"),
        ('{"a": 1,}', "no JSON"),
        ("<a/>", "no JSON"),
        ("1", "neither an object nor a list"),
        ('"text"', "neither"),
        ("null", "neither"),
        ('{"secret": 1, "secret": 2}', "twice"),
        ('[{"x": {"secret": 1, "secret": 1}}]', "twice"),
        ('{"a": NaN}', "not finite"),
        ('{"a": Infinity}', "not finite"),
        ('{"a": -Infinity}', "not finite"),
        ('{"a": 1e999}', "not finite"),
        ('{"secret": "\\ud800"}', "surrogate"),
        ('{"\\udc00": "x"}', "surrogate"),
        (DEEP_JSON, "levels"),
        ('{"a":' * 100 + "1" + "}" * 100, "levels"),
        ("[" * 200_000, "levels"),
        ('{"a": 0001}', "no JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1} {"b": 2}', "no JSON"),
    ],
)
def test_should_refuse_json_that_readers_would_not_agree_on(text: str, says: str) -> None:
    with pytest.raises(MalformedPayload, match=says) as caught:
        parse(text)
    assert "secret" not in str(caught.value)
    assert caught.value.code == "MALFORMED_PAYLOAD"


@pytest.mark.parametrize(
    ("given_value", "value"),
    [
        ({"a": 2**60}, {"a": str(2**60)}),
        ({"a": [True, None, 1.5, "x"]}, {"a": [True, None, 1.5, "x"]}),
        ({"a": [10.0, 1e300]}, {"a": [10, 1e300]}),
        ([{"ä": "ö"}], [{"ä": "ö"}]),
    ],
)
def test_should_hold_an_object_to_the_same_rules(given_value: Any, value: Any) -> None:
    before = repr(given_value)
    assert repr(parse(given_value)) == repr(value)
    assert repr(given_value) == before


@pytest.mark.parametrize(
    "value",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": "\ud800"},
        {"a": {1, 2}},
        {1: "a"},
        {"a": 10**5000},
        json.loads(DEEP_JSON),
    ],
)
def test_should_refuse_an_object_that_is_no_json(value: Any) -> None:
    with pytest.raises(MalformedPayload):
        parse(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a/>", {"a": ""}),
        ("<a>  </a>", {"a": ""}),
        ("<a>007</a>", {"a": "007"}),
        ("<a>\n  x y \n</a>", {"a": "x y"}),
        ("<a><b>true</b></a>", {"a": {"b": "true"}}),
        ("<a><b>1</b><b>2</b><c>3</c></a>", {"a": {"b": ["1", "2"], "c": "3"}}),
        ("<a><b>1</b><c/><b>2</b><b><d/></b></a>", {"a": {"b": ["1", "2", {"d": ""}], "c": ""}}),
        ("<a><b><c/><c/></b><b/></a>", {"a": {"b": [{"c": ["", ""]}, ""]}}),
        ('<a id="1">x</a>', {"a": {"@_id": "1", "#text": "x"}}),
        ('<a id="1"/>', {"a": {"@_id": "1"}}),
        ("<a>one<b/>two</a>", {"a": {"b": "", "#text": "one two"}}),
        ("<a>&lt;&amp;&gt;&quot;&apos;&#228;</a>", {"a": "<&>\"'ä"}),
        ("<a><![CDATA[<b>&amp;]]></a>", {"a": "<b>&amp;"}),
        ("<a><!-- no --><?no pi?><b/></a>", {"a": {"b": ""}}),
        ('<s:a xmlns:s="urn:x"><s:b>1</s:b></s:a>', {"s:a": {"s:b": "1"}}),
        ('<a xmlns="urn:x" k="v"><b/></a>', {"a": {"@_k": "v", "b": ""}}),
        ('<a xmlns:xsi="urn:x"><b xsi:nil="true"/></a>', {"a": {"b": None}}),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>', {"a": "ä"}),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe4</a>'.encode("latin-1"), {"a": "ä"}),
        ("\ufeff<a>x</a>", {"a": "x"}),
        (b"\xef\xbb\xbf<a>\xc3\xa4</a>", {"a": "ä"}),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a>\xc3\xa4</a>", {"a": "ä"}),
        ('<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252"), {"a": "€"}),
        ('<?xml version="1.0" encoding="UTF-16"?><a>ä</a>'.encode("utf-16"), {"a": "ä"}),
        ("<a>ä</a>".encode("utf-16"), {"a": "ä"}),
        ("<a>" * 64 + "</a>" * 64, None),
    ],
)
def test_should_read_xml_by_the_stated_rule(text: str | bytes, value: Any) -> None:
    made = parse(text, "xml")
    assert value is None or made == value
    json.dumps(made)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no XML"),
        ("x", "no XML"),
        ("<a>", "no XML"),
        ("<a></b>", "no XML"),
        ("<a/><b/>", "no XML"),
        ("<a>&secret;</a>", "no XML"),
        ('<a x="1" x="2"/>', "no XML"),
        ('{"a": 1}', "no XML"),
        (BOMB, "document type"),
        ("<!DOCTYPE a><a/>", "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "http://169.254.169.254/">]><a>&x;</a>',
            "document type",
        ),
        ('<!DOCTYPE a [<!ENTITY % p "x">%p;]><a/>', "document type"),
        ("<a>" * 65 + "</a>" * 65, "levels"),
        ("<a>" + "<b/>" * 100_001 + "</a>", "elements"),
        ("<" + "n" * 300 + "/>", "256"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="ISO-8859-99"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="unicode_escape"?><a/>', "encoding"),
        (b"<a>\xe4</a>", "no text in UTF-8"),
        (b'<?xml version="1.0" encoding="us-ascii"?><a>\xe4</a>', "no text in US-ASCII"),
        ("<a>\ud800</a>", "surrogate"),
        ("<a>\x00</a>", "no XML"),
    ],
)
def test_should_refuse_xml_that_declares_or_exceeds(text: str | bytes, says: str) -> None:
    began = time.monotonic()
    with pytest.raises(MalformedPayload, match=says) as caught:
        parse(text, "xml")
    assert "secret" not in str(caught.value)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("more", [0, 1])
def test_should_count_values_while_it_reads_them(more: int) -> None:
    """What has a million would take the process and its memory with it before it is counted."""
    text = json.dumps([{"a": 1, "b": 2}] * 50_000 + [{"c": 3}] * more)
    if not more:
        assert len(parse(text)) == 50_000
        return
    with pytest.raises(MalformedPayload, match="more than 100000 values") as caught:
        parse(text)
    assert caught.value.code == "PAYLOAD_TOO_LARGE"


def test_should_say_that_xml_is_too_large_by_its_code() -> None:
    with pytest.raises(MalformedPayload) as caught:
        parse("<a>" + "<b/>" * 100_001 + "</a>", "xml")
    assert caught.value.code == "PAYLOAD_TOO_LARGE"


def test_should_take_xml_as_a_text_only() -> None:
    with pytest.raises(MalformedPayload, match="has to be a text"):
        parse({"a": 1}, "xml")


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_should_give_back_what_json_holds(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, ensure_ascii=False)) == value
    assert parse(value) == value


@given(st.text(max_size=40), st.sampled_from(["json", "xml"]))
def test_should_read_or_refuse_any_text(text: str, format: Any) -> None:  # noqa: A002
    with contextlib.suppress(MalformedPayload):
        json.dumps(parse(text, format))


@given(st.integers())
def test_should_never_lose_a_digit(number: int) -> None:
    made = parse(f'{{"n": {number}}}')["n"]
    assert str(made) == str(number)
    assert isinstance(made, int) is (abs(number) <= 2**53)
