"""Values that forms stand for, and what is merged into them."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.form_values import inferred
from pocketbase_server.web.exchange import Request
from pocketbase_server.web.media import LOADING, read_body, read_form

INFERRED: list[tuple[str, Any]] = [
    ("5", 5),
    ("-1", -1),
    ("0", 0),
    ("-0", -0.0),
    ("1.5", 1.5),
    ("-5.25", -5.25),
    ("1234567890123456", 1234567890123456),
    ("true", True),
    ("false", False),
    *[
        (text, text)
        for text in (
            "005", "1.50", "+1", "1e5", "True", "null", "", "  ", ".5", "5.", "0.10", "1.0", "00", "-",
            "9007199254740993", "12345678901234567890", "123456789.123456789", "1,000", "0x10", "Infinity",
            "NaN", " 5", '{"a":1}', "[1]", '"x"', "9" * 400, "٣",
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), INFERRED, ids=[row[0][:20] for row in INFERRED])
def test_inferred(text: str, expected: Any) -> None:
    """A form's text is a number only when the reference would write that number so."""
    got = inferred(text)

    assert expected == got
    assert type(expected) is type(got)


def ask(body: bytes, kind: str | None) -> Request:
    env: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
        "CONTENT_LENGTH": str(len(body)),
    }
    if kind is not None:
        env["CONTENT_TYPE"] = kind
    return Request(env)


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

BODIES: list[tuple[bytes, str | None, Any]] = [
    (b"", None, {}),
    (b"", "text/plain", {}),
    (b'{"t":"x"}', JSON, {"t": "x"}),
    (b'{"t":"x"}', "application/json; charset=utf-8", {"t": "x"}),
    (b'{"t":"x"}', "application/jsonfoo", {"t": "x"}),
    (b"null", JSON, {}),
    (b'{"t":"x"} foo', JSON, {"t": "x"}),
    (b' \n{"t":"x"}', JSON, {"t": "x"}),
    (b"t=x&t=y&s=1", FORM, {"t": ["x", "y"], "s": 1}),
    (b"t=a%20b+c", FORM, {"t": "a b c"}),
    (b"a=1&a=2&a=x", FORM, {"a": [1, 2, "x"]}),
    (b'@jsonPayload={"t":"p"}&t=q', FORM, {"t": "p"}),
    (b't=q&@jsonPayload={"t":null}', FORM, {"t": None}),
    (b't=q&t=r&@jsonPayload={"t":["a"]}', FORM, {"t": ["a"]}),
    (b'@jsonPayload={"t":{"a":1}}&@jsonPayload={"t":{"b":2}}', FORM, {"t": {"a": 1, "b": 2}}),
    (b'@jsonPayload={"n":"1.50"}', FORM, {"n": "1.50"}),
]


@pytest.mark.parametrize(("body", "kind", "expected"), BODIES)
def test_body(body: bytes, kind: str | None, expected: Any) -> None:
    """Bodies of all forms become one mapping."""
    assert expected == read_body(ask(body, kind))


GENERIC = "Something went wrong while processing your request."
TYPE = "Unsupported Content-Type."

REFUSED = [
    (b'{"t":"x"}', None, TYPE),
    (b'{"t":"x"}', "text/plain", TYPE),
    (b'{"t":"x"}', "APPLICATION/JSON", TYPE),
    (b'{"t":"x"}', "application/problem+json", TYPE),
    (b"<a/>", "application/xml", GENERIC),
    (b'{"t":', JSON, GENERIC),
    (b"[1]", JSON, GENERIC),
    (b"5", JSON, GENERIC),
    (b"   ", JSON, GENERIC),
    (b'{"t":"x","t":"y"}', JSON, GENERIC),
    (b'{"t":"\xff"}', JSON, GENERIC),
    (b'{"t":"\\ud800"}', JSON, GENERIC),
    (b'{"n":1e999}', JSON, GENERIC),
    (b'\xef\xbb\xbf{"t":"x"}', JSON, GENERIC),
    (b'{"j":' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON, GENERIC),
    (b'{"a":[' + b"1," * 2_000_000 + b"1]}", JSON, GENERIC),
    (b"t=%zz", FORM, GENERIC),
    (b"t=x;n=5", FORM, GENERIC),
    (b'@jsonPayload={"t"', FORM, GENERIC),
    (b"@jsonPayload=[1]", FORM, GENERIC),
    (b"@jsonPayload=", FORM, GENERIC),
    (b'@jsonPayload={"t":1} x', FORM, GENERIC),
    (b't=q&@jsonPayload={"t":5}', FORM, GENERIC),
    (b"x", "multipart/form-data", GENERIC),
]


@pytest.mark.parametrize(("body", "kind", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(body: bytes, kind: str | None, message: str) -> None:
    """What is no body of its type is refused in the reference's words."""
    with pytest.raises(BadRequestError) as caught:
        read_body(ask(body, kind))

    assert message == caught.value.message


FIXED_FORMS = [
    (b"{", JSON, False, LOADING),
    (b"{", JSON, True, LOADING),
    (b"{}", "text/plain", False, LOADING),
    (b"{}", "text/plain", True, TYPE),
]


@pytest.mark.parametrize(("body", "kind", "tells_type", "message"), FIXED_FORMS)
def test_fixed_forms_have_their_own_words(
    body: bytes, kind: str, tells_type: bool, message: str
) -> None:
    """A malformed form says what it was loading; some say that of a wrong content type, too."""
    with pytest.raises(BadRequestError) as caught:
        read_form(ask(body, kind), tells_type=tells_type)

    assert message == caught.value.message


def test_query() -> None:
    """Of repeated parameters the first counts; broken ones are left out."""
    request = ask(b"", None)
    request.query_string = f"a=1&a=2&b=%zz&c&d={quote('ü')}+%20&d;e=1&f=%ff&=x"

    assert request.query == {"a": "1", "c": "", "d": "ü  ", "f": "\ufffd", "": "x"}


def test_the_query_is_part_of_a_form() -> None:
    """What the address asks for comes after what the form says; JSON stands alone."""
    form, json = ask(b"t=a&n=1", FORM), ask(b'{"t":"a"}', JSON)
    form.query_string = json.query_string = "t=b&q=true"

    assert read_body(form) == {"t": ["a", "b"], "n": 1, "q": True}
    assert read_body(json) == {"t": "a"}
