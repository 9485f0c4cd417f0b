"""Bodies to settings: what a caller sent goes over what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.options import Option, Section, options_of
from pocketbase_server.kit.cast import to_bool, to_text

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
    """Return *body* with its keys as the section spells them: their case does not count."""
    if not isinstance(body, dict):
        return body
    known = {option.wire.lower(): option for option in options_of(type(section))}
    done: dict[str, Any] = {}
    for key, value in body.items():
        option = known.get(key.lower())
        if option is not None:
            inner = getattr(section, option.attribute)
            done[option.wire] = spelt(inner, value) if isinstance(inner, Section) else value
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
