"""Records found, and saved inside hooks."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.errors import AppError, NotFoundError, ValidationErrors
from pocketbase_server.core.hooks.events import RecordErrorEvent, RecordEvent
from pocketbase_server.core.records.cascade import release_references
from pocketbase_server.core.records.context import RecordContext
from pocketbase_server.core.records.files import name_uploads
from pocketbase_server.core.records.lifecycle import patience, run_inside, run_outside
from pocketbase_server.core.records.model import Record, Row
from pocketbase_server.core.records.passwords import hash_passwords
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.records.write import insert_record, update_record, with_steps_again
from pocketbase_server.storage.sql import rows as sql
from pocketbase_server.storage.sql.errors import WouldBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks.hook import Hook


class RecordStore:
    """The records of all collections.

    What it returns belongs to the caller. Where a collection is wanted, its name or id will do.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.context = RecordContext(app)

    def _collection(self, place: Collection | str) -> Collection:
        return self._app.collections.find(place) if isinstance(place, str) else place

    # -- finding

    def new(self, place: Collection | str) -> Record:
        """Return a blank record, not saved yet."""
        return Record(self._collection(place))

    def from_row(self, collection: Collection, row: Row) -> Record:
        """Return the record of a row, columns in the order of field names."""
        return Record.from_row(collection, row)

    def get(self, place: Collection | str, record_id: str) -> Record | None:
        """Return the record with that id, or None."""
        return self.first_by(place, "id", record_id)

    def find(self, place: Collection | str, record_id: str) -> Record:
        """Return the record with that id; raises `NotFoundError` when there is none."""
        found = self.get(place, record_id)
        if found is None:
            raise NotFoundError
        return found

    def first_by(
        self, place: Collection | str, field: str, value: Any, *, nocase: bool = False
    ) -> Record | None:
        """Return the first record in which *field* has *value* (stored form), or None."""
        collection = self._collection(place)
        filled = field != "id" and value.__class__ is str and value != ""
        query = _first_query(collection, field, nocase=nocase, filled=filled)
        row = self._app.data.one(query, (value,))
        if row is None:
            return None
        return (Record.from_usual_row if collection.is_auth else Record.from_row)(collection, row)

    def find_by_ids(self, place: Collection | str, ids: Iterable[str]) -> list[Record]:
        """Return the records with these ids, in their order; unknown ids are left out."""
        collection = self._collection(place)
        wanted = list(dict.fromkeys(ids))
        query = sql.select_among(collection.name, shape(collection).names)
        rows = self._app.data.all(query, (orjson.dumps(wanted).decode(),))
        found = {record.id: record for record in (Record.from_row(collection, r) for r in rows)}
        return [found[one] for one in wanted if one in found]

    def find_by_filter(
        self,
        place: Collection | str,
        filter: str,
        sort: str = "",
        *,
        limit: int = 0,
        offset: int = 0,
        params: Mapping[str, Any] | None = None,
    ) -> list[Record]:
        """Return the records that match a filter; `{:name}` in it stands for `params["name"]`.

        No rule is applied, all fields may be used. Raises `RuleSyntaxError`.
        """
        collection = self._collection(place)
        rows = self._app.queries.find(
            collection, filter, sort, limit=limit, offset=offset, params=dict(params or {})
        )
        return [Record.from_row(collection, row) for row in rows]

    def count(self, place: Collection | str, filter: str = "") -> int:
        """Return how many records there are, or match a filter."""
        collection = self._collection(place)
        if filter:
            return len(self._app.queries.find(collection, filter))
        row = self._app.data.one(sql.count(collection.name))
        return int(row[0]) if row is not None else 0

    # -- saving

    def save(self, record: Record) -> None:
        """Create a new record, update any other."""
        if record.is_new:
            self.create(record)
        else:
            self.update(record)

    def validate(self, record: Record) -> None:
        """Raise `ValidationErrors` when the fields refuse their values."""
        event = RecordEvent(self._app, record, "validate")
        hooks = self._app.hooks
        run_inside(
            event,
            (hooks.model_validate, hooks.record_validate),
            "validate",
            _nothing,
            lambda go_on: self._check_fields(record, go_on),
        )

    def _check_fields(self, record: Record, go_on: Callable[[], None]) -> None:
        context = self.context
        issues: dict[str, Any] = {}
        for field in record.collection.fields:
            issue = field.validate_value(record, context)
            if issue is not None:
                issues[field.name] = issue
        if issues:
            raise ValidationErrors(issues)
        go_on()
        # NOTE: before the field itself does it, on whatever thread this is
        hash_passwords(record, self._app.passwords.hash)

    def create(self, record: Record) -> None:
        """Save a new record, with an id made up if it has none.

        Raises `ValidationErrors`, also for values that must be unique and are not.
        """
        self._create(record, is_checked=True)

    def create_unchecked(self, record: Record) -> None:
        """Save a new record without validating it."""
        self._create(record, is_checked=False)

    def _create(self, record: Record, *, is_checked: bool) -> None:
        hooks = self._app.hooks
        event = RecordEvent(self._app, record, "create")

        def execute() -> None:
            if is_checked:
                self.validate(record)
            run_inside(
                event,
                (hooks.model_create_execute, hooks.record_create_execute),
                "create_execute",
                lambda: self._insert(record),
                lambda go_on: self._app.record_files.save(record, go_on),
            )

        self._carry_out(event, (hooks.model_create, hooks.record_create), execute)

    def update(self, record: Record) -> None:
        """Save what was changed in a record.

        Raises `ValidationErrors`, also for values that must be unique and are not.
        """
        self._update(record, is_checked=True)

    def update_unchecked(self, record: Record) -> None:
        """Save what was changed in a record without validating it."""
        self._update(record, is_checked=False)

    def _update(self, record: Record, *, is_checked: bool) -> None:
        hooks = self._app.hooks
        event = RecordEvent(self._app, record, "update")

        def execute() -> None:
            if is_checked:
                self.validate(record)
            run_inside(
                event,
                (hooks.model_update_execute, hooks.record_update_execute),
                "update_execute",
                lambda: self._change(record),
                lambda go_on: self._app.record_files.save(
                    record, lambda: with_steps_again(self._app, record, go_on)
                ),
            )

        self._carry_out(event, (hooks.model_update, hooks.record_update), execute)

    def delete(self, record: Record) -> None:
        """Delete a record; relations that point to it are emptied or cascade.

        Raises `BadRequestError` when a required relation points to it.
        """
        hooks = self._app.hooks
        event = RecordEvent(self._app, record, "delete")

        def execute() -> None:
            run_inside(
                event,
                (hooks.model_delete_execute, hooks.record_delete_execute),
                "delete_execute",
                lambda: self._delete_row(record),
                lambda go_on: self._app.record_files.delete(
                    record, lambda: release_references(self._app, record, go_on)
                ),
            )

        self._carry_out(event, (hooks.model_delete, hooks.record_delete), execute)

    def _insert(self, record: Record) -> None:
        name_uploads(record)
        insert_record(self._app, record)

    def _change(self, record: Record) -> None:
        name_uploads(record)
        update_record(self._app, record)

    def _delete_row(self, record: Record) -> None:
        self._app.data.run(sql.delete(record.collection.name), (record.id,))

    def _carry_out(
        self, event: RecordEvent, hooks: tuple[Hook[Any], Hook[Any]], execute: Callable[[], None]
    ) -> None:
        """Run a verb inside its hooks, then tell those who wait for its success or failure."""
        _refuse_view(event.record)
        try:
            run_outside(event, hooks, event.type, execute)
        except WouldBlock:
            raise
        except Exception as ex:
            self._tell_failure(event, ex)
            raise
        data = self._app.data
        if data.in_transaction:
            data.after_rollback(lambda: self._tell_failure(event, _ROLLED_BACK))
        data.after_commit(lambda: self._tell_success(event))

    def _tell_success(self, event: RecordEvent) -> None:
        hooks, verb = self._app.hooks, event.type
        find, action = _SUCCESS[verb]
        with patience():
            run_outside(event, find(hooks), action, _nothing)

    def _tell_failure(self, event: RecordEvent, error: Exception) -> None:
        hooks, verb = self._app.hooks, event.type
        pair = (
            getattr(hooks, f"model_after_{verb}_error"),
            getattr(hooks, f"record_after_{verb}_error"),
        )
        failure = RecordErrorEvent(self._app, event.record, verb, error)
        run_outside(failure, pair, f"after_{verb}_error", _nothing)


_SUCCESS: Final = {
    verb: (
        attrgetter(f"model_after_{verb}_success", f"record_after_{verb}_success"),
        f"after_{verb}",
    )
    for verb in ("create", "update", "delete")
}
"""By verb: what finds both hooks of its success, and the action of the fields."""
_ROLLED_BACK = AppError("the transaction was rolled back")


def _nothing() -> None:
    """Be the act of hooks that only tell."""


def _refuse_view(record: Record) -> None:
    if record.collection.is_view:
        raise AppError("view records cannot be written")


def _first_query(collection: Collection, field: str, *, nocase: bool, filled: bool) -> str:
    key = ("first by", field, nocase, filled)
    known: str | None = collection.cache.get(key)  # type: ignore[call-overload]
    if known is None:
        names = shape(collection).names
        known = sql.select(collection.name, names, by=field, nocase=nocase, filled=filled)
        collection.cache[key] = known  # type: ignore[index]
    return known
