"""JSONata's codes in words, without the values that an expression stumbled over."""

from __future__ import annotations

_WORDS = {
    "S0101": "a text has no closing quotation mark",
    "S0102": "the number is too large",
    "S0103": "there is no such escape in a text",
    "S0104": r"\u needs four hexadecimal digits",
    "S0105": "a name has no closing backquote",
    "S0106": "a comment has no end",
    "S0201": "this sign cannot stand here; several steps stand in brackets, `($a := 1; $a + 1)`",
    "S0202": "another sign is expected here",
    "S0203": "something is missing at its end",
    "S0204": "there is no such operator",
    "S0207": "it ends too early",
    "S0208": "the parameter of a function has to be a variable",
    "S0211": "this operator needs something before it",
    "S0212": "before := there has to be a variable",
    "S0213": "a number or the like cannot be a step of a path",
    "S0301": "the regular expression is empty",
    "S0302": "the regular expression has no end",
    "T0410": "an argument of the function is of the wrong type",
    "T0411": "what the function is applied to is of the wrong type",
    "T0412": "the function needs a list of one type",
    "D1001": "the number is too large",
    "D1002": "what is negated is no number",
    "T1003": "the key of an object is no text",
    "D1004": "the regular expression fits an empty text",
    "T1005": "there is no such function; is a $ missing?",
    "T1006": "there is no such function",
    "T1007": "there is no such function; is a $ missing?",
    "T1008": "there is no such function",
    "D1009": "a key of an object comes twice",
    "D1011": "it calls itself, or nests, too deep",
    "D1012": "it takes too long",
    "T2001": "what stands before the operator is no number",
    "T2002": "what stands behind the operator is no number",
    "T2003": "the beginning of .. is no whole number",
    "T2004": "the end of .. is no whole number",
    "T2006": "behind ~> there has to be a function",
    "T2007": "values of several types cannot be put in order",
    "T2008": "only texts or numbers can be put in order",
    "T2009": "both sides of the operator have to be of one type",
    "T2010": "only texts or numbers can be compared",
    "D2014": "it makes, or is given, too many or too large values",
    "D3010": "what is to be replaced is an empty text",
    "D3012": "what a text is replaced by is no text",
    "D3030": "the value cannot be made a number",
    "D3060": "there is no root of a negative number",
    "D3061": "the number is too large",
    "D3070": "only lists of texts or of numbers are sorted without a function",
    "D3110": "it is no date and time in ISO 8601",
    "D3136": "the picture of a date is not complete",
    "D3137": "the expression has called $error",
    "D3138": "$single has found several",
    "D3139": "$single has found nothing",
    "D3141": "an $assert does not hold",
}


def told(code: str, position: int | None = None) -> str:
    """`D3030 at position 8: the value cannot be made a number`; the code alone if it is no code
    that has words. `position` counts the characters of the expression."""
    where = f"{code} at position {position}" if position else code
    return f"{where}: {_WORDS[code]}" if code in _WORDS else where
