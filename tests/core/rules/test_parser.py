"""
The parser: trees, limits, and messages with positions.
"""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.ast import (
    And,
    Call,
    Comparison,
    Identifier,
    Number,
    Or,
    Param,
    Slot,
    Text,
)
from pocketbase_server.core.rules.parser import parse, references


def leaf(name, position):
    """Return `name = 1` as it stands at a position."""
    return Comparison(Identifier(name, position), "=", Number(1.0), position)


A, B, C = leaf("a", 0), leaf("b", 9), leaf("c", 18)

TREES = [
    ("a = 1", A),
    ("a = 1 && b = 1 || c = 1", Or((And((A, B)), C))),
    ("a = 1 || b = 1 && c = 1", Or((A, And((B, C))))),
    ("(a=1 || b=1) && c=1", And((Or((leaf("a", 1), leaf("b", 8))), leaf("c", 16)))),
    ("((a = 1))", leaf("a", 2)),
    ("'x' ?!~ null", Comparison(Text("x"), "?!~", Identifier("null", 8), 0)),
    (
        "f(a, 'x', g(-1)) > 2",
        Comparison(
            Call("f", (Identifier("a", 2), Text("x"), Call("g", (Number(-1.0),), 10)), 0),
            ">",
            Number(2.0),
            0,
        ),
    ),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[text for text, _ in TREES])
def test_trees(text, tree):
    """
    && binds closer than ||, parentheses closer than both.
    """
    assert parse(text) == tree


MESSAGES = [
    ("", "empty filter expression", 0),
    ("()", "empty filter expression", 1),
    ("a", "invalid or incomplete filter expression", 1),
    ("a = 1 &&", "invalid or incomplete filter expression", 8),
    ("(a = )", "invalid or incomplete filter expression", 5),
    ("a 1", 'expected a sign operator, got "1" (number)', 2),
    ("a = 1 b", 'expected && or ||, got "b" (identifier)', 6),
    ("= 1", 'expected left operand (identifier, function, text or number), got "=" (sign)', 0),
    ("a = =", 'expected right operand (identifier, function text or number), got "=" (sign)', 4),
    ("a = 1)", "unexpected character ')'", 5),
    ("a , 1", "unexpected character ','", 2),
    ("((a = 1)", "invalid formatted group - missing 1 closing bracket(s)", 0),
    ("(a = ü", "invalid formatted group - missing 1 closing bracket(s)", 0),
    ("f(1", "invalid or incomplete function \"f\" (expected ')')", 0),
    ("f(,1) = 1", 'unexpected comma in function "f"', 2),
    ("f(1 2) = 1", 'expected comma after the last argument in function "f"', 4),
    ("f((1)) = 1", "unsupported argument character '(' in function \"f\"", 2),
    ("f(a.) = 1", 'invalid identifier argument "a." in function "f": invalid identifier "a."', 2),
    ("f(/) = 1", 'failed to scan comment in function "f": invalid comment', 2),
    ("{:x} = 1", "unexpected character '{'", 0),
    ("a = \x01", r"unexpected character '\x01'", 4),
    ("a = \x02", r"unexpected character '\x02'", 4),
]


@pytest.mark.parametrize(("text", "message", "position"), MESSAGES)
def test_messages(text, message, position):
    """
    What cannot be understood is refused at the place where it stops making sense.
    """
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text)

    assert (caught.value.message, caught.value.position) == (message, position)


def test_functions_may_stand_in_each_other_three_deep():
    """
    One more is refused.
    """
    assert parse("f(f(f(1))) = 1")
    with pytest.raises(RuleSyntaxError, match="max nested function arguments"):
        parse("f(f(f(f(1)))) = 1")


def test_number_of_comparisons_is_limited():
    """
    200 are enough for anybody.
    """
    assert parse("||".join(["a=1"] * 200))
    with pytest.raises(RuleSyntaxError, match="max filter expressions"):
        parse("||".join(["a=1"] * 201))


def test_brackets_in_comments_of_a_group_count():
    """
    A group ends at its bracket, wherever that stands; only then comments have a meaning.
    """
    assert parse("(a = 1 // )") == leaf("a", 1)


def test_only_lifted_literals_are_slots():
    """
    A slot stands for a literal that was lifted; there are no more than were.
    """
    tree = parse("a = \x01 && b > \x02", 2)

    assert [part.right for part in tree.parts] == [Slot(0, False), Slot(1, True)]
    with pytest.raises(RuleSyntaxError):
        parse("a = \x01 && b > \x02", 1)


def test_only_code_names_params():
    """
    `{:name}` is understood where code asks.
    """
    assert parse("a = {:x}", params=True).right == Param("x")


def test_references():
    """
    The identifiers of an expression are known without compiling it.
    """
    expected = {"a", "b.c:each", "@request.auth.id"}

    assert references("a = 'x' && f(b.c:each, 1) > @request.auth.id // d") == expected
    assert references(" ") == set()


HOSTILE = {
    "open brackets": "(" * 100_000,
    "closing brackets": ")" * 100_000,
    "depth": "(" * 50_000 + "a=1" + ")" * 50_000,
    "quotes": "'" * 100_001,
    "backslashes": "'" + "\\" * 200_000,
    "slashes": "/" * 100_000,
    "comments": "//\n" * 50_000,
    "calls": "f(" * 50_000,
    "signs": "=" * 100_000,
    "dots": "a." * 100_000,
    "digits": "9" * 100_000,
    "commas": "f(" + "," * 100_000,
    "nul": "\0" * 100_000,
    "brackets in quotes": "('" + "(" * 100_000 + "')",
    "quotes in groups": "(" + "'a'" * 50_000,
    "comments with quotes": "(a=1//'\n)" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_answered_at_once(text):
    """
    Whatever the text, the parser answers in linear time and never runs out of stack.
    """
    began = time.process_time()
    with suppress(RuleSyntaxError):
        parse(text)

    assert time.process_time() - began < 1.0
