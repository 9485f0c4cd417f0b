"""Sending one piece of content: conditions, ranges, content type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_id
from pocketbase_server.kit.mime import SNIFFED, sniff, type_by_name

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response

NOT_MODIFIED: Final = HTTPStatus.NOT_MODIFIED.value
PRECONDITION_FAILED: Final = HTTPStatus.PRECONDITION_FAILED.value
_CHUNK: Final = 1 << 16
_NO_OVERLAP: Final = "invalid range: failed to overlap"
_NO_RANGE: Final = "invalid range"


@dataclass(slots=True, frozen=True)
class FileBody:
    """A part of a file as a body: the server sends it itself, others iterate over it."""

    path: str
    start: int
    end: int
    """The first byte after the part."""
    is_whole: bool

    def __iter__(self) -> Iterator[bytes]:
        with Path(self.path).open("rb") as file:
            file.seek(self.start)
            left = self.end - self.start
            while left > 0 and (piece := file.read(min(_CHUNK, left))):
                left -= len(piece)
                yield piece


class RangeError(ValueError):
    """The `Range` header cannot be satisfied."""


def send_file(req: Request, resp: Response, path: Path, *, size: int, modified: float) -> None:
    """Answer with the file at *path*, or the part of it, or the refusal, that *req* asks for."""
    resp.set_header("last-modified", formatdate(int(modified), usegmt=True))
    if not _is_wanted(req, resp, int(modified)):
        return
    kind = resp.get_header("content-type") or type_by_name(path.name) or _sniffed(path)
    try:
        ranges = _ranges(req, size, int(modified))
    except RangeError as error:
        _refuse(resp, str(error), size)
        return
    resp.set_header("accept-ranges", "bytes")
    resp.set_header("content-type", kind)
    if len(ranges) > 1:
        _send_parts(resp, path, ranges, size)
        return
    start, end = ranges[0] if ranges else (0, size)
    if ranges:
        resp.status = 206
        resp.set_header("content-range", f"bytes {start}-{end - 1}/{size}")
    resp.set_header("content-length", str(end - start))
    resp.stream = FileBody(str(path), start, end, is_whole=not ranges)


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
            resp.set_header("content-length", "0")
        resp.delete_header("content-type")
    return not status


def _precondition(req: Request, modified: int) -> int:
    """Return 304 or 412 when the caller's conditions say so, else 0. We have no entity tags."""
    match, since = req.header("if-match"), req.header("if-unmodified-since")
    if match is not None:
        if match.strip() != "*":
            return PRECONDITION_FAILED
    elif since is not None and modified > (_date(since) or modified):
        return PRECONDITION_FAILED
    none_match, modified_since = req.header("if-none-match"), req.header("if-modified-since")
    if none_match is not None:
        return NOT_MODIFIED if none_match.strip() == "*" else 0
    if modified_since is not None and req.method in {"GET", "HEAD"}:
        return NOT_MODIFIED if modified <= (_date(modified_since) or -1) else 0
    return 0


def _date(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


# -- ranges


def _ranges(req: Request, size: int, modified: int) -> list[tuple[int, int]]:
    header = req.header("range")
    if header is None or req.method == "HEAD":
        return []
    condition = req.header("if-range")
    if condition is not None and _date(condition) != modified:
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
    if not dash or not all(
        (part.isdecimal() and part.isascii()) or not part for part in (first, last)
    ):
        raise RangeError(_NO_RANGE)
    if not first:
        if not last:
            raise RangeError(_NO_RANGE)
        return max(0, size - int(last)), size
    start = int(first)
    if start >= size:
        return None
    if not last:
        return start, size
    if int(last) < start:
        raise RangeError(_NO_RANGE)
    return start, min(int(last) + 1, size)


def _refuse(resp: Response, message: str, size: int) -> None:
    resp.delete_header("last-modified")
    if message == _NO_OVERLAP:
        resp.set_header("content-range", f"bytes */{size}")
    resp.send(f"{message}\n".encode(), "text/plain; charset=utf-8", 416)


def _send_parts(resp: Response, path: Path, ranges: list[tuple[int, int]], size: int) -> None:
    boundary = random_id(60)
    kind = resp.get_header("content-type")
    resp.status = 206
    resp.set_header("content-type", f"multipart/byteranges; boundary={boundary}")
    pieces: list[bytes | FileBody] = []
    length = 0
    for number, (start, end) in enumerate(ranges):
        head = (
            f"{'' if number == 0 else chr(13) + chr(10)}--{boundary}\r\n"
            f"Content-Range: bytes {start}-{end - 1}/{size}\r\nContent-Type: {kind}\r\n\r\n"
        ).encode()
        pieces += [head, FileBody(str(path), start, end, is_whole=False)]
        length += len(head) + end - start
    tail = f"\r\n--{boundary}--\r\n".encode()
    resp.set_header("content-length", str(length + len(tail)))
    resp.stream = _joined([*pieces, tail])


def _joined(pieces: list[bytes | FileBody]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from piece
