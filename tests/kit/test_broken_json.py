"""What is read of JSON that breaks off."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pocketbase_server.kit.broken_json import leading_numbers, leading_texts
from pocketbase_server.kit.cast import to_texts

TEXTS = [
    ('["a","b"]', ["a", "b"]),
    (' [ "a" ,null ] x', ["a", ""]),
    ('["a","b"', ["a", "b"]),
    ('["a",1]', ["a"]),
    ('["a" "b"]', ["a"]),
    ('["a",]', ["a"]),
    ('[,"a"]', []),
    ('["a', []),
    (r'["\u00e4","\ud800","b"]', ["ä"]),
    ("[[", []),
    ('{"a":["x"]}', []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[row[0] for row in TEXTS])
def test_texts(text: str, expected: list[str]) -> None:
    """The texts before the first mistake are kept."""
    assert expected == leading_texts(text)


NUMBERS = [
    ('{"lon":1,"lat":2}', {"lon": 1, "lat": 2}),
    ('{"lon":3', {"lon": 3}),
    ('{"lon":3,,"lat":4}', {"lon": 3}),
    ('{"lon":3,"lon":4}', {"lon": 3}),
    ('{"lon":null,"lat":-1.5e1x', {"lat": -15}),
    ('{"lon":"1","lat":2}', {}),
    ('{"lon":1.,"lat":2}', {}),
    ('{"lon":1e400', {}),
    ('{"x":{"lon":5},"lat":1}', {"lat": 1}),
    ('{"lat":1,"x":[1,"lon":5}', {"lat": 1}),
    ("[1]", {}),
    ("{" * 5000, {}),
    ('{"x":' + "[" * 5000, {}),
]


@pytest.mark.parametrize(("text", "expected"), NUMBERS, ids=[row[0][:30] for row in NUMBERS])
def test_numbers(text: str, expected: dict[str, float]) -> None:
    """The members before the first mistake are kept; a repeated name is one."""
    assert expected == leading_numbers(text, frozenset({"lon", "lat"}))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_good_lists(texts: list[str]) -> None:
    """Of a list without a mistake nothing is lost."""
    assert texts == leading_texts(json.dumps(texts))


LISTS = [
    (["a", [], "b"], []),
    (["a", {}], []),
    ([None, "a", "a", True, 1.5], ["a", "true", "1.5"]),
    ({"a": 1}, []),
    ('["a"', ["a", '["a"']),
    ('["a","b"]', ["a", "b"]),
]


@pytest.mark.parametrize(("raw", "expected"), LISTS, ids=str)
def test_lists(raw: object, expected: list[str]) -> None:
    """A list is blank when one of its items cannot be a text; of broken JSON its beginning counts."""
    assert expected == to_texts(raw)
