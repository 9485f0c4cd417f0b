"""Multipart forms are read as the reference reads them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pocketbase_server.web.media_type import parse_media_type
from pocketbase_server.web.multipart import MAX_PARTS, MultipartError, parse_multipart

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
    (
        "blanks after a boundary",
        part("t", "x").replace("BB", "BB \t") + "--BB-- \r\n",
        [("t", "x")],
    ),
    ("lines that begin like a boundary", part("t", "x\r\n--BBy") + "--BB--", [("t", "x\r\n--BBy")]),
    (
        "a boundary that is none before the first",
        "--BBx\r\n" + part("t", "x") + "--BB--",
        [("t", "x")],
    ),
    (
        "a part without an empty line's value",
        "--BB\r\nContent-Disposition: form-data; name=t\r\n\r\n--BB--",
        [("t", "")],
    ),
    ("a folded header", part("t", "x").replace("name", "\r\n name") + "--BB--", [("t", "x")]),
    ("a malformed disposition", part('t"; name="u', "x") + "--BB--", []),
    (
        "quoted-printable",
        part("t", "=C3=A4").replace(
            "\r\n\r\n", "\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n"
        )
        + "--BB--",
        [("t", "ä")],
    ),
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
    ("text after a later boundary", part("t", "x") + "--BB x\r\n", KIND),
    ("a header without a colon", "--BB\r\nX\r\n\r\nx\r\n--BB--", KIND),
    ("a header without a name", "--BB\r\n: X\r\n\r\nx\r\n--BB--", KIND),
    ("a header that begins with a blank", "--BB\r\n X: y\r\n\r\nx\r\n--BB--", KIND),
    ("thousands of likenesses", part("t", "\r\n--BBy" * 5000) + "--BB--", KIND),
    ("another type", part("t", "x") + "--BB--", "multipart/form-datax; boundary=BB"),
    ("a malformed type", part("t", "x") + "--BB--", "multipart/form-data; x; boundary=BB"),
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


HEADERS = [
    ('form-data; name="a"; filename="b c.txt"', ("form-data", {"name": "a", "filename": "b c.txt"})),
    (r'form-data; name="a\"b\c"', ("form-data", {"name": 'a"b\\c'})),
    ("form-data; name=a;filename*=UTF-8''%e2%82%ac.txt", ("form-data", {"name": "a", "filename": "€.txt"})),
    ("form-data; name=a; filename*=latin1''%e4.txt", ("form-data", {"name": "a"})),
    ("form-data; filename=a; filename*=utf-8''b", ("form-data", {"filename": "b"})),
    ("form-data; filename*0=a; filename*1*=%C3%A9", ("form-data", {"filename": "aé"})),
    ("form-data; filename*1=a; filename=b", ("form-data", {"filename": "b"})),
    ("form-data; filename*=utf-8''%zz; filename=b", ("form-data", {"filename": "b"})),
    (' Form-Data ;NAME = "a" ', ("form-data", {"name": "a"})),
    ("form-data; name=a; name=a;", ("form-data", {"name": "a"})),
    ('multipart/form-data; boundary="B B"', ("multipart/form-data", {"boundary": "B B"})),
    ("multipart/form-data", ("multipart/form-data", {})),
    ("form-data; name=a; name=b", None),
    ("form-data; a; name=b", None),
    ("form-data; name=a b", None),
    ('form-data; name="a', None),
    ("form data", None),
    ("a/b/c", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), HEADERS, ids=[row[0] for row in HEADERS])
def test_media_type(header: str, expected: tuple[str, dict[str, str]] | None) -> None:
    """Parameters of headers are read quoted, bare and encoded; a malformed header is nothing."""
    assert expected == parse_media_type(header)


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
