"""Bodies in and out: JSON, multipart, urlencoded; answers in JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from decimal import Decimal
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.json import JsonError, dumps, is_valid, loads_strict
from pocketbase_server.kit.query import QueryError, parse_form
from pocketbase_server.web.media_type import parse_media_type
from pocketbase_server.web.multipart import FileBuffer, Form, MultipartError, parse_multipart

if TYPE_CHECKING:
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.web.exchange import Request, Response

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
XML: Final = ("application/xml", "text/xml")

PAYLOAD: Final = "@jsonPayload"
"""The form field whose value is JSON that is merged into the body."""

LOADING: Final = "An error occurred while loading the submitted data."
READING: Final = "Failed to read the submitted data."

_MANY: Final = 1 << 20
"""Beyond this size a body's values are counted before they are made."""
_LONGEST_FORM: Final = 10 << 20
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)


class MalformedBodyError(BadRequestError):
    """The body is not what its content type says."""


# -- in


def read_body(req: Request) -> dict[str, Any]:
    """Return the body as a mapping, whatever its form; {} when there is none.

    Uploaded files are not in it: `read_files()` has them. Raises `BadRequestError`.
    """
    if req.body is None:
        req.body = _parse_body(req)
    return req.body


def read_form(req: Request, *, tells_type: bool = False) -> dict[str, Any]:
    """Return the body of a fixed form, with that form's own message when it cannot be read.

    With *tells_type* a content type that nobody knows keeps the message that says so.
    """
    try:
        return read_body(req)
    except BadRequestError as ex:
        if tells_type and not isinstance(ex, MalformedBodyError):
            raise
        raise BadRequestError(LOADING) from ex


def read_files(req: Request) -> dict[str, list[Upload]]:
    """Return the uploaded files by field name; {} unless the body is multipart."""
    kind = req.header("content-type") or ""
    if not kind.startswith(MULTIPART) or not has_body(req):
        return {}
    try:
        return _form(req, kind).files
    except MalformedBodyError as ex:
        raise BadRequestError(READING) from ex


def _parse_body(req: Request) -> dict[str, Any]:
    if not has_body(req):
        return {}
    kind = req.header("content-type") or ""
    # COMPAT: the start of the type counts, in lower case only
    if kind.startswith(JSON):
        return _json_body(body_bytes(req))
    if kind.startswith(MULTIPART):
        return _from_pairs(_form(req, kind).fields)
    if kind.startswith(URLENCODED):
        return _urlencoded(body_bytes(req), kind)
    if kind.startswith(XML):
        raise MalformedBodyError
    raise BadRequestError("Unsupported Content-Type.")


def has_body(req: Request) -> bool:
    """Tell whether the caller sent a body."""
    length = req.header("content-length")
    if length is not None:
        return length != "0"
    return req.header("transfer-encoding") is not None or _has_bytes(req.env["wsgi.input"])


def _has_bytes(source: Any) -> bool:
    # NOTE: over HTTP/2 a body needs no header that announces it; large ones are in a file
    if isinstance(source, BytesIO):
        return source.getbuffer().nbytes > 0
    return hasattr(source, "seekable")


def body_bytes(req: Request) -> bytes:
    """Return the body as it was sent."""
    source = req.env["wsgi.input"]
    if isinstance(source, BytesIO):
        return source.getvalue()
    # NOTE: what the server spooled may be read again; a plain WSGI input is read once
    if getattr(source, "seekable", bool)():
        source.seek(0)
    data: bytes = source.read(-1)
    return data


def _form(req: Request, kind: str) -> Form:
    if req.form is None:
        try:
            req.form = parse_multipart(_buffer(req), kind)
        except MultipartError as ex:
            raise MalformedBodyError from ex
    return req.form


def _buffer(req: Request) -> bytes | FileBuffer:
    """Return the body for searching: spooled ones stay on disk."""
    source = req.env["wsgi.input"]
    if isinstance(source, BytesIO) or not hasattr(source, "fileno"):
        return body_bytes(req)
    return FileBuffer(source, os.fstat(source.fileno()).st_size)


def _json_body(data: bytes) -> dict[str, Any]:
    value = _json(data)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedBodyError
    return value


def _json(data: bytes) -> Any:
    # SECURITY: text becomes ten times its size in memory; so much of it is no record
    if len(data) > _MANY and data.count(b",") > _MANY:
        raise MalformedBodyError
    try:
        return loads_strict(data)
    except JsonError as ex:
        raise MalformedBodyError from ex


def _urlencoded(data: bytes, kind: str) -> dict[str, Any]:
    media_type = parse_media_type(kind)
    if media_type is None:
        raise MalformedBodyError
    if media_type.kind != URLENCODED:
        return {}
    if len(data) > _LONGEST_FORM:
        raise MalformedBodyError
    try:
        return _from_pairs(parse_form(data.decode("utf-8", "replace")))
    except QueryError as ex:
        raise MalformedBodyError from ex


# -- forms to values


def _from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    payloads: list[str] = []
    for name, text in pairs:
        if name == PAYLOAD:
            payloads.append(text)
        else:
            _add(body, name, inferred(text))
    for text in payloads:
        more = _payload(text)
        # COMPAT: null takes away everything that came before it
        body = _merge(body, more) if more is not None else {}
    return body


def _add(body: dict[str, Any], name: str, value: Any) -> None:
    """Put a value under its name; a repeated name makes a list."""
    if name not in body:
        body[name] = value
    elif isinstance(body[name], list):
        body[name].append(value)
    else:
        body[name] = [body[name], value]


def inferred(text: str) -> Any:
    """Return the value that a form's text stands for: a bool, a number, else the text.

    A number only when it is written as the reference would write it: `1.5`, not `1.50`.
    """
    if text == "true":
        return True
    if text == "false":
        return False
    if _NUMBER.match(text):
        return _number(text)
    return text


def _number(text: str) -> float | str:
    number = float(text)
    plain = format(Decimal(repr(number)), "f")
    if plain.removesuffix(".0") != text:
        return text
    return number if "." in text or text == "-0" else int(number)


def _payload(text: str) -> dict[str, Any] | None:
    body = None if text.strip(" \t\r\n") == "null" else _json_body(text.encode())
    # COMPAT: unlike a JSON body, this must be nothing but the value
    if not is_valid(text):
        raise MalformedBodyError
    return body


_KINDS: Final[tuple[type | tuple[type, ...], ...]] = (dict, list, str, bool, (int, float))


def _kind(value: Any) -> Any:
    return next((kind for kind in _KINDS if isinstance(value, kind)), None)


def _merge(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return *body* with *more* merged into it: objects key by key, anything else by replacing its like."""
    for name, value in more.items():
        before = body.get(name)
        # COMPAT: a value cannot replace one of another kind
        if before is not None and value is not None and _kind(before) is not _kind(value):
            raise MalformedBodyError
        if isinstance(before, dict) and isinstance(value, dict):
            _merge(before, value)
        else:
            body[name] = value
    return body


# -- out


def send_json(
    req: Request, resp: Response, value: Any, status: int = 200, *, is_page: bool = False
) -> None:
    """Answer with *value* as JSON, reduced to what `?fields=` asks for: in a page, its items are."""
    wanted = req.query.get("fields") if req.query_string else None
    if wanted and status < HTTPStatus.MULTIPLE_CHOICES:
        from pocketbase_server.web.fields_picker import pick, pick_page

        value = pick_page(value, wanted) if is_page else pick(value, wanted)
    resp.send_json_bytes(dumps(value), status)


def send_nothing(resp: Response) -> None:
    """Answer 204."""
    resp.status = 204
