"""Options as JSON objects: attributes are snake_case, JSON names camelCase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar, NamedTuple, Self

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


def blank_option(kind: str) -> Any:
    """Return the value that null gives an option of that kind."""
    if kind.endswith("None"):
        return None
    return _BLANKS[kind.partition("[")[0]]()


_BLANKS: Mapping[str, Callable[[], Any]] = {
    "bool": bool,
    "str": str,
    "int": int,
    "Moment": str,
    "list": list,
    "dict": dict,
}


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
    "dict[str, Any]": _of(dict),
}
"""By annotation: how a JSON value becomes an option."""


@dataclass(slots=True)
class Section:
    """A group of options: printed in the order of definition, merged from partial JSON objects."""

    WIRE: ClassVar[Mapping[str, str]] = {}
    ABSENT: ClassVar[frozenset[str]] = frozenset()
    SECRETS: ClassVar[frozenset[str]] = frozenset()
    """Options that the API never shows."""
    SPARSE: ClassVar[frozenset[str]] = frozenset()
    """Options that are left out while they are blank."""

    def merge(self, raw: Any) -> None:
        """Take over what the JSON object *raw* holds; the rest stays. A null makes blank.

        Raises `BadRequestError` when an option has the wrong JSON type.
        """
        if raw is not None and not isinstance(raw, dict):
            raise refuse_body()
        for option in options_of(type(self)):
            if raw is None:
                self.merge_option(option, None)
            elif option.wire in raw:
                self.merge_option(option, raw[option.wire])

    def merge_option(self, option: Option, raw: Any) -> None:
        """Take over the JSON value of one option."""
        current = getattr(self, option.attribute)
        if isinstance(current, Section):
            current.merge(raw)
            return
        blank = raw is None
        value = blank_option(option.kind) if blank else read_option(option.kind, raw)
        setattr(self, option.attribute, value)

    def export(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """Return the options as a JSON object, secrets only when asked for."""
        body = {}
        for name, wire, _ in options_of(type(self)):
            value = getattr(self, name)
            if (name in self.SECRETS and not with_secrets) or (name in self.SPARSE and not value):
                continue
            body[wire] = _exported(value, with_secrets=with_secrets)
        return body

    def clone(self) -> Self:
        """Return a copy that shares nothing changeable."""
        copies = {f.name: _cloned(getattr(self, f.name)) for f in dataclass_fields(self)}
        return type(self)(**copies)


def _exported(value: Any, *, with_secrets: bool) -> Any:
    if isinstance(value, Section):
        return value.export(with_secrets=with_secrets)
    if isinstance(value, list):
        return [_exported(item, with_secrets=with_secrets) for item in value]
    return value


def _cloned(value: Any) -> Any:
    if isinstance(value, Section):
        return value.clone()
    if isinstance(value, list):
        return [_cloned(item) for item in value]
    return dict(value) if isinstance(value, dict) else value
