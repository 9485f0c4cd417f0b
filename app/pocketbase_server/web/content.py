"""Sending one piece of content: conditions, ranges, content type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_id
from pocketbase_server.kit.mime import SNIFFED, sniff, type_by_name
from pocketbase_server.kit.read_file import read_at_once

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response

NOT_MODIFIED: Final = HTTPStatus.NOT_MODIFIED.value
PRECONDITION_FAILED: Final = HTTPStatus.PRECONDITION_FAILED.value
_CHUNK: Final = 1 << 16
_SMALL: Final = 1 << 16
_NO_OVERLAP: Final = "invalid range: failed to overlap"
_NO_RANGE: Final = "invalid range"
_NUMBER: Final = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_LARGEST: Final = (1 << 63) - 1
_TAG: Final = re.compile(r'[\s,]*(?:(\*)|(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*")')
_TIME: Final = r" +\d?\d:\d\d:\d\d(?:[.,]\d+)? +"
_FRACTION: Final = re.compile(r"[.,]\d+")
_DATES: Final = tuple(
    (re.compile(shape, re.ASCII), form)
    for shape, form in (
        (rf"\w{{3}}, +\d\d +\w{{3}} +\d{{4}}{_TIME}GMT\Z", "%a, %d %b %Y %H:%M:%S GMT"),
        (rf"\w+, +\d\d-\w{{3}}-\d\d{_TIME}GMT\Z", "%A, %d-%b-%y %H:%M:%S GMT"),
        (rf"\w{{3}} +\w{{3}} +\d?\d{_TIME}\d{{4}}\Z", "%a %b %d %H:%M:%S %Y"),
    )
)
"""COMPAT: the three forms of dates, and in them nothing more lenient than the reference."""


@dataclass(slots=True, frozen=True)
class FileBody:
    """A part of a file as a body: the server sends it itself, others iterate over it."""

    place: str
    start: int
    end: int
    """The first byte after the part."""
    is_whole: bool

    def whole_if_small(self) -> bytes | None:
        """Return all of it when that is little and still there; None else.

        PERF: those who read large files do so on other threads, which costs more than a few kilobytes.
        """
        size = self.end - self.start
        if size > _SMALL:
            return None
        try:
            data = read_at_once(self.place, size, self.start)
        except OSError:
            return None
        return data if len(data) == size else None

    def __iter__(self) -> Iterator[bytes]:
        with Path(self.place).open("rb") as file:
            file.seek(self.start)
            left = self.end - self.start
            while left > 0 and (piece := file.read(min(_CHUNK, left))):
                left -= len(piece)
                yield piece


class RangeError(ValueError):
    """The `Range` header cannot be satisfied."""


Part = Callable[[int, int], Iterable[bytes]]
"""Gives the bytes of a piece of content from one position up to another."""


def send_file(req: Request, resp: Response, place: str, *, size: int, modified: float) -> None:
    """Answer with the file at *place*, or the part of it, or the refusal, that *req* asks for."""

    def kind() -> str:
        told = resp.get_header("content-type")
        return told or type_by_name(Path(place).name) or _sniffed(Path(place))

    def part(start: int, end: int) -> FileBody:
        return FileBody(place, start, end, is_whole=end - start == size)

    _send(req, resp, Content(size, int(modified), kind, part))


def send_content(req: Request, resp: Response, part: Part, *, size: int, modified: float) -> None:
    """Answer with content that *part* gives, as `send_file()` does; its type is set already."""
    kind = resp.get_header("content-type") or "application/octet-stream"
    _send(req, resp, Content(size, int(modified), lambda: kind, part))


@dataclass(slots=True, frozen=True)
class Content:
    """A piece of content and what is known of it."""

    size: int
    modified: int
    kind: Callable[[], str]
    part: Part


def _send(req: Request, resp: Response, content: Content) -> None:
    size = content.size
    resp.set_header("last-modified", http_date(content.modified))
    if not _is_wanted(req, resp, content.modified):
        return
    kind = content.kind()
    try:
        ranges = _ranges(req, size, content.modified)
    except RangeError as error:
        _refuse(resp, str(error), size)
        return
    resp.tell({"accept-ranges": "bytes", "content-type": kind})
    if len(ranges) > 1:
        _send_parts(req, resp, content, ranges)
        return
    start, end = ranges[0] if ranges else (0, size)
    if ranges:
        resp.status = 206
        resp.set_header("content-range", f"bytes {start}-{end - 1}/{size}")
    resp.set_header("content-length", str(end - start))
    if req.method != "HEAD" and end > start:
        resp.stream = content.part(start, end)


@lru_cache(maxsize=1024)
def http_date(seconds: int) -> str:
    """Return a moment as headers tell it."""
    return formatdate(seconds, usegmt=True)


def _sniffed(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(file.read(SNIFFED))


# -- conditions


def _is_wanted(req: Request, resp: Response, modified: int) -> bool:
    """Tell whether the content is to be sent; else the answer is 304 or 412 already."""
    status = _precondition(req, modified)
    if status:
        resp.status = status
        if status == PRECONDITION_FAILED:
            resp.send_nothing(req)
        else:
            resp.delete_header("content-type")
    return not status


def _precondition(req: Request, modified: int) -> int:
    """Return 304 or 412 when the caller's conditions say so, else 0. We have no entity tags."""
    match, since = req.header("if-match"), req.header("if-unmodified-since")
    if match:
        if not _names_any(match):
            return PRECONDITION_FAILED
    elif since and modified > _moment(since, modified):
        return PRECONDITION_FAILED
    none_match, modified_since = req.header("if-none-match"), req.header("if-modified-since")
    if none_match:
        return NOT_MODIFIED if _names_any(none_match) else 0
    if modified_since and req.method in {"GET", "HEAD"}:
        return NOT_MODIFIED if modified <= _moment(modified_since, -1) else 0
    return 0


def _names_any(header: str) -> bool:
    """Tell whether a list of entity tags has a `*` before anything that is no tag."""
    at = 0
    while found := _TAG.match(header, at):
        if found[1]:
            return True
        at = found.end()
    return False


def _moment(text: str, otherwise: int) -> int:
    found = _date(text)
    return otherwise if found is None else found


def _date(text: str) -> int | None:
    """Return the time that an HTTP date in one of its three forms names."""
    for shape, form in _DATES:
        if shape.match(text):
            try:
                plain = _FRACTION.sub("", text)
                return int(datetime.strptime(plain, form).replace(tzinfo=UTC).timestamp())
            except (ValueError, OverflowError):
                return None
    return None


# -- ranges


def _ranges(req: Request, size: int, modified: int) -> list[tuple[int, int]]:
    header = req.header("range")
    if not header:
        return []
    condition = req.header("if-range")
    if condition and _date(condition) != modified:
        return []
    if not size and header.startswith("bytes="):
        return []
    ranges = parse_ranges(header, size)
    # SECURITY: more bytes than the file has are an attack or a mistake; the whole will do
    return [] if sum(end - start for start, end in ranges) > size else ranges


def parse_ranges(header: str, size: int) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of every part asked for; raises `RangeError`."""
    if not header.startswith("bytes="):
        raise RangeError(_NO_RANGE)
    found: list[tuple[int, int]] = []
    is_outside = False
    for spec in header[6:].split(","):
        if spec.strip():
            part = _range(spec.strip(), size)
            is_outside |= part is None
            found += [part] if part else []
    if is_outside and not found:
        raise RangeError(_NO_OVERLAP)
    return found


def _range(spec: str, size: int) -> tuple[int, int] | None:
    first, dash, last = (part.strip() for part in spec.partition("-"))
    if not dash or not (first or last):
        raise RangeError(_NO_RANGE)
    if not first:
        if last.startswith("-"):
            raise RangeError(_NO_RANGE)
        return max(0, size - _number(last)), size
    start = _number(first)
    if start >= size:
        return None
    end = _number(last) if last else size - 1
    if end < start:
        raise RangeError(_NO_RANGE)
    return start, min(end + 1, size)


def _number(text: str) -> int:
    """Return the number that *text* is; raises `RangeError` when it is none, or too large."""
    if not _NUMBER.match(text) or abs(int(text)) > _LARGEST:
        raise RangeError(_NO_RANGE)
    return int(text)


def _refuse(resp: Response, message: str, size: int) -> None:
    resp.delete_header("last-modified")
    resp.delete_header("cache-control")
    if message == _NO_OVERLAP:
        resp.set_header("content-range", f"bytes */{size}")
    resp.send(f"{message}\n".encode(), "text/plain; charset=utf-8", 416)


def _send_parts(
    req: Request, resp: Response, content: Content, ranges: list[tuple[int, int]]
) -> None:
    boundary = random_id(60)
    kind = resp.get_header("content-type")
    resp.status = 206
    resp.set_header("content-type", f"multipart/byteranges; boundary={boundary}")
    pieces: list[bytes | Iterable[bytes]] = []
    length = 0
    for number, (start, end) in enumerate(ranges):
        head = (
            f"{'' if number == 0 else chr(13) + chr(10)}--{boundary}\r\n"
            f"Content-Range: bytes {start}-{end - 1}/{content.size}\r\nContent-Type: {kind}\r\n\r\n"
        ).encode()
        pieces += [head, content.part(start, end)]
        length += len(head) + end - start
    tail = f"\r\n--{boundary}--\r\n".encode()
    resp.set_header("content-length", str(length + len(tail)))
    if req.method != "HEAD":
        resp.stream = _joined([*pieces, tail])


def _joined(pieces: list[bytes | Iterable[bytes]]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from piece
