"""Bodies to settings: what a caller sent goes over what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.options import Option, Section, options_of, refuse_body
from pocketbase_server.core.settings.model import RateLimitRule, RateLimits
from pocketbase_server.kit.cast import to_bool, to_text
from pocketbase_server.kit.members import RepeatedMemberError, members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.core.settings.model import Settings


def load_settings(settings: Settings, body: Mapping[str, Any], *, is_form: bool = False) -> None:
    """Put what *body* holds over *settings*; what it does not name stays.

    A form (*is_form*) has dotted names and only texts. Raises `BadRequestError` when a value has
    the wrong type.
    """
    settings.merge(_typed(settings, _nested(body)) if is_form else spelt(settings, body))


def spelt(section: Section, body: Any) -> Any:
    """Return *body* with its keys as the section spells them; others are left out.

    Raises `BadRequestError` for what is said twice.
    """
    if not isinstance(body, dict):
        return body
    known = {option.wire: option.attribute for option in options_of(type(section))}
    try:
        done = members(body, tuple(known))
    except RepeatedMemberError as ex:
        raise refuse_body() from ex
    for name, value in done.items():
        inner = getattr(section, known[name])
        if isinstance(inner, Section):
            done[name] = spelt(inner, value)
        elif isinstance(section, RateLimits) and name == "rules" and isinstance(value, list):
            done[name] = [spelt(RateLimitRule(), item) for item in value]
    return done


def _nested(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"a.b": 1}` as `{"a": {"b": 1}}`."""
    done: dict[str, Any] = {}
    for key, value in body.items():
        node = done
        *path, last = key.split(".")
        for name in path:
            inner = node.setdefault(name, {})
            node = inner if isinstance(inner, dict) else {}
        node[last] = value
    return done


def _typed(section: Section, body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    done: dict[str, Any] = {}
    for option in options_of(type(section)):
        if option.wire in body:
            inner = getattr(section, option.attribute)
            value = body[option.wire]
            done[option.wire] = (
                _typed(inner, value) if isinstance(inner, Section) else _as(option, value)
            )
    return done


def _as(option: Option, value: Any) -> Any:
    if option.kind == "str":
        return to_text(value)
    if option.kind == "bool":
        return to_bool(value)
    if option.kind == "list[str]":
        return [to_text(item) for item in (value if isinstance(value, list) else [value])]
    return value
