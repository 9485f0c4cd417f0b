"""
Tokens: what each piece of an expression is, where it stands, and what is none.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.skeleton import lift
from pocketbase_server.core.rules.tokens import Kind, Token, number_of, quoted, scan

TOKENS = [
    ("", []),
    ("id", [(Kind.IDENTIFIER, "id", 0)]),
    ("@request.auth.id", [(Kind.IDENTIFIER, "@request.auth.id", 0)]),
    ("a:each", [(Kind.IDENTIFIER, "a:each", 0)]),
    ("a.0", [(Kind.IDENTIFIER, "a.0", 0)]),
    ("-1.50", [(Kind.NUMBER, "-1.50", 0)]),
    ("'a'\"b\"", [(Kind.TEXT, "a", 0), (Kind.TEXT, "b", 3)]),
    ("?!~", [(Kind.SIGN, "?!~", 0)]),
    ("&& ||", [(Kind.JOIN, "&&", 0), (Kind.JOIN, "||", 3)]),
    ("f(1)", [(Kind.FUNCTION, "f", 0), (Kind.NUMBER, "1", 2), (Kind.CLOSE, ")", 3)]),
    ("f (", [(Kind.IDENTIFIER, "f", 0), (Kind.OPEN, "(", 2)]),
    ("a // b\n c", [(Kind.IDENTIFIER, "a", 0), (Kind.IDENTIFIER, "c", 8)]),
    ("{:name}", [(Kind.PARAM, "name", 0)]),
]


@pytest.mark.parametrize(("text", "expected"), TOKENS, ids=[text for text, _ in TOKENS])
def test_tokens(text, expected):
    """
    Every token has its kind, its meaning and its position; an END comes last.
    """
    *tokens, end = scan(text)

    assert tokens == [Token(*one) for one in expected]
    assert end == Token(Kind.END, "", len(text))


TEXTS = [
    (r"'a\'b'", "a'b"),
    (r"'a\"b'", 'a"b'),
    (r"'a\\'", "a\\"),
    (r"'\n\t\r'", "\n\t\r"),
    (r"'\%\_\x'", r"\%\_\x"),
    ("'ü😀\n'", "ü😀\n"),
    ("''", ""),
]


@pytest.mark.parametrize(("literal", "meant"), TEXTS)
def test_texts(literal, meant):
    """
    In a text, a backslash escapes quotes, itself and the letters n, t, r; before others it stays.
    """
    assert scan(literal)[0].text == meant


BROKEN = [
    ("'open", 'invalid quoted text "\'open"', 0),
    ("a = 'x\\'", "invalid quoted text \"'x'\"", 4),
    ("a.", 'invalid identifier "a."', 0),
    ("@", 'invalid identifier "@"', 0),
    ("a:(", 'invalid function name "a:"', 0),
    ("1.", 'invalid number "1."', 0),
    ("a = -", 'invalid number "-"', 4),
    ("a == 1", 'invalid sign operator "=="', 2),
    ("a & b", 'invalid join operator "&"', 2),
    ("a = 1 / 2", "invalid comment", 6),
    ("a = `x`", "unexpected character '`'", 4),
    ("ü", "unexpected character 'ü'", 0),
    ("a\r", r"unexpected character '\r'", 1),
    ("a = '\0'", r"unexpected character '\x00'", 5),
    ("\u200b", r"unexpected character '\u200b'", 0),
]


@pytest.mark.parametrize(("text", "message", "position"), BROKEN)
def test_broken_tokens(text, message, position):
    """
    What is no token is refused with its position, shown as it was written.
    """
    with pytest.raises(RuleSyntaxError) as caught:
        scan(text)

    assert (caught.value.message, caught.value.position) == (message, position)


def test_numbers_that_are_too_large_count_as_nothing():
    """
    A number that no double can hold is 0.
    """
    assert [number_of(text) for text in ("1.5", "-0", "9" * 400)] == [1.5, 0.0, 0.0]


def test_quoted_text_shows_what_cannot_be_seen():
    """
    Messages hold no control characters.
    """
    assert quoted('a"\n\x01\x7f\xa0\U000e0001') == '"a\\"\\n\\x01\\x7f\\u00a0\\U000e0001"'


LIFTED = [
    ("a = 'x' && b > 5", "a = \x01 && b > \x02", ["x", 5.0]),
    ("a = ''", "a = ''", []),
    ("a = 'x' // 'y'", "a = 'x' // 'y'", []),
    ("meta.0 = -2.5", "meta.0 = \x02", [-2.5]),
    ("a1 = x2", "a1 = x2", []),
    (r"a = 'it\'s' || a = \"b\"".replace('\\"', '"'), "a = \x01 || a = \x01", ["it's", "b"]),
    ("a = '// no comment'", "a = \x01", ["// no comment"]),
    ("a = 'open", "a = 'open", []),
    ("a = 'x\0'", "a = 'x\0'", []),
]


@pytest.mark.parametrize(("text", "skeleton", "values"), LIFTED, ids=[one[0] for one in LIFTED])
def test_literals_are_lifted(text, skeleton, values):
    """
    Filters that differ only in literals have one skeleton; what changes the question stays in it.
    """
    assert lift(text) == (skeleton, values)
