"""Multipart forms: plain fields and files."""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from pocketbase_server.kit.text import decoded
from pocketbase_server.kit.upload import FilePart, Upload, read_at
from pocketbase_server.web.media_type import parse_media_type

MAX_PARTS: Final = 1000
_MAX_HEAD: Final = 1 << 16
_MAX_LINE: Final = 1 << 12
_MOST_LIKENESSES: Final = 1000
"""How many lines may begin like a boundary and be none; more is no accident, and costs a search each."""
_BLANK: Final = b" \t"
_WINDOW: Final = 1 << 20
_MAX_FIELDS: Final = 26 << 20
"""Bytes that plain fields may have in all, which are held in memory."""
_FIELD_COST: Final = 200
"""Bytes that a field counts for besides its name and value."""


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
    boundary = _boundary(content_type)
    form = Form()
    left = _MAX_FIELDS
    for number, (head, start, end) in enumerate(_parts(body, b"--" + boundary)):
        if number >= MAX_PARTS:
            raise MultipartError("too many parts")
        part = (
            body.part(start, end) if isinstance(body, FileBuffer) else memoryview(body)[start:end]
        )
        left -= _keep(form, _headers(head), part, left)
    return form


def _boundary(content_type: str) -> bytes:
    found = parse_media_type(content_type)
    boundary = found.params.get("boundary") if found and found.kind in _FORMS else None
    if not boundary:
        raise MultipartError("no boundary")
    return boundary.encode("latin-1", "replace")


_FORMS: Final = frozenset({"multipart/form-data", "multipart/mixed"})


def _keep(form: Form, headers: dict[str, str], data: memoryview | FilePart, left: int) -> int:
    """Add a part to the form; return how much of what is *left* in memory it takes."""
    found = parse_media_type(headers.get("content-disposition", ""))
    name = found.params.get("name", "") if found else ""
    if found is None or not name or found.kind != "form-data":
        return 0
    if headers.get("content-transfer-encoding", "").lower() == "quoted-printable":
        data = memoryview(quopri.decodestring(data.tobytes()))
    # COMPAT: only the last part of a path; a part with an empty file name is a plain field
    filename = found.params.get("filename", "").rpartition("/")[2]
    if filename:
        upload = Upload(filename, headers.get("content-type", ""), data)
        form.files.setdefault(name, []).append(upload)
        return 0
    cost = data.nbytes + len(name.encode()) + _FIELD_COST
    if cost > left:
        raise MultipartError("fields are too large")
    form.fields.append((name, decoded(data.tobytes())))
    return cost


def _parts(body: Buffer, delimiter: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Give head, start and end of every part."""
    at, newline = _first(body, delimiter)
    while True:
        after = _after_boundary(body, at + len(delimiter), newline)
        if after is None:
            return
        head_end = _end_of_head(body, after, newline)
        if head_end < 0:
            return  # COMPAT: a form that breaks off inside a part's head ends there
        start = head_end + 2 * len(newline)
        end, at = _end_of_part(body, start, delimiter, newline)
        yield body[after + len(newline) : head_end + len(newline)], start, end


def _first(body: Buffer, delimiter: bytes) -> tuple[int, bytes]:
    """Return where the first boundary is, and how lines end; what comes before it is skipped."""
    at = 0
    for _ in range(_MOST_LIKENESSES):
        if body[at : at + len(delimiter)] == delimiter:
            rest = body[at + len(delimiter) : at + len(delimiter) + _MAX_LINE]
            # COMPAT: bare line feeds at the first boundary mean bare line feeds everywhere
            newline = b"\n" if rest.lstrip(_BLANK)[:1] == b"\n" else b"\r\n"
            if _is_last(rest, newline) or rest.lstrip(_BLANK).startswith(newline):
                return at, newline
        at = body.find(b"\n" + delimiter, at) + 1
        if at == 0:
            break
    raise MultipartError("no part")


def _is_last(rest: bytes, newline: bytes) -> bool:
    """Tell whether *rest*, which follows a boundary, says that it is the last one."""
    if rest[:2] != b"--":
        return False
    tail = rest[2:].lstrip(_BLANK)
    return not tail or tail.startswith(newline)


def _after_boundary(body: Buffer, at: int, newline: bytes) -> int | None:
    """Return where the line of a boundary ends, None after the last one."""
    rest = body[at : at + _MAX_LINE]
    if _is_last(rest, newline):
        return None
    tail = rest.lstrip(_BLANK)
    if not tail.startswith(newline):
        raise MultipartError("text after a boundary")
    return at + len(rest) - len(tail)


def _end_of_head(body: Buffer, at: int, newline: bytes) -> int:
    end = body.find(newline * 2, at)
    if end - at > _MAX_HEAD:
        raise MultipartError("the head of a part is too large")
    return end


def _end_of_part(body: Buffer, start: int, delimiter: bytes, newline: bytes) -> tuple[int, int]:
    """Return where the part that begins at *start* ends, and where the boundary after it begins."""
    if body[start : start + len(delimiter)] == delimiter and _ends_word(body, start, delimiter):
        return start, start
    mark = newline + delimiter
    end = body.find(mark, start)
    for _ in range(_MOST_LIKENESSES):
        if end < 0:
            break
        if _ends_word(body, end, mark):
            return end, end + len(newline)
        end = body.find(mark, end + len(mark))
    raise MultipartError("a part without an end")


def _ends_word(body: Buffer, at: int, mark: bytes) -> bool:
    """Tell whether the boundary in *mark* ends with it, and is not the beginning of a longer word."""
    after = body[at + len(mark) : at + len(mark) + 2]
    return after == b"--" or after[:1] in {b"", b" ", b"\t", b"\r", b"\n"}


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _unfolded(head.decode("utf-8", "replace")):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise MultipartError("a malformed header")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def _unfolded(head: str) -> list[str]:
    """Return the header lines; one that begins with a blank goes on where the last one ended."""
    lines: list[str] = []
    for text in head.rstrip("\r\n").split("\n") if head.strip("\r\n") else ():
        line = text.rstrip("\r")
        if line[:1] not in {" ", "\t"}:
            lines.append(line)
        elif lines:
            lines[-1] += " " + line.strip()
        else:
            raise MultipartError("a malformed header")
    return lines
