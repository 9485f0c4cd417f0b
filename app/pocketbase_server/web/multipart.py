"""Multipart forms: plain fields and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final
from urllib.parse import unquote

from pocketbase_server.kit.upload import FilePart, Upload, read_at

MAX_PARTS: Final = 1000
_MAX_HEAD: Final = 1 << 16
_PARAM: Final = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')
_ESCAPE: Final = re.compile(r'\\(["\\])')

_WINDOW: Final = 1 << 20
_MAX_FIELDS: Final = 42 << 20
"""Bytes that plain fields may have in all, which are held in memory."""


class FileBuffer:
    """A file as something to search and slice, of which only a little is ever in memory."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def __getitem__(self, wanted: slice) -> bytes:
        start, stop, _ = wanted.indices(self._size)
        return read_at(self._file, start, max(0, stop - start))

    def find(self, text: bytes, start: int = 0) -> int:
        """Return where *text* is first found from *start* on, or -1."""
        step = max(_WINDOW, len(text))
        while start < self._size:
            found = read_at(self._file, start, step + len(text) - 1).find(text)
            if found >= 0:
                return start + found
            start += step
        return -1

    def part(self, start: int, end: int) -> FilePart:
        """Return a stretch of the file, unread."""
        return FilePart(self._file, start, end - start)


Buffer = bytes | FileBuffer


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
    left = _MAX_FIELDS
    for number, (head, start, end) in enumerate(
        _parts(body, boundary.encode("latin-1", "replace"))
    ):
        if number >= MAX_PARTS:
            raise MultipartError("too many parts")
        part = (
            body.part(start, end) if isinstance(body, FileBuffer) else memoryview(body)[start:end]
        )
        left -= _keep(form, _headers(head), part, left)
    return form


def _keep(form: Form, headers: dict[str, str], data: memoryview | FilePart, left: int) -> int:
    """Add a part to the form; return how much of what is *left* in memory it takes."""
    disposition = headers.get("content-disposition", "")
    params = header_params(disposition)
    name = params.get("name", "")
    if not name or disposition.partition(";")[0].strip().lower() != "form-data":
        return 0
    # COMPAT: only the last part of a path; a part with an empty file name is a plain field
    filename = params.get("filename", "").rpartition("/")[2]
    if filename:
        upload = Upload(filename, headers.get("content-type", ""), data)
        form.files.setdefault(name, []).append(upload)
        return 0
    if data.nbytes > left:
        raise MultipartError("fields are too large")
    form.fields.append((name, data.tobytes().decode("utf-8", "replace")))
    return data.nbytes


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
