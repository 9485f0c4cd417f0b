"""
Bodies of records in every form: values in urlencoded and multipart forms, odd forms, odd JSON.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.parity import multipart
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

KINDS = "/api/collections/kinds/records"
SHOWN = "?fields=text,number,json,select_many,bool"
URLENCODED = "application/x-www-form-urlencoded"
FORM = "multipart/form-data; boundary=BB"
JSON = "application/json"
AUTO = r"(y|pre|5)?-?[a-z]{4}-[0-9]{3}"
T = "tag00000000000"

TEXTS = [
    "", "x", "true", "True", "0", "-0", "-1", "1.5", "1.50", "01", "1e3", "1e400", "null", "[]", "{}", '["a","b"]', '["a"', '["a"]x',
    '{"a":1}', '{"lon":1,"lat":2}', '{"lon":1', "NaN", "a,b", f'["{T}1","{T}2"]', f'["{T}1"', "2024-01-02", "1704164645", "  x ",
    "9007199254740993", "ünï😀", "a\r\nb", "a\x00b", "12345", "+1", ".5",
]  # fmt: skip
FIELDS = [
    "text", "text_strict", "number", "bool", "date", "select_one", "select_many", "json", "geo", "rel_one", "rel_many", "password", "number+", "+select_many", "rel_many-", "text_auto:autogenerate", "@jsonPayload",
]  # fmt: skip


def stored_as(pairs: list[tuple[str, str]], *, is_multipart: bool) -> list[Scenario]:
    """Return the questions that show what a form makes of a new record and of an old one."""
    where = f"{KINDS}/form00000000001"
    pairs = [("id", "form00000000001"), *pairs]
    body = multipart.body(*pairs) if is_multipart else urlencode(pairs)
    more: dict[str, Any] = {
        "headers": multipart.FORM if is_multipart else {"Content-Type": URLENCODED},
        "blur": AUTO,
    }
    return [
        q(KINDS, "POST", body, **more),
        q(where, who="superuser", blur=AUTO),
        q(where, "PATCH", body, **more),
        q(where, "DELETE"),
    ]


@pytest.mark.parametrize("field", FIELDS)
def test_texts_of_forms(field: str, pair: Pair) -> None:
    """The text of a form is a bool, a number, JSON or text, as the field takes it."""
    pair.check(
        *(
            step
            for at, text in enumerate(TEXTS)
            for step in stored_as([(field, text)], is_multipart=bool(at % 2))
        )
    )


PAYLOADS = [
    "null", "[]", "5", "", '{"text":"p"} x', ' {"text":"p"} ', '{"text":-0}', '{"text":1e400}', '{"text":"a","text":"b"}', '{"json":{"a":1,"a":2}}',
    '{"text":null}', '{"select_many":["a"]}', '{"select_many":"a"}', '{"number":"5"}', '{"json":{"a":1}}', '{"number+":1}', '{"text"',
]  # fmt: skip
BESIDE = [
    [], [("text", "x")], [("text", "5")], [("select_many", "a"), ("select_many", "b")], [("number", "1")], [("json", '{"b":2}')],
    [("@jsonPayload", '{"text":"first","json":{"z":1}}')], [("@jsonPayload", "null")],
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads(payload: str, pair: Pair) -> None:
    """What `@jsonPayload` holds is merged into the fields, before or after it."""
    more = {"headers": {"Content-Type": URLENCODED}}
    pair.check(
        *(
            q(f"{KINDS}{SHOWN}", "POST", urlencode(pairs), **more)
            for beside in BESIDE
            for pairs in (
                [*beside, ("@jsonPayload", payload)],
                [("@jsonPayload", payload), *beside],
            )
        )
    )


def part(text: str = "v", head: str = "", name: str = "text", newline: str = "\r\n") -> str:
    """Return one part of a form; *head* follows the name."""
    start = f'--BB{newline}Content-Disposition: form-data; name="{name}"'
    return f"{start}{head}{newline}{newline}{text}{newline}"


END = "--BB--"
WHOLE = part() + END
RAW: list[tuple[str, str | bytes]] = [
    *((kind, WHOLE) for kind in (
        "multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="BB"', "multipart/form-data;boundary=BB; charset=utf-8",
        "multipart/form-data; boundary=CC", "Multipart/Form-Data; boundary=BB", "multipart/mixed; boundary=BB", "multipart/form-data; Boundary=BB",
        "multipart/form-data; boundary=B B", "multipart/form-data; boundary=BB;", "multipart/form-data; foo; boundary=BB",
        "multipart/form-data; boundary=BB; boundary=BB", "multipart/form-datax; boundary=BB",
    )),
    *((FORM, text) for text in (
        "", END, f"{END}\r\n", f"\r\n{END}", f"preamble\r\n{WHOLE}", f"--BBx\r\n{WHOLE}", f"{WHOLE}epilogue", part() + "--BB", part() + "--BB\r\n", part(), part()[:-2],
        "--BB\r\n", "--BB", "x", f"--BB\r\n\r\nv\r\n{END}", f"--BB\r\nX: y\r\n\r\nv\r\n{END}", part(newline="\n") + f"{END}\n",
        part() + part(newline="\n") + END, part() + part().replace("BB", "BB \t") + END, f"{WHOLE} \r\n", f"{part()}--BB x\r\n",
        part("a", name="") + END, part(name='text"; name="number') + END, part(name='text"; x; y="') + END, part("a", '; filename=""') + END,
        part("5", name="number", head="\r\nContent-Type: application/json") + END, part("YWJj", "\r\nContent-Transfer-Encoding: base64") + END,
        part("=C3=A4", "\r\nContent-Transfer-Encoding: quoted-printable") + END, part("a\r\n--BBb") + END, part("a\r\n--BC") + END, part("a\n--BB\nb") + END,
        part("") + END, part("\r\n") + END, part(head="\r\nbad") + END, part(head="\r\n folded: x") + END, part(head="\r\n: x") + END, part(head="\r\nA B: x") + END,
        f"--BB\r\nContent-Disposition: form-data; name=text\r\n\r\n{END}", "".join(part() for _ in range(1001)) + END,
    )),
    *((URLENCODED, text) for text in (
        "text=a&text=b", "text", "=a", "&&", "text=a%", "text=%zz", "text=%FF", "text=%E2%82", "text=a%F0%9F%98b", "text=%ED%A0%80", "text=a;number=5", "text=a+b%2B", "te%78t=x", "select_many[]=a", " text=a",
    )),
    (URLENCODED, b"te\xe2\x82xt=1&text=\xf0\x9fa"), (FORM, part("~").encode().replace(b"~", b"\xe2\x82a") + END.encode()),
    (f"{URLENCODED}; charset=utf-8", "text=a"), (f"{URLENCODED}; x", "text=a"), (f"{URLENCODED}x", "text=a"), (URLENCODED.upper(), "text=a"),
    *((JSON, text) for text in (
        '{"text":-0}', '{"number":-0}', '{"json":[-0,1.0,1e21]}', '{"text":[-0]}', '{"json":1e400}', '{"json":"1e400"}', '{"json":"[1e400]"}', '{"json":"{\\"a\\":1,\\"a\\":2}"}',
        '{"text":1e400}', '{"json":' + "[" * 300 + "]" * 300 + "}", '{"json":' + '{"a":' * 300 + "1.0" + "}" * 300 + "}", '{"json":"' + "[" * 300 + "]" * 300 + '"}',
    )),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(RAW)))
def test_raw(number: int, pair: Pair) -> None:
    """A body that is nearly a form, or hardly one, is read or refused alike."""
    kind, text = RAW[number]
    where = f"{KINDS}/kind00000000003"
    pair.check(
        q(KINDS + SHOWN, "POST", text, headers={"Content-Type": kind}),
        q(where + SHOWN, "PATCH", text, headers={"Content-Type": kind}),
        q(where + SHOWN),
        q(where, "PATCH", {"text": "t", "number": 0, "json": None, "select_many": ["a"]}),
    )


NEAR_LISTS: list[Any] = [
    [[], "a"], ["a", []], ["a", {}], ["a", ["b"]], [["a"], "b"], ["a", None], ["a", True], [1.5], '["a",1]', '["a",[]]', '["a"', "[a]", '["a",null]', "[null]",
    ' ["a"]', '["a"] x', '["a","b",', '["a" "b"]', '[,"a"]', '["\\ud800"]', 'x["a"]', f'["{T}1"', [f"{T}1", []], [None, f"{T}1"], [{}, f"{T}1"], ['["a"]'], ["b", '["a"]'], ["[]"], ["a", "[]"], [f'["{T}1"]'],
]  # fmt: skip
NEAR_POINTS: list[Any] = [
    '{"lon":3,"lat":4,}', '{"lon":3}x', '{"lat":4,"lon":"x"}', '{"lon":"x","lat":4}', '{"lon":3,"lon":4}', '{"lon":3,"x":{"lat":}', '{"lon":3,"lat":12',
    '{"lon":3 "lat":5}', '{"lat":3,"lon":1e400}', '{"lat":3,"lon":01}', '{"lon":-1', '{"lon":1.', '{"lon":null,"lat":4}', '[{"lon":3}]', '{"lon":3,"a":"b:c"}',
    {"lon": 0.1, "lat": -0.0},
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "values"),
    [
        *((field, NEAR_LISTS) for field in ("select_one", "select_many", "rel_one", "rel_many")),
        ("geo", NEAR_POINTS),
        ("password", ["x" * 71, "x" * 72, "x" * 73, "ä" * 40, 1e300, 1e20]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_near_misses(field: str, values: list[Any], pair: Pair) -> None:
    """Of a list or place that is nearly one, as much counts as with the reference."""
    where = f"{KINDS}/near00000000001"
    pair.check(
        *(
            step
            for value in values
            for who in ("guest", "superuser")
            for step in (
                q(KINDS, "POST", json.dumps({"id": "near00000000001", field: value}), who, headers={"Content-Type": JSON}),
                q(where, "PATCH", {field: value}, who),
                q(where, "DELETE"),
            )
        )
    )  # fmt: skip
