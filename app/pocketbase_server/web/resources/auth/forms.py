"""Fixed forms: a few texts by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.cast import to_text
from pocketbase_server.kit.literals import whole_number
from pocketbase_server.kit.members import RepeatedMemberError, members
from pocketbase_server.web.media import (
    JSON,
    LOADING,
    MalformedBodyError,
    read_body,
    read_form,
    read_xml_form,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.web.exchange import Request

_INTEGERS: Final = 1 << 63
"""COMPAT: whole numbers have 64 bits."""


def read_texts(req: Request, *names: str, is_generic: bool = False) -> list[str]:
    """Return the texts of a form, "" for those not given.

    Raises `BadRequestError` when the body is malformed, or JSON with something else than texts;
    *is_generic* forms say the same of content types they do not know.
    """
    body = read_xml_form(req)
    if body is None:
        body = read_form(req) if is_generic else _read_form(req)
    if is_json(req):
        named = by_name(body, names)
        return [_json_text(named, name) for name in names]
    return [_form_text(body, name) for name in names]


def is_json(req: Request) -> bool:
    """Tell whether the body is JSON."""
    return (req.header("content-type") or "").startswith(JSON)


def by_name(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a JSON body says of the fields called *names*, however it spells them.

    Raises `BadRequestError` when it says something twice, or it is unclear of which.
    """
    try:
        return members(body, names)
    except RepeatedMemberError as ex:
        raise BadRequestError(LOADING) from ex


def _read_form(req: Request) -> dict[str, Any]:
    try:
        return read_body(req)
    except MalformedBodyError as ex:
        raise BadRequestError(LOADING) from ex


def read_text(req: Request, name: str) -> str:
    """Return the one text of a form, "" when it is not given; raises as `read_texts()` does."""
    return read_texts(req, name)[0]


def read_integer(req: Request, name: str) -> int:
    """Return the whole number of a form, 0 when it is not given.

    Raises `BadRequestError` when the body is malformed, or holds something else.
    """
    body = read_xml_form(req)
    if body is None:
        body = read_form(req)
    if is_json(req):
        value = by_name(body, (name,)).get(name)
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INTEGERS:
            return value
        raise BadRequestError(LOADING)
    text = _form_text(body, name)
    if not text:
        return 0
    try:
        return whole_number(text)
    except ValueError as ex:
        raise BadRequestError(LOADING) from ex


def _json_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequestError(LOADING)
    return value or ""


def _form_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    # NOTE: the text of a form was read as what it looks like; this is the way back
    return to_text(value[0] if isinstance(value, list) and value else value)
