"""
Files of records: how they are taken, named, kept and served.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil

import pytest

from scripts.http_client import Client
from tests.parity.multipart import FORM, Part, body, form, image
from tests.pictures import animated, picture
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

DOCS = "/api/collections/docs/records"
RANDOM = r"(?:[a-z0-9]{10})?_[a-z0-9]{10}(?=[.\"])"
PNG = image("PNG")
COLLECTION = {
    "name": "docs",
    "type": "base",
    "listRule": "",
    "viewRule": "title != 'hidden'",
    "createRule": "",
    "updateRule": "",
    "deleteRule": "",
    "fields": [
        {"type": "text", "name": "title"},
        {"type": "file", "name": "one", "maxSelect": 1, "maxSize": 2000},
        {"type": "file", "name": "many", "maxSelect": 3},
        {"type": "file", "name": "text", "mimeTypes": ["text/plain"]},
        {
            "type": "file",
            "name": "pics",
            "maxSelect": 50,
            "thumbs": ["30x0", "0x30", "40x20", "40x20t", "40x20b", "40x20f", "7x50f", "200x10"],
        },
        {"type": "file", "name": "secret", "protected": True},
    ],
}
CHECKED = {**COLLECTION, "name": "checked", "createRule": "@request.body.one != ''"}
ZIP = bytes.fromhex(
    "504b03041400000000000000210086a61036050000000500000005000000612e74787468656c6c6f"
)
NAMES = [
    "Test File.TXT", "a.tar.gz", "..hidden", "noext", "weird$%^&name!.jp g", "x.", ".txt", "abc..txt",
    "abc.txt..", "abc.txt.", "a.b.c.d.txt", "v1.2.txt", "myFile123ABC.svg", "ABCdef.txt", "a__b.txt",
    "file.verylongextensionname", "abc.aaaaaaaaaaa.bbbbbbbbbbbbbbbbb", "abc.t-x", "abc.t@x", "é.ünï",
    "日本語.txt", "a" * 101 + ".txt", "a" * 95 + "-bcdefg.txt", "dir/abc.txt", "tab\tname.txt", "\u017fabcK.txt",
]  # fmt: skip
CONTENTS = {
    "empty": b"", "text": b"hello", "latin": b"h\xe9llo", "win": b"h\x93llo\x94", "bom": b"\xef\xbb\xbfhi",
    "utf16": "hi there".encode("utf-16"), "html": b"<!DOCTYPE html><html></html>", "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "xmlsvg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "xml": b'<?xml version="1.0"?><a/>',
    "json": b'{"a": 1}', "array": b"[1, 2]", "geo": b'{"type": "Point", "coordinates": [1, 2]}',
    "ndjson": b'{"a": 1}\n{"a": 2}\n', "csv": b"a,b\n1,2\n3,4\n", "tsv": b"a\tb\n1\t2\n3\t4\n",
    "nocsv": b"a,b\n1,2,3\n", "php": b"<?php echo 1;", "sh": b"#!/bin/sh\necho", "py": b"#!/usr/bin/env python\n",
    "rtf": b"{\\rtf1 x}", "ics": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "vcf": b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "vtt": b"WEBVTT\n\n",
    "srt": b"1\n00:00:01,000 --> 00:00:02,000\nhello\n", "png": PNG, "jpg": image("JPEG"), "gif": image("GIF"),
    "webp": image("WEBP"), "bmp": image("BMP"), "tiff": image("TIFF"), "ico": image("ICO"), "avif": image("AVIF"),
    "pdf": b"%PDF-1.4\n", "zip": ZIP, "emptyzip": b"PK\x05\x06" + bytes(18),
    "gz": b"\x1f\x8b\x08\x00", "bz2": b"BZh91AY", "7z": b"7z\xbc\xaf\x27\x1c", "rar": b"Rar!\x1a\x07\x00",
    "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\x00", "mp3": b"ID3\x03\x00\x00\x00\x00\x0fvTIT2\x00\x00\x00\x05\x00\x00\x00abcd", "wav": b"RIFF\0\0\0\0WAVEfmt ",
    "avi": b"RIFF\0\0\0\0AVI LIST" + bytes(40), "ogg": b"OggS\x00" + bytes(40), "flac": b"fLaC\x00\x00\x00\x22",
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0", "m4a": b"\0\0\0\x18ftypM4A \0\0\0\0", "mov": b"\0\0\0\x14ftypqt  \0\0\0\0",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0", "webm": b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm",
    "exe": b"MZ\x90\x00", "elf": b"\x7fELF\x02\x01\x01", "wasm": b"\x00asm\x01\0\0\0", "sqlite": b"SQLite format 3\x00",
    "woff2": b"wOF2\0\1\0\0", "ttf": b"\x00\x01\x00\x00\x00\x0c\x00\x80\x00\x03\x00@GDEF" + bytes(200), "bin": b"\0\1\2\3", "psd": b"8BPS\0\1",
}  # fmt: skip


@pytest.fixture(scope="module")
def pair(launch, template, reference_command, ours_command, tmp_path_factory) -> Pair:
    """Return both servers on copies of one directory with files, taken by the reference."""
    side = launch(reference_command)
    root = side.client("superuser")
    for collection in (COLLECTION, CHECKED):
        root.must("POST", "/api/collections", collection)
    for number, (name, data) in enumerate(FILES.items()):
        fields = {"pics": name, "secret": "secret.txt"}
        parts = [(field, file, data) for field, file in fields.items()]
        record = f"file{number:011d}"
        title = "hidden" if number else "shown"
        answer = side.client().ask(
            "POST", DOCS, body(("id", record), ("title", title), *parts), FORM
        )
        assert answer.status == 200, answer.text
        STORED[name] = {**answer.json(), "pics": answer.json()["pics"][0]}
    root.must("POST", "/api/collections", VIEW)
    side.server.stop()
    copies = []
    for command in (reference_command, ours_command):
        where = tmp_path_factory.mktemp("files") / "pb_data"
        shutil.copytree(side.data, where)
        copies.append(launch(command, where))
    return Pair(*copies)


VIEW = {
    "name": "shown",
    "type": "view",
    "viewRule": "",
    "viewQuery": "SELECT d.id, d.pics as p, d.secret FROM docs d",
}
FILES = {
    "plain.png": PNG,
    "gray.png": image("PNG", mode="L"),
    "clear.png": image("PNG", mode="RGBA"),
    "palette.png": image("PNG", mode="P"),
    "two.png": image("PNG", mode="1"),
    "wide.jpg": image("JPEG", (300, 20)),
    "cmyk.jpg": image("JPEG", mode="CMYK"),
    "turned.jpg": image("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
    "tall.webp": image("WEBP", (20, 300)),
    "a.gif": image("GIF"),
    "tiny.png": image("PNG", (3, 2)),
    "a.bmp": image("BMP"),
    "a.tiff": image("TIFF"),
    "fake.png": image("JPEG"),
    "broken.png": PNG[:60],
    "text.txt": b"hello world, this is a text of some length",
    "page.html": b"<html><script>alert(1)</script></html>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "pngas.svg": PNG,
    "style.css": b"a {}",
    "code.js": b"1",
    "doc.docx": b"PK\x03\x04aaaa",
    "movie.mp4": b"\0\0\0\x18ftypmp42",
    "empty.txt": b"",
    "two.jpg": picture("MPO", (90, 60)),
    "passes.jpg": picture("JPEG", (90, 60), progressive=True),
    "motion.gif": animated("GIF", (90, 60)),
    "motion.png": animated("PNG", (90, 60)),
    "motion.webp": animated("WEBP", (90, 60)),
    "corner.gif": image("GIF").replace(b"GIF87a" + (100).to_bytes(2, "little"), b"GIF87a" + (200).to_bytes(2, "little")),
}  # fmt: skip
STORED: dict[str, dict[str, str]] = {}
LOOK = (
    "content-type", "content-disposition", "content-length", "content-range", "accept-ranges", "last-modified",
    "cache-control", "content-security-policy", "x-frame-options", "x-content-type-options", "etag", "vary",
    "cross-origin-opener-policy", "x-xss-protection",
)  # fmt: skip


def url(name: str, field: str = "pics", collection: str = "docs") -> str:
    record = STORED[name]
    return f"/api/files/{collection}/{record['id']}/{record[field]}"


def ask(path: str, method: str = "GET", **more: object) -> Scenario:
    return q(path, method, look_at=LOOK, **more)  # type: ignore[arg-type]


# -- taking


@pytest.mark.parametrize("name", NAMES, ids=lambda n: repr(n)[:40])
def test_names(pair: Pair, name: str):
    """
    Names are tidied alike; only what is random in them differs.
    """
    pair.check(form(DOCS, ("many", name, b"hello"), blur=RANDOM))


@pytest.mark.parametrize("name", CONTENTS)
def test_types_by_content(pair: Pair, name: str):
    """
    Whatever it is called, a file is what its content says: extension and type follow from it.
    """
    asked = form(DOCS, ("many", "noext", CONTENTS[name]), blur=RANDOM)
    answers = [asked.send(side) for side in (pair.reference, pair.ours)]
    found = []
    for side, answer in zip((pair.reference, pair.ours), answers, strict=True):
        record = answer.json()
        served = side.client().get(f"/api/files/docs/{record['id']}/{record['many'][0]}")
        where = side.data / "storage" / record["collectionId"] / record["id"] / record["many"][0]
        kept = json.loads(where.with_name(where.name + ".attrs").read_text())
        extension = record["many"][0].partition(".")[2]
        shown = served.headers["content-disposition"].partition(";")[0]
        found.append((extension, kept, served.headers["content-type"], shown))

    assert found[0] == found[1]


TAKING = [
    form(DOCS, ("one", "a.txt", b"x" * 2000)),
    form(DOCS, ("one", "A b.txt", b"x" * 2001)),
    form(DOCS, ("one", "a.txt", b"x"), ("one", "b.txt", b"y")),
    form(DOCS, *[("many", f"{n}.txt", b"x") for n in range(4)]),
    form(DOCS, ("text", "a.txt", PNG)),
    form(DOCS, ("text", "a.png", b"hello")),
    form(DOCS, ("text", "a.txt", b"h\xe9llo")),
    form(DOCS, ("text", "a.txt", b"<html></html>")),
    q(DOCS, "POST", {"one": "abc.txt"}),
    q(DOCS, "POST", {"many": ["a.txt", "b.txt"]}),
    q(DOCS, "POST", {"many": {"a": 1}}),
    q(DOCS, "POST", {"many": None, "one": 5}),
    form(DOCS, ("@jsonPayload", '{"title":"x","one":"abc.txt"}'), ("one", "r.txt", b"r")),
    form(DOCS, ("one", "", b"r")),
    form(DOCS, ("many", "old.txt"), ("many", "e.txt", b"abc")),
    form(DOCS, ("title", "a.txt", b"hello")),
    form(DOCS, ("unknown", "a.txt", b"hello")),
    form(DOCS, ("many-", "a.txt", b"hello")),
    form(DOCS, ("+many", "a.txt", b"1"), ("many+", "b.txt", b"2"), ("many", "c.txt", b"3")),
    form(DOCS, ("one+", "a.txt", b"hello")),
    form(DOCS, ("many", "same.txt", b"1"), ("many", "same.txt", b"2")),
    form(DOCS, ("many", "x" * 150 + "." + "y" * 310, b"1")),
    form(
        DOCS,
        ("many", "../../etc/passwd", b"1"),
        ("many", "C:\\\\x\\\\y.txt", b"2"),
        ("many", "a.txt", b""),
    ),
    form("/api/collections/checked/records", ("title", "a")),
    form("/api/collections/checked/records", ("one", "a.txt", b"x")),
    form("/api/collections/checked/records", ("@jsonPayload", "{}"), ("one", "a.txt", b"x")),
]


@pytest.mark.parametrize("scenario", TAKING, ids=str)
def test_taking(pair: Pair, scenario: Scenario):
    """
    Sizes, counts and types are checked, keys with modifiers understood.
    """
    pair.check(Scenario(**{**vars(scenario), "blur": RANDOM}))


def test_changing(pair: Pair):
    """
    Files are added, put first, removed, replaced, kept in another order; others are gone from disk.
    """
    save = {"id": "id", "first": "many.0", "second": "many.1"}
    steps = [
        form(DOCS, ("many", "1.txt", b"1"), ("many", "2.txt", b"2"), save=save),
        form(f"{DOCS}/{{id}}", ("many+", "3.txt", b"3"), method="PATCH"),
        form(f"{DOCS}/{{id}}", ("many+", "4.txt", b"4"), method="PATCH"),
        q(f"{DOCS}/{{id}}", "PATCH", {"many-": "{first}"}),
        form(f"{DOCS}/{{id}}", ("+many", "5.txt", b"5"), method="PATCH"),
        q(f"{DOCS}/{{id}}", "PATCH", {"many-": "unknown"}),
        q(f"{DOCS}/{{id}}", "PATCH", {"many": ["{first}"]}),
        q(f"{DOCS}/{{id}}", "PATCH", {"many": ["{second}"]}),
        q(f"{DOCS}/{{id}}", "PATCH", {"many+": ["x.txt"]}),
        form(f"{DOCS}/{{id}}", ("many", "9.txt", b"9"), method="PATCH"),
        q("/api/files/docs/{id}/{second}"),
        form(f"{DOCS}/{{id}}", ("one", "a.txt", b"x" * 3000), method="PATCH"),
        q(f"{DOCS}/{{id}}", "PATCH", {"many": None}),
        q(f"{DOCS}/{{id}}", "PATCH", {"many": ""}),
    ]
    pair.check(*[Scenario(**{**vars(step), "blur": RANDOM}) for step in steps])
    left = []
    for side in (pair.reference, pair.ours):
        record = next((side.data / "storage").glob(f"*/{side.saved['id']}"), None)
        left.append([] if record is None else [p.name for p in record.rglob("*") if p.is_file()])

    assert left == [[], []]


ADDING = [
    (("+many", "{second}"), ("+many", "n.txt", b"n")),
    (("many+", "{second}"), ("many+", "n.txt", b"n")),
    (("many+", "{first}"), ("many", "n.txt", b"n")),
    (("many-", "{first}"), ("many+", "n.txt", b"n")),
    (("many", "{second}"), ("+many", "n.txt", b"n")),
    (("many", "{second}"), ("many+", "{first}"), ("many", "n.txt", b"n")),
    (("one-", "{first}"), ("one", "n.txt", b"n")),
    (("@jsonPayload", '{"+many":["{first}","{second}"]}'), ("+many", "n.txt", b"n")),
    (("many", "1.txt", b"1"), ("many+", "2.txt", b"2"), ("+many", "3.txt", b"3")),
]


@pytest.mark.parametrize("parts", ADDING, ids=str)
def test_names_and_files_together(pair: Pair, parts: tuple[Part, ...]):
    """
    What a form says of the files a record has, and the files that come with it, are put together alike.
    """
    made = form(
        DOCS,
        *[("many", f"{n}.txt", n.encode()) for n in ("one", "two")],
        save={"id": "id", "first": "many.0", "second": "many.1"},
        blur=RANDOM,
    )
    saved = [made.send(side).status for side in (pair.reference, pair.ours)]
    found = []
    for side in (pair.reference, pair.ours):
        filled = [(part[0], _filled(part[1], side.saved), *part[2:]) for part in parts]
        answer = side.client().ask("PATCH", f"{DOCS}/{side.saved['id']}", body(*filled), FORM)
        value = answer.json()
        names = [re.sub(RANDOM, "", f'{name}"') for name in value.get("many", ())]
        found.append((answer.status, names, value.get("data")))

    assert saved == [200, 200]
    assert found[0] == found[1]


@pytest.mark.parametrize("key", ["many", "many+", "+many", "many-", "one", "one-"])
def test_files_in_a_batch(pair: Pair, key: str):
    """
    In a batch, files stand in for what the body says under the same key.
    """
    found = []
    for side in (pair.reference, pair.ours):
        side.client("superuser").must("PATCH", "/api/settings", {"batch": {"enabled": True}})
        parts = [(name, f"{name}.txt", b"x") for name in ("many", "many", "one")]
        made = side.client().ask("POST", DOCS, body(*parts), FORM).json()
        request = {
            "method": "PATCH",
            "url": f"{DOCS}/{made['id']}",
            "body": {key: made["many"][0]},
        }
        payload = json.dumps({"requests": [request]})
        answer = side.client().ask(
            "POST",
            "/api/batch",
            body(("@jsonPayload", payload), (f"requests.0.{key}", "new.txt", b"n")),
            FORM,
        )
        changed = answer.json()[0]["body"]
        # NOTE: names get their random part twice in the reference
        names = [(n[:1], n in made["many"]) for n in changed["many"]]
        found.append((answer.status, names, changed["one"] == made["one"]))

    assert found[0] == found[1]


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


# -- serving


@pytest.mark.parametrize("name", FILES)
def test_serving(pair: Pair, name: str):
    """
    Types, dispositions and every other header are the reference's.
    """
    pair.check(
        ask(url(name)),
        ask(url(name), "HEAD"),
        *[ask(f"{url(name)}?download{text}") for text in ("", "=0", "=1", "=true", "=yes")],
        ask(url(name) + "?thumb=", headers={"Range": "bytes=0-3"}),
    )


THUMBS = ("100x100", *COLLECTION["fields"][4]["thumbs"], "55x55", "0x0", "zz", "-1x5")  # type: ignore[index]


@pytest.mark.parametrize("name", [n for n in FILES if "." in n and n[-3:] not in {"css", "txt"}])
def test_thumbs(pair: Pair, name: str):
    """
    Thumbs have the reference's sizes and formats; where it makes none, the original comes.
    """
    from PIL import Image

    for size in THUMBS:
        sides = []
        for side in (pair.reference, pair.ours):
            answer = side.client().get(url(name), thumb=size)
            headers = [
                answer.headers.get(n) for n in LOOK if n not in {"content-length", "last-modified"}
            ]
            if answer.headers["content-disposition"].partition('="')[2].startswith(size):
                made = Image.open(io.BytesIO(answer.body))
                sides.append((answer.status, headers, made.format, made.size, "A" in made.mode))
            else:
                sides.append((answer.status, headers, answer.body))

        assert sides[0] == sides[1], size


DATES = (
    "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 2 Jan 2090 15:04:05 GMT", "MON, 02 JAN 2090 15:04:05 GMT",
    "Mon, 02 Jan 2090 15:04:05 gmt", "Mon,  02  Jan 2090  5:04:05.25  GMT", "Monday, 02-Jan-90 15:04:05 GMT",
    "Mon Jan  2 15:04:05 2090", "Mon, 31 Feb 2090 15:04:05 GMT", "Mon, 02 Jan 2090 24:00:00 GMT",
)  # fmt: skip


def _conditions() -> list[dict[str, str]]:
    past, future = "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2090 15:04:05 GMT"
    headers: list[dict[str, str]] = [
        {"Range": f"bytes={text}"}
        for text in (
            "0-4", "5-", "-5", "0-0", "41-41", "42-", "100-200", "0-1000", "5-4", "-0", "a-b", "", ",", "0-1,3-4",
            "0-100,0-100", "0-1, 100-", "--1", " 0-4", "0 - 4", "99999999999999999999-",
        )
    ]  # fmt: skip
    headers += [{"Range": "items=0-4"}, {"Range": "bytes=0-4", "If-Range": past}]
    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        headers += [{name: date} for date in (past, future, "garbage", *DATES)]
    for name in ("If-Match", "If-None-Match"):
        headers += [
            {name: tags} for tags in ("*", '"abc"', '"a" *', '"a"*', "a, *", ',,W/"a",*', "W/*")
        ]
    return headers


@pytest.mark.parametrize("headers", _conditions(), ids=str)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(pair: Pair, headers: dict[str, str], method: str):
    """
    Parts and conditions are answered alike.
    """
    blur = r"[0-9a-f]{60}|[a-z0-9]{60}"
    look = tuple(n for n in LOOK if n != "content-type" or "," not in headers.get("Range", ""))
    pair.check(q(url("text.txt"), method, headers=headers, look_at=look, blur=blur))


def test_paths(pair: Pair):
    """
    Collections by name or id, view collections, and what is not there.
    """
    text = STORED["text.txt"]
    base = f"/api/files/docs/{text['id']}"
    pair.check(
        ask(url("text.txt", collection=text["collectionId"])),
        ask(url("text.txt", collection="missing")),
        ask(f"{base}/missing.txt"),
        ask(f"{base}/{text['pics']}.attrs"),
        ask(f"{base}/{text['pics']}/"),
        ask(base),
        ask(f"/api/files/docs/missing/{text['pics']}"),
        ask(url("text.txt"), "POST"),
        ask(url("text.txt"), "DELETE"),
        ask(url("text.txt", collection="shown")),
        ask(url("plain.png", collection="shown")),
        ask(url("text.txt", "secret", collection="shown")),
        ask(url("text.txt", collection="users")),
    )


def test_protected(pair: Pair):
    """
    Protected files need the file token of someone whom the view rule lets see the record.
    """
    shown, hidden = url("plain.png", "secret"), url("gray.png", "secret")
    steps = [q("/api/files/token", "POST"), ask(shown), ask(hidden)]
    for who in ("alice", "superuser"):
        steps += [
            q("/api/files/token", "POST", who=who, save={who: "token"}),
            ask(hidden, who=who),
            ask(f"{hidden}?token={{{who}}}"),
            ask(f"{shown}?token={{{who}}}"),
            ask(f"{hidden}?token={{{who}}}x"),
            q(f"{hidden}?token={{{who}}}", "HEAD"),
            ask(f"{hidden}?token={pair.ours.tokens[who]}"),
        ]
    pair.check(*steps)


def test_a_collection_with_its_files(pair: Pair):
    """
    A renamed collection keeps its files; a deleted one takes them along.
    """
    steps = [
        q("/api/collections", "POST", {**COLLECTION, "name": "gone"}, who="superuser", save={"cid": "id"}),
        form("/api/collections/gone/records", ("one", "a.txt", b"a"), save={"rid": "id", "file": "one"}),
        q("/api/collections/gone", "PATCH", {"name": "renamed"}, who="superuser"),
        q("/api/files/renamed/{rid}/{file}"),
        q("/api/files/gone/{rid}/{file}"),
        q("/api/collections/renamed", "DELETE", who="superuser"),
    ]  # fmt: skip
    statuses, left = [], []
    for side in (pair.reference, pair.ours):
        statuses.append([step.send(side).status for step in steps])
        # NOTE: the reference may still be removing folders, which a walk must survive
        walk = os.walk(side.data / "storage" / side.saved["cid"])
        left.append([name for *_, names in walk for name in names if name.endswith(".txt")])

    assert statuses[0] == statuses[1] == [200, 200, 200, 200, 404, 204]
    assert left == [[], []]


def test_each_reads_what_the_other_kept(pair: Pair, ours_command, reference_command, launch):
    """
    A directory that both wrote to serves the same files from either side.
    """
    answer = pair.ours.client().ask("POST", DOCS, body(("pics", "x.png", PNG)), FORM).json()
    where = pair.ours.data
    pair.ours.server.stop()
    side = launch(reference_command, where)
    path = f"/api/files/docs/{answer['id']}/{answer['pics'][0]}"
    got = Client(side.server.port).get(path)
    thumb = Client(side.server.port).get(path, thumb="30x0")

    assert (got.status, got.body, got.headers["content-type"]) == (200, PNG, "image/png")
    assert thumb.status == 200
    side.server.stop()
    pair.ours.server.start()
