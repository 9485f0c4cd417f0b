"""
JSON is read as strictly and written in the same words as the reference does.
"""

from __future__ import annotations

import json as stdlib_json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pocketbase_server.kit.json import (
    JsonError,
    canonical_json,
    dumps,
    is_json_text,
    is_valid,
    loads_strict,
    number_text,
)

# What the reference 0.40.6 stores for a json field, asked over its API.
STORED = [
    ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ({"a": {"d": 1, "c": [1, 2]}}, '{"a":{"c":[1,2],"d":1}}'),
    ({"": 1, "B": 1, "a": 1, "é": 1, "😀": 2, "\uffff": 3}, '{"":1,"B":1,"a":1,"é":1,"\uffff":3,"😀":2}'),
    ({"s": "\u2028\x7f\x01<b>&"}, '{"s":"\u2028\x7f\\u0001<b>&"}'),
    (1.0, "1"),
    (1e30, "1e+30"),
    (12345678901234567890, "12345678901234567000"),
    (9007199254740993, "9007199254740992"),
    (123456789012345678, "123456789012345680"),
    (-1e-9, "-1e-9"),
    (10**30, "1e+30"),
    ([1.0, 1e21, 1e20, 1e-6, 1e-7, 1.5e300, -0.0, 0.1], "[1,1e+21,100000000000000000000,0.000001,1e-7,1.5e+300,-0,0.1]"),
    (True, "true"),
    (None, "null"),
    ("", '""'),
    ("abc", '"abc"'),
    ("{}", "{}"),
    (" {}", '" {}"'),
    ("[1.0,  2]", "[1.0,  2]"),
    ("[1]\n", "[1]\n"),
    ("{x}", '"{x}"'),
    ("{}x", '"{}x"'),
    ("5 ", "5 "),
    (" 5", '" 5"'),
    ("+5", '"+5"'),
    ("05", '"05"'),
    ("-", '"-"'),
    ("12.50", "12.50"),
    ("1e3", "1e3"),
    ("1e999", "1e999"),
    ("true", "true"),
    ("true ", '"true "'),
    ("True", '"True"'),
    ("null", "null"),
    ("NaN", '"NaN"'),
    ('"abc"', '"abc"'),
    ('"abc', '"\\"abc"'),
    ('{"a":1,"a":2}', '{"a":1,"a":2}'),
    ("'a'", "\"'a'\""),
    ("\\", '"\\\\"'),
    ("\t\n", '"\\t\\n"'),
    ("\x01", '"\\x01"'),
    ("\x7f", '"\\x7f"'),
    ("\x80", '"\\u0080"'),
    ("\xa0", '"\\u00a0"'),
    ("\u2028", '"\\u2028"'),
    ("\ufffd", '"\ufffd"'),
    ("é😀", '"é😀"'),
    ("\U000e0001", '"\\U000e0001"'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), STORED, ids=lambda v: ascii(v)[:40])
def test_stored(value, expected):
    """A json field stores the text that the reference stores."""
    assert expected == canonical_json(value)


BODIES = [
    (b'{"j":1} trailing', {"j": 1}),
    (b'{"j":1}{"j":2}', {"j": 1}),
    (b'{"j":1}\xff', {"j": 1}),
    (b' \n\t{"j":1}', {"j": 1}),
    (b"nullx", None),
    (b'{"j":1,"J":2}', {"j": 1, "J": 2}),
    (b'{"j" : 1 , "n"\n:\t2}', {"j": 1, "n": 2}),
    (b'{"j":"a\\":b"}', {"j": 'a":b'}),
    (b'{"j":["x",{"a":1},{"a":2}]}', {"j": ["x", {"a": 1}, {"a": 2}]}),
    (b'{"j":"\\":","k":{"\\":":[{"a":"\\": "}]}}', {"j": '":', "k": {'":': [{"a": '": '}]}}),
]


@pytest.mark.parametrize(("body", "expected"), BODIES, ids=str)
def test_read(body, expected):
    """The first value of a body counts; what follows does not matter."""
    assert expected == loads_strict(body)


REFUSED = [
    b"",
    b"x",
    b"\xef\xbb\xbf{}",
    b'{"j":1,"j":2}',
    b'{"j":{"a":1,"a":1}}',
    b'{"j":[[{"a":1,"a":1}]]}',
    b'{"j":1,"\\u006a":2}',
    b'{"j":"a\\":b","k":1,"k" :2}',
    b'{"j":1,"j":2} x',
    b'{"j":"\xff"}',
    b'{"\xff":1}',
    b'{"a":"\\ud800"}',
    b'{"a":1e999}',
    b'{"a":1e999} x',
    b'{"a":NaN}',
    b'{"a":NaN} x',
    b'{"a":01}',
    b'{"a":"\t"}',
    b'{"a":1,}',
    b'{"j":[1,2}',
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000 + b" x",
]


@pytest.mark.parametrize("body", REFUSED, ids=lambda b: ascii(b)[:40])
def test_refused(body):
    """What the reference refuses is refused, and always with the same error."""
    with pytest.raises(JsonError):
        loads_strict(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_round_trip(value):
    """What is written reads back as the same value, numbers as doubles."""
    assert _as_doubles(value) == _as_doubles(loads_strict(dumps(value)))


@given(json_values)
def test_no_false_repeats(value):
    """A body without repeated keys is never taken for one that has some."""
    body = stdlib_json.dumps(value).encode()
    assert _as_doubles(value) == _as_doubles(loads_strict(body))


def _as_doubles(value):
    if isinstance(value, dict):
        return {key: _as_doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers(number):
    """A number's text is its shortest one, with an exponent only when very small or very large."""
    text = number_text(number)

    assert number == float(text)
    assert ("e" in text) == (abs(number) >= 1e21 or 0 < abs(number) < 1e-6)
    assert not text.endswith(".0")
    assert math.copysign(1, number) == math.copysign(1, float(text))


def test_json_text():
    """Only strings that begin like a JSON value are taken for one."""
    assert is_json_text("[1]")
    assert not is_json_text(" [1]")


VALID = [
    ("1e308", True),
    ("1e400", False),
    ("[1e400]", False),
    ('{"a":{"b":1},"c":[{"b":1}]}', True),
    ('{"a":1,"a":1}', False),
    ('[{"a":{"b":1,"b":2}}]', False),
    ('{"a":"\\"b\\":1,\\"b\\":2"}', True),
    ("[1", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "expected"), VALID)
def test_valid(text, expected):
    """JSON is valid without repeated keys and endless numbers."""
    assert expected == is_valid(text)


@pytest.mark.parametrize(
    ("text", "printed"),
    [("-0", "-0"), ("[-0,0, -0 ]", "[-0,0,-0]"), ('{"a":-0}x', '{"a":-0}'), ('"-0"', '"-0"')],
)
def test_negative_zero(text, printed):
    """Negative zero keeps its sign."""
    assert printed == dumps(loads_strict(text.encode())).decode()


@pytest.mark.parametrize("depth", [100, 254, 255, 800, 1020])
def test_deep(depth):
    """What can be read can be printed, however deep it is nested."""
    text = '{"b":[' * (depth // 2) + '1.0,{"z":1e21,"a":"x"}' + ',2],"a":{}}' * (depth // 2)
    value = loads_strict(text.encode())

    printed = dumps(value, sort_keys=True)

    assert printed == dumps(loads_strict(printed))
    assert b'[1,{"a":"x","z":1e+21},2]}' in printed
