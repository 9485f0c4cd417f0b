"""Bodies in and out: JSON, multipart, urlencoded; answers in JSON."""

from __future__ import annotations

import os
from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.form_values import MergeError, from_pairs, merge
from pocketbase_server.kit.json import JsonError, dumps, is_valid, loads_strict
from pocketbase_server.kit.query import QueryError, parse_form
from pocketbase_server.web.exchange import NO_BODY
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
        return _from_pairs([*_query_pairs(req), *_form(req, kind).fields])
    if kind.startswith(URLENCODED):
        return _urlencoded(req, kind)
    if kind.startswith(XML):
        raise MalformedBodyError
    raise BadRequestError("Unsupported Content-Type.")


def has_body(req: Request) -> bool:
    """Tell whether the caller sent a body."""
    if req.env["wsgi.input"] is NO_BODY:
        return False
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


def _urlencoded(req: Request, kind: str) -> dict[str, Any]:
    data = body_bytes(req)
    media_type = parse_media_type(kind)
    if media_type is None:
        raise MalformedBodyError
    if media_type.kind != URLENCODED:
        return _from_pairs(_query_pairs(req))
    if len(data) > _LONGEST_FORM:
        raise MalformedBodyError
    try:
        pairs = parse_form(data.decode("utf-8", "replace"))
    except QueryError as ex:
        raise MalformedBodyError from ex
    return _from_pairs([*pairs, *_query_pairs(req)])


# -- forms to values


def _from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    plain: list[tuple[str, str]] = []
    payloads: list[str] = []
    for name, text in pairs:
        if name == PAYLOAD:
            payloads.append(text)
        else:
            plain.append((name, text))
    body = from_pairs(plain)
    for text in payloads:
        more = _payload(text)
        # COMPAT: null takes away everything that came before it
        body = _merged(body, more) if more is not None else {}
    return body


def _merged(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    try:
        return merge(body, more)
    except MergeError as ex:
        raise MalformedBodyError from ex


def _query_pairs(req: Request) -> list[tuple[str, str]]:
    # COMPAT: the reference reads forms together with the query of the address
    try:
        return parse_form(req.query_string) if req.query_string else []
    except QueryError as ex:
        raise MalformedBodyError from ex


def _payload(text: str) -> dict[str, Any] | None:
    body = None if text.strip(" \t\r\n") == "null" else _json_body(text.encode())
    # COMPAT: unlike a JSON body, this must be nothing but the value
    if not is_valid(text):
        raise MalformedBodyError
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
