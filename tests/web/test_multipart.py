"""Multipart forms are read as the reference reads them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pocketbase_server.web.multipart import (
    MAX_PARTS,
    MultipartError,
    header_params,
    parse_multipart,
)

KIND = "multipart/form-data; boundary=BB"


def part(name: str, value: str, filename: str | None = None, newline: str = "\r\n") -> str:
    more = "" if filename is None else f'; filename="{filename}"'
    head = f'Content-Disposition: form-data; name="{name}"{more}'
    return f"--BB{newline}{head}{newline}{newline}{value}{newline}"


FIELDS = [
    ("one field", part("t", "x") + "--BB--\r\n", [("t", "x")]),
    ("a field twice", part("s", "a") + part("s", "b") + "--BB--", [("s", "a"), ("s", "b")]),
    ("an empty value", part("s", "") + "--BB--", [("s", "")]),
    ("bare line feeds", part("t", "x", newline="\n") + "--BB--\n", [("t", "x")]),
    ("text around the form", "junk\r\n" + part("t", "x") + "--BB--\r\nepilogue", [("t", "x")]),
    ("no parts", "--BB--\r\n", []),
    ("a part without a name", "--BB\r\nContent-Disposition: form-data\r\n\r\nx\r\n--BB--", []),
    ("a part without a disposition", "--BB\r\nX: y\r\n\r\nx\r\n--BB--", []),
    ("an empty name", part("", "x") + "--BB--", []),
    ("a break inside the head", part("t", "x")[:20], []),
    ("an empty file name is a field", part("f", "x", "") + "--BB--", [("f", "x")]),
    ("bytes that are no UTF-8", part("t", "\udcff") + "--BB--", [("t", "\ufffd")]),
]


@pytest.mark.parametrize(("name", "body", "expected"), FIELDS, ids=[row[0] for row in FIELDS])
def test_fields(name: str, body: str, expected: list[tuple[str, str]]) -> None:
    """Plain parts become fields, in order."""
    form = parse_multipart(body.encode("utf-8", "surrogateescape"), KIND)

    assert expected == form.fields
    assert form.files == {}


REFUSED = [
    ("no boundary", part("t", "x"), "multipart/form-data"),
    ("another boundary", part("t", "x"), "multipart/form-data; boundary=CC"),
    ("a part that breaks off", part("t", "x")[:-2], KIND),
    ("nothing", "", KIND),
    ("text after a boundary", "--BBx\r\n", KIND),
    ("too many parts", part("t", "x") * (MAX_PARTS + 1) + "--BB--", KIND),
]


@pytest.mark.parametrize(("name", "body", "kind"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name: str, body: str, kind: str) -> None:
    """A broken form is an error, never a traceback or a wrong value."""
    with pytest.raises(MultipartError):
        parse_multipart(body.encode(), kind)


def test_files() -> None:
    """Parts with a file name become uploads: name without folders, bytes as they are."""
    body = part("f", "\x00\r\n--B", "../../etc/pa ss.txt") + part("f", "", "e.txt") + "--BB--"

    form = parse_multipart(body.encode(), KIND)

    assert [(f.name, f.read()) for f in form.files["f"]] == [
        ("pa ss.txt", b"\x00\r\n--B"),
        ("e.txt", b""),
    ]


PARAMS = [
    ('form-data; name="a"; filename="b c.txt"', {"name": "a", "filename": "b c.txt"}),
    (r'form-data; name="a\"b"', {"name": 'a"b'}),
    ("form-data; name=a;filename*=UTF-8''%e2%82%ac.txt", {"name": "a", "filename": "€.txt"}),
    ('multipart/form-data; boundary="B B"', {"boundary": "B B"}),
    ("multipart/form-data", {}),
]


@pytest.mark.parametrize(("header", "expected"), PARAMS, ids=[row[0] for row in PARAMS])
def test_header_params(header: str, expected: dict[str, str]) -> None:
    """Parameters of headers are read quoted, bare and encoded."""
    assert expected == header_params(header)


@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    """Whatever bytes come, they are a form or refused."""
    with contextlib.suppress(MultipartError):
        parse_multipart(b"--BB" + body, KIND)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.binary(max_size=50)), max_size=5
    )
)
def test_round_trip(files: list[tuple[str, bytes]]) -> None:
    """What is put into a form comes out of it, unless it holds the boundary."""
    files = [(name, data) for name, data in files if b"--BB" not in data]
    body = b"".join(part(name, "", "x.bin").encode()[:-2] + data + b"\r\n" for name, data in files)

    form = parse_multipart(body + b"--BB--\r\n", KIND)

    got = sorted((name, f.read()) for name, all_ in form.files.items() for f in all_)
    assert sorted(files) == got
