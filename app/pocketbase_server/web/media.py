"""Bodies in and out: JSON, multipart, urlencoded; answers in JSON."""

from __future__ import annotations

import os
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.json import dumps
from pocketbase_server.kit.payloads import PayloadError, read_object, read_pairs, split_pairs
from pocketbase_server.kit.query import QueryError, parse_form
from pocketbase_server.kit.text import decoded
from pocketbase_server.web.exchange import NO_BODY
from pocketbase_server.web.media_type import parse_media_type
from pocketbase_server.web.multipart import FileBuffer, Form, MultipartError, parse_multipart

if TYPE_CHECKING:
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.web.exchange import Request, Response

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
FORMS: Final = (MULTIPART, URLENCODED)
XML: Final = ("application/xml", "text/xml")

LOADING: Final = "An error occurred while loading the submitted data."
READING: Final = "Failed to read the submitted data."

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


def read_xml_form(req: Request) -> dict[str, Any] | None:
    """Return the texts of a form in XML, by the names they have in JSON; None when it is none.

    COMPAT: fixed forms are read from XML too, records are not. Raises `BadRequestError`.
    """
    if not (req.header("content-type") or "").startswith(XML) or not has_body(req):
        return None
    from pocketbase_server.kit.xml_form import XmlError, read_xml

    try:
        texts = read_xml(body_bytes(req))
    except XmlError as ex:
        raise BadRequestError(LOADING) from ex
    return {name[:1].lower() + name[1:]: text for name, text in texts.items() if name[:1].isupper()}


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
    if kind.startswith(FORMS):
        try:
            return read_pairs(_form_pairs(req, kind))
        except PayloadError as ex:
            raise MalformedBodyError from ex
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
    try:
        return read_object(data)
    except PayloadError as ex:
        raise MalformedBodyError from ex


# -- forms


def read_fields(req: Request) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Return the fields of a form as they were sent, and the JSON objects that came with them.

    There are none in a body of another kind. Raises `BadRequestError`.
    """
    kind = req.header("content-type") or ""
    if not kind.startswith(FORMS) or not has_body(req):
        return [], []
    try:
        fields, payloads = split_pairs(_form_pairs(req, kind))
    except PayloadError as ex:
        raise MalformedBodyError from ex
    return fields, [payload for payload in payloads if payload is not None]


def _form_pairs(req: Request, kind: str) -> list[tuple[str, str]]:
    if kind.startswith(MULTIPART):
        return [*_query_pairs(req), *_form(req, kind).fields]
    return [*_urlencoded(req, kind), *_query_pairs(req)]


def _urlencoded(req: Request, kind: str) -> list[tuple[str, str]]:
    media_type = parse_media_type(kind)
    if media_type is None:
        raise MalformedBodyError
    if media_type.kind != URLENCODED:
        return []
    data = body_bytes(req)
    if len(data) > _LONGEST_FORM:
        raise MalformedBodyError
    try:
        return parse_form(decoded(data))
    except QueryError as ex:
        raise MalformedBodyError from ex


def _query_pairs(req: Request) -> list[tuple[str, str]]:
    # COMPAT: the reference reads forms together with the query of the address
    try:
        return parse_form(req.query_string) if req.query_string else []
    except QueryError as ex:
        raise MalformedBodyError from ex


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
