"""Multipart forms: plain fields and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import mmap
from typing import Final
from urllib.parse import unquote

from pocketbase_server.kit.upload import Upload

MAX_PARTS: Final = 1000
_MAX_HEAD: Final = 1 << 16
_PARAM: Final = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')
_ESCAPE: Final = re.compile(r'\\(["\\])')

Buffer = bytes | mmap


class MultipartError(ValueError):
    """The body is no well-formed multipart form."""


@dataclass(slots=True)
class Form:
    """What a multipart form holds, by name, in order."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, list[Upload]] = field(default_factory=dict)


def parse_multipart(body: Buffer, content_type: str) -> Form:
    """Return the fields and files of *body*; the files are views into it."""
    boundary = header_params(content_type).get("boundary", "")
    if not boundary:
        raise MultipartError("no boundary")
    form = Form()
    view = memoryview(body)
    for number, (head, start, end) in enumerate(
        _parts(body, boundary.encode("latin-1", "replace"))
    ):
        if number >= MAX_PARTS:
            raise MultipartError("too many parts")
        _keep(form, _headers(head), view[start:end])
    return form


def _keep(form: Form, headers: dict[str, str], data: memoryview) -> None:
    disposition = headers.get("content-disposition", "")
    params = header_params(disposition)
    name = params.get("name", "")
    if not name or disposition.partition(";")[0].strip().lower() != "form-data":
        return
    # COMPAT: only the last part of a path; a part with an empty file name is a plain field
    filename = params.get("filename", "").rpartition("/")[2]
    if filename:
        upload = Upload(filename, headers.get("content-type", ""), data)
        form.files.setdefault(name, []).append(upload)
    else:
        form.fields.append((name, data.tobytes().decode("utf-8", "replace")))


def _parts(body: Buffer, boundary: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Give head, start and end of every part."""
    delimiter = b"--" + boundary
    at = _first(body, delimiter)
    # COMPAT: whoever ends lines with bare line feeds at the first boundary does so everywhere
    newline = b"\r\n" if body[at + len(delimiter) : at + len(delimiter) + 2] == b"\r\n" else b"\n"
    while True:
        at += len(delimiter)
        if body[at : at + 2] == b"--":
            return
        if body[at : at + len(newline)] != newline:
            raise MultipartError("text after a boundary")
        head_end = _end_of_head(body, at, newline)
        if head_end < 0:
            return  # COMPAT: a form that breaks off inside a part's head ends there
        start = head_end + 2 * len(newline)
        end = body.find(newline + delimiter, start - len(newline))
        if end < 0:
            raise MultipartError("a part without an end")
        yield body[at + len(newline) : head_end + len(newline)], start, max(start, end)
        at = end + len(newline)


def _first(body: Buffer, delimiter: bytes) -> int:
    if body[: len(delimiter)] == delimiter:
        return 0
    at = body.find(b"\n" + delimiter)
    if at < 0:
        raise MultipartError("no part")
    return at + 1


def _end_of_head(body: Buffer, at: int, newline: bytes) -> int:
    end = body.find(newline * 2, at)
    if end - at > _MAX_HEAD:
        raise MultipartError("the head of a part is too large")
    return end


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def header_params(value: str) -> dict[str, str]:
    """Return the parameters of a header such as `form-data; name="a"; filename*=UTF-8''b`."""
    found: dict[str, str] = {}
    for name, raw in _PARAM.findall(value):
        text = _ESCAPE.sub(r"\1", raw[1:-1]) if raw.startswith('"') else raw
        key = name.lower()
        if key.endswith("*"):
            key, text = key[:-1], unquote(text.rpartition("'")[2], errors="replace")
        found.setdefault(key, text)
    return found
