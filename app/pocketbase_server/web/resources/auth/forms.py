"""Fixed forms: a few texts by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.cast import to_text
from pocketbase_server.web.media import JSON, LOADING, read_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.web.exchange import Request


def read_texts(req: Request, *names: str) -> list[str]:
    """Return the texts of a form, "" for those not given.

    Raises `BadRequestError` when the body is malformed, or JSON with something else than texts.
    """
    body = read_form(req)
    if (req.header("content-type") or "").startswith(JSON):
        # COMPAT: the names of a fixed form may be written in any case
        folded = {key.lower(): value for key, value in body.items()}
        return [_json_text(folded, name) for name in names]
    return [_form_text(body, name) for name in names]


def _json_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise BadRequestError(LOADING)
    return value or ""


def _form_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    # NOTE: the text of a form was read as what it looks like; this is the way back
    return to_text(value[0] if isinstance(value, list) and value else value)
