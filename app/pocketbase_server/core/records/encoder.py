"""Rows straight to what orjson prints, for answers that no code looks at on the way."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson

from pocketbase_server.core.records.shape import EXACT, Convert, plain_text, shape

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field

Row = tuple[Any, ...]
Encode = Callable[[list[Row]], list[dict[str, Any]]]

_is_json = msgspec.json.Decoder(msgspec.Raw).decode
_texts = msgspec.json.Decoder(list[str]).decode
_Fragment = orjson.Fragment


class Encoder:
    """Turns rows of one collection into dicts, keys in the order of output."""

    __slots__ = ("_collection", "_email", "_made")

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._made: dict[tuple[bool, bool], Encode] = {}
        names = shape(collection).names
        field = collection.field("email") if collection.is_auth else None
        self._email = (
            (names.index("emailVisibility"), names.index("id"), field.hidden)
            if field is not None
            else None
        )

    def encode(
        self,
        rows: list[Row],
        *,
        everything: bool = False,
        emails_of: Container[str] = (),
        with_expand: bool = False,
    ) -> list[dict[str, Any]]:
        """Return one dict per row.

        With *everything*, hidden fields and emails are shown, as to a superuser; *emails_of* are
        ids whose email is shown anyway. With *with_expand* each dict has an empty `expand`.
        """
        make = self._made.get((everything, with_expand))
        if make is None:
            make = self._made[everything, with_expand] = _compile(
                self._collection, everything=everything, with_expand=with_expand
            )
        done = make(rows)
        if self._email is not None and not everything:
            _hide_emails(rows, done, self._email, emails_of)
        return done


def encoder(collection: Collection) -> Encoder:
    """Return the collection's encoder, made on first use."""
    known: Encoder | None = collection.cache.get("encoder")
    if known is None:
        known = collection.cache["encoder"] = Encoder(collection)
    return known


def _hide_emails(
    rows: list[Row],
    done: list[dict[str, Any]],
    email: tuple[int, int, bool],
    emails_of: Container[str],
) -> None:
    is_visible, at_id, is_hidden = email
    if is_hidden:
        return
    for row, item in zip(rows, done, strict=True):
        if not row[is_visible] and row[at_id] not in emails_of:
            del item["email"]


# -- code for one collection


def _compile(collection: Collection, *, everything: bool, with_expand: bool) -> Encode:
    """Make the function that turns rows into dicts.

    PERF: one dict display per row, with conversions written into it, costs a third of a loop.
    """
    seen = shape(collection)
    scope: dict[str, Any] = {}
    values: dict[str, str] = {
        "collectionId": repr(collection.id),
        "collectionName": repr(collection.name),
    }
    if with_expand:
        values["expand"] = "{}"
    for at, field in enumerate(seen.fields):
        if field.name in seen.cut or (field.hidden and not everything):
            continue
        values[field.name] = _expression(collection, field, at, scope)
    display = ",".join(f"{name!r}:{values[name]}" for name in sorted(values))
    row = "".join(f"v{at}," for at in range(len(seen.fields)))
    # SECURITY: names are `\w+` and enter the code through repr() all the same
    source = f"def encode(rows):\n return [{{{display}}} for ({row}) in rows]"
    exec(compile(source, f"<encoder of {collection.name}>", "exec"), scope)  # noqa: S102
    made: Encode = scope["encode"]
    return made


def _expression(collection: Collection, field: Field, at: int, scope: dict[str, Any]) -> str:
    """Return the code for one value: quick if it is stored as usual, else thorough."""
    seen = shape(collection)
    value, thorough = f"v{at}", f"f{at}"
    read, show = dict(seen.readers).get(field.name), seen.printers[field.name]
    if read is None and show is None:
        read = plain_text
    scope[thorough] = _both(read, show)
    kind = field.type + ("*" if field.is_multiple else "")
    template = _QUICK.get(kind, "{f}({v})")
    scope.update(_SCOPE)
    return template.format(v=value, f=thorough)


def _both(read: Convert | None, show: Convert | None) -> Convert:
    def convert(stored: Any) -> Any:
        value = stored if read is None else read(stored)
        return value if show is None else show(value)

    return convert


def _json(stored: str) -> Any:
    # NOTE: SQL written by hand may have left anything in the column, and one bad text breaks a page
    _is_json(stored)
    return _Fragment(stored)


def _list(stored: str, thorough: Convert) -> Any:
    try:
        items = _texts(stored)
    except (msgspec.MsgspecError, TypeError):
        return thorough(stored)
    return items if len(set(items)) == len(items) and "" not in items else thorough(stored)


def _raw(stored: Any, thorough: Convert) -> Any:
    if stored.__class__ is str:
        try:
            return _json(stored)
        except msgspec.MsgspecError:
            pass
        except RecursionError:
            # NOTE: too deep to be checked; no field takes text that is no JSON
            return _Fragment(stored)
    return None if stored is None else thorough(stored)


def _point(stored: Any, thorough: Convert) -> Any:
    # NOTE: SQL written by hand may have left other keys, or more of them
    if (
        stored.__class__ is str
        and stored[:7] == '{"lon":'
        and '"lat":' in stored
        and stored.count('"') == _QUOTES_IN_POINT
    ):
        return _raw(stored, thorough)
    return thorough(stored)


_QUOTES_IN_POINT: Final = 4

_SCOPE: dict[str, Any] = {"_list": _list, "_raw": _raw, "_point": _point}
_TEXT = "{v} if {v}.__class__ is str else {f}({v})"
_ONE = "{v} if {v}.__class__ is str and {v}[:1] != '[' else {f}({v})"
_MANY = "[] if {v} == '[]' else _list({v}, {f})"
_DATE = (
    "{v} if {v}.__class__ is str and (not {v} or (len({v}) == 24 and {v}[10] == ' ')) else {f}({v})"
)

_QUICK: dict[str, str] = {
    "bool": "{v} == 1 if {v}.__class__ is int else {f}({v})",
    "number": f"{{v}} if {{v}}.__class__ is int and -{EXACT} <= {{v}} <= {EXACT} else {{f}}({{v}})",
    "text": _TEXT,
    "editor": _TEXT,
    "email": _TEXT,
    "url": _TEXT,
    "select": _ONE,
    "relation": _ONE,
    "file": _ONE,
    "select*": _MANY,
    "relation*": _MANY,
    "file*": _MANY,
    "date": _DATE,
    "autodate": _DATE,
    "json": "_raw({v}, {f})",
    "geoPoint": "_point({v}, {f})",
    "password": "''",
}
"""By field type, `*` for lists: code for the usual stored value; others go through `Field`."""
