"""Options as JSON objects: attributes are snake_case, JSON names camelCase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, NamedTuple

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.dates import parse_date

INVALID_BODY = "Failed to load the submitted data due to invalid formatting."
Moment = str
"""An option that is a moment; read from any form a date may have."""
_INT64 = 1 << 63


class Option(NamedTuple):
    """One option: its attribute, its JSON name and the name of its kind (the annotation)."""

    attribute: str
    wire: str
    kind: str


_known: dict[type, tuple[Option, ...]] = {}


def options_of(owner: Any) -> tuple[Option, ...]:
    """Return the options of a dataclass, in the order of definition; its `WIRE` and `ABSENT` count."""
    known = _known.get(owner)
    if known is None:
        known = _known[owner] = tuple(
            Option(f.name, owner.WIRE.get(f.name) or camel(f.name), str(f.type))
            for f in dataclass_fields(owner)
            if f.name not in owner.ABSENT
        )
    return known


def camel(name: str) -> str:
    """Return the JSON name of an attribute."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def read_option(kind: str, raw: Any) -> Any:
    """Return an option's value for its JSON value (not null).

    Raises `BadRequestError` when that has the wrong type.
    """
    return READERS[kind](raw)


def refuse_body() -> BadRequestError:
    """Return the error of a body whose values have the wrong types."""
    return BadRequestError(INVALID_BODY)


def _of(*kinds: type) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        if type(raw) in kinds:
            return raw
        raise refuse_body()

    return read


_text = _of(str)


def _whole(raw: Any) -> int:
    if type(raw) is not int or not -_INT64 <= raw < _INT64:
        raise refuse_body()
    return raw


def _texts(raw: Any) -> list[str]:
    if not isinstance(raw, list):
        raise refuse_body()
    return ["" if item is None else _text(item) for item in raw]


READERS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _of(bool),
    "bool | None": _of(bool),
    "str": _text,
    "str | None": _text,
    "int": _whole,
    "float | None": _of(float, int),
    "list[str]": _texts,
    "Moment": lambda raw: parse_date(_text(raw)),
    "dict[str, Any] | None": _of(dict),
}
"""By annotation: how a JSON value becomes an option."""
