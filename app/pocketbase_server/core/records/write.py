"""The acts inside the hooks: a record's row is added or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import NOT_UNIQUE, Issue, ValidationErrors
from pocketbase_server.core.records.shape import Convert, shape
from pocketbase_server.storage.sql import rows as sql
from pocketbase_server.storage.sql.errors import UniqueViolation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field
    from pocketbase_server.core.records.model import Record

_AUTH_ID = Issue("validation_invalid_auth_id", "Invalid or duplicated auth record id.")

Slot = tuple[str, "Convert | None", "Field"]
Plan = tuple[str, tuple[Slot, ...]]
"""A statement, and by parameter: whose value, how it is stored, which field."""


def insert_record(app: App, record: Record) -> None:
    """Add the record's row; raises `ValidationErrors` for values that are not unique."""
    if record.collection.is_auth:
        _refuse_shared_id(app, record)
    statement, slots = _insert_plan(record.collection)
    _run(app, record, statement, _parameters(record, slots))


def update_record(app: App, record: Record) -> None:
    """Write the values that have changed; raises `ValidationErrors` as `insert_record()` does."""
    names = tuple(record.changed())
    if not names:
        record.mark_saved()
        return
    statement, slots = _update_plan(record.collection, names)
    _run(app, record, statement, [*_parameters(record, slots), _stored_id(record)])


def _stored_id(record: Record) -> str:
    before = record.stored or record.original or record.values
    stored: str = before["id"]
    return stored


def _run(app: App, record: Record, statement: str, parameters: list[Any]) -> None:
    try:
        app.data.run(statement, parameters)
    except UniqueViolation as ex:
        raise _refusal(record.collection, ex) from ex
    if app.data.in_transaction:
        app.data.after_rollback(_undo(record))
    record.mark_saved()


def _undo(record: Record) -> Callable[[], None]:
    """Return what makes the record forget that it was saved."""
    is_new, stored = record.is_new, record.stored

    def undo() -> None:
        record.is_new, record.stored = is_new, stored

    return undo


def _refusal(collection: Collection, violation: UniqueViolation) -> Exception:
    names = {name.lower(): name for name in collection.by_name}
    refused = [names[c.lower()] for c in violation.columns if c.lower() in names]
    # COMPAT: an index over an expression names no field, so the answer names none either
    return ValidationErrors(dict.fromkeys(refused, NOT_UNIQUE)) if refused else violation


def _refuse_shared_id(app: App, record: Record) -> None:
    """Refuse an id that a record of another auth collection has."""
    # SECURITY: tokens name a record by collection and id, but rules often compare ids alone
    others = tuple(
        c.name for c in app.collections.all() if c.is_auth and c.id != record.collection.id
    )
    if others and app.data.one(sql.exists(others), (record.id,) * len(others)) is not None:
        raise ValidationErrors({"id": _AUTH_ID})


# -- plans


def _insert_plan(collection: Collection) -> Plan:
    known: Plan | None = collection.cache.get("insert")
    if known is None:
        names = shape(collection).names
        known = collection.cache["insert"] = (
            sql.insert(collection.name, names),
            _slots(collection, names),
        )
    return known


def _update_plan(collection: Collection, names: tuple[str, ...]) -> Plan:
    plans: dict[tuple[str, ...], Plan] = collection.cache.setdefault("updates", {})
    known = plans.get(names)
    if known is None:
        known = plans[names] = (sql.update(collection.name, names), _slots(collection, names))
    return known


def _slots(collection: Collection, names: tuple[str, ...]) -> tuple[Slot, ...]:
    seen = shape(collection)
    return tuple((name, seen.storers[name], collection.by_name[name]) for name in names)


def _parameters(record: Record, slots: tuple[Slot, ...]) -> list[Any]:
    values = record.values
    parameters = []
    for name, store, field in slots:
        value = values[name] if name in values else field.zero()
        parameters.append(value if store is None else store(value))
    return parameters


# -- modifiers


def with_steps_again(app: App, record: Record, act: Callable[[], None]) -> None:
    """Run *act*, the write; before it, apply the body's modifiers to what the database holds now.

    So of two hundred callers who add one at the same time, none is lost.
    """
    steps = record.steps()
    if not steps:
        act()
        return
    with app.data.transaction():
        renewed = _renewed(app, record, tuple(steps))
        if renewed:
            _check(app, record, renewed)
        act()


def _renewed(app: App, record: Record, names: tuple[str, ...]) -> list[str]:
    """Work modifiers out again where the database has moved on; return the fields that changed."""
    query = sql.select(record.collection.name, names)
    row = app.data.one(query, (_stored_id(record),))
    return (
        [] if row is None else [n for n, v in zip(names, row, strict=True) if _renew(record, n, v)]
    )


def _renew(record: Record, name: str, stored: Any) -> bool:
    field, before = record.collection.by_name[name], record.original or {}
    now, then = field.from_db(stored), before.get(name)
    # NOTE: a handler that has changed the value since knows better
    if now == then or record.values[name] != _stepped(record, name, then):
        return False
    record.values[name] = _stepped(record, name, now)
    if record.original is not None:
        # NOTE: what others have added meanwhile is nothing that this caller brings in
        record.original[name] = now
    return True


def _stepped(record: Record, name: str, value: Any) -> Any:
    for modify, raw in record.steps()[name]:
        value = modify(value, raw)
    return value


def _check(app: App, record: Record, names: list[str]) -> None:
    issues = {}
    for name in names:
        issue = record.collection.by_name[name].validate_value(record, app.records.context)
        if issue is not None:
            issues[name] = issue
    if issues:
        raise ValidationErrors(issues)
