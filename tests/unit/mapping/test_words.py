"""Finding `$$` and the variables of an expression, without being led astray by what looks alike."""

from __future__ import annotations

import pytest

from busbar.mapping.words import ROOT, rooted, words_of


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ('"$$" & $$', '"$$" & $R'),
        ("'$$' & a/$$/b", "'$$' & a/$R/b"),
        (r'"\"$$" & $$', r'"\"$$" & $R'),
        (r"/\$$/ & $$.a", r"/\$$/ & $R.a"),
        ("$match(a, /[/$$]/) & $$", "$match(a, /[/$$]/) & $R"),
        ("a[b = /$$/] ~> $$", "a[b = /$$/] ~> $R"),
        ("a and /$$/", "a and /$$/"),
        ("$$x & `$$`", "$$x & `$$`"),
        ("/* $$ */ $$", "/* $$ */ $R"),
        ("a.*/$$/2", "a.*/$R/2"),
        ("(a)/$$/2", "(a)/$R/2"),
        ("and/$$/2", "and/$R/2"),
        ("$$**$$", "$R**$R"),
        ("a%$$", "a%$R"),
        ("1/$$/2", "1/$R/2"),
        ("$x/$$/$y", "$x/$R/$y"),
        ("$$", "$R"),
        ("$$.$$.$$", "$R.$R.$R"),
        ("", ""),
        ("/ unended $$", "/ unended $$"),
    ],
)
def test_should_replace_the_root_and_nothing_else(text: str, replaced: str) -> None:
    made = rooted(text, words_of(text))
    assert made == replaced.replace("$R", f"${ROOT}")
    assert len(made) == len(text)


def test_should_tell_which_variables_are_named() -> None:
    text = "($x := $env.a; $mapKey($env.s, '$no') /* $no */ & `$no` & $$ & $)"
    assert words_of(text).variables == {"x", "env", "mapKey", "$", ""}
