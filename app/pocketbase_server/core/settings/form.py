"""Bodies to settings: what a caller sent goes over what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.options import Section, options_of, refuse_body
from pocketbase_server.core.settings.model import RateLimitRule, RateLimits
from pocketbase_server.kit.literals import truth, whole_number
from pocketbase_server.kit.members import RepeatedMemberError, members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.settings.model import Settings


def load_settings(settings: Settings, body: Mapping[str, Any]) -> None:
    """Put what *body* holds over *settings*; what it does not name stays.

    Raises `BadRequestError` when a value has the wrong type.
    """
    settings.merge(spelt(settings, body))


def load_form(
    settings: Settings, fields: Iterable[tuple[str, str]], payloads: Iterable[Mapping[str, Any]]
) -> None:
    """Put the texts of a form, by dotted names, over *settings*, and then its JSON *payloads*.

    What nothing is called is ignored. Raises `BadRequestError` when a value has the wrong type.
    """
    texts: dict[str, list[str]] = {}
    for name, text in fields:
        texts.setdefault(name, []).append(text)
    settings.merge(_named(settings, texts))
    for payload in payloads:
        settings.merge(payload)


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


def _named(section: Section, texts: Mapping[str, list[str]], prefix: str = "") -> dict[str, Any]:
    """Return the JSON object that the *texts* under dotted names make for a section."""
    done: dict[str, Any] = {}
    for option in options_of(type(section)):
        inner = getattr(section, option.attribute)
        name = prefix + option.wire
        if isinstance(inner, Section):
            done[option.wire] = _named(inner, texts, f"{name}.")
        elif name in texts and option.kind in _KINDS:
            done[option.wire] = _value(option.kind, texts[name])
    return done


def _value(kind: str, texts: list[str]) -> Any:
    if kind == "list[str]":
        return texts
    # COMPAT: of several texts the first counts; a blank one is a zero
    try:
        return _KINDS[kind](texts[0]) if texts[0] else None
    except ValueError as ex:
        raise refuse_body() from ex


_KINDS: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": str,
    "bool": truth,
    "int": whole_number,
    "list[str]": str,
}
"""By annotation: how the text of a form becomes an option's JSON value; other options have none."""
