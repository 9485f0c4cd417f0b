"""
User patterns have Go's syntax and words, run in linear time, and can be turned round into random texts.
"""

from __future__ import annotations

import time

import pytest
import re2
from pocketbase_server.kit.autogenerate import AutogenerateError, autogenerate
from pocketbase_server.kit.regex import RegexError, compile_pattern

MATCHES = [
    ("^[a-z0-9]+$", "abc1", True),
    ("^[a-z0-9]+$", "abc1\n", False),
    ("^[a-z0-9]+$", "aBc", False),
    ("^[a-z0-9]*$", "", True),
    ("^[a-z0-9]$", "ab", False),
    (r"^\pL+$", "éß", True),
    ("(?i)^HELLO", "hello world", True),
    ("b", "abc", True),
    ("", "", True),
]
ERRORS = [
    ("(", "missing closing ): `(`"),
    ("[", "missing closing ]: `[`"),
    ("a)", "unexpected ): `a)`"),
    ("a**", "invalid nested repetition operator: `**`"),
    ("*a", "missing argument to repetition operator: `*`"),
    ("a{1001}", "invalid repeat count: `{1001}`"),
    ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
    (r"\1", r"invalid escape sequence: `\1`"),
    (r"\C", r"invalid escape sequence: `\C`"),
    ("a\\", "trailing backslash at end of expression: ``"),
    ("[b-a]", "invalid character class range: `b-a`"),
    ("(?P<n", "invalid named capture: `(?P<n`"),
]
LENGTHS = [
    ("[a-z0-9]{15}", {15}),
    ("a|b|cc", {1, 2}),
    ("(ab|cd){2}", {4}),
    ("x+", {1, 2, 3, 4, 5}),
    ("x?", {0}),
    ("x{3,6}", {3, 4, 5}),
    ("x{7,8}", {7}),
    ("x{4,}", {4, 5}),
    ("x{8,}", {8}),
    ("", {0}),
    (r"\d{4}-\w{3}", {8}),
    ("[^a-z]{8}", {8}),
    (r"\pL{5}", {5}),
    ("[[:alpha:]]{5}", {5}),
    (r"[\]a\-z]{9}", {9}),
    (r"\x41\x{e9}", {2}),
    ("(?i)abc", {3}),
    ("(?P<n>zz)(?:y)", {3}),
    ("x{1000}x{1000}", {2000}),
]
UNSUPPORTED = [("^abc$", 9), ("a$", 10), (r"\bq", 11), ("(?m)^a", 7), ("(a|)", 2)]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_matches(pattern, text, expected):
    """A pattern is looked for anywhere, and `$` is the end of the text."""
    assert expected == compile_pattern(pattern).matches(text)


@pytest.mark.parametrize(("pattern", "reason"), ERRORS)
def test_errors(pattern, reason):
    """What is wrong with a pattern is told in the reference's words."""
    with pytest.raises(RegexError) as caught:
        compile_pattern(pattern)

    assert f"error parsing regexp: {reason}" == str(caught.value)


def test_linear_time():
    """A pattern that makes backtracking engines hang takes no time."""
    pattern = compile_pattern("^(a+)+$")
    began = time.process_time()

    assert not pattern.matches("a" * 4000 + "b")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(("pattern", "lengths"), LENGTHS)
def test_autogenerate(pattern, lengths):
    """Every text made for a pattern matches it, and repeats stop where the reference's do."""
    check = re2.compile(pattern)
    made = [autogenerate(pattern) for _ in range(200)]

    assert not [text for text in made if check.fullmatch(text) is None]
    assert {len(text) for text in made} <= lengths
    assert len(lengths) > 2 or {len(text) for text in made} == lengths


@pytest.mark.parametrize(("pattern", "operator"), UNSUPPORTED)
def test_not_generated(pattern, operator):
    """Places and empty choices describe no text."""
    with pytest.raises(AutogenerateError, match=f"unsupported pattern operator {operator}$"):
        autogenerate(pattern)


def test_texts_differ():
    """Two texts are hardly ever the same."""
    assert len({autogenerate("[a-z0-9]{15}") for _ in range(1000)}) == 1000
