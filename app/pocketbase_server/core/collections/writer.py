"""Saving collections: hooks around one transaction with their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.defaults import (
    complete_fields,
    free_collection_id,
    made_id,
)
from pocketbase_server.core.collections.indexes import (
    default_auth_indexes,
    renamed_table,
    single_column_unique,
)
from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.collections.select_list import ViewQueryError
from pocketbase_server.core.collections.sync import sync_table
from pocketbase_server.core.collections.validate import CollectionCheck
from pocketbase_server.core.collections.view_validate import load_view_fields
from pocketbase_server.core.collections.views import view_select
from pocketbase_server.core.errors import AppError, BadRequestError, ValidationErrors
from pocketbase_server.core.hooks.events import CollectionErrorEvent, CollectionEvent
from pocketbase_server.core.hooks.hook import trigger_refined
from pocketbase_server.kit import dates
from pocketbase_server.kit.ids import random_string
from pocketbase_server.storage.sql import collection_rows as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

SECRET_LENGTH = 50
OLD_MISSING = "failed to retrieve old cached collection: sql: no rows in result set"
"""COMPAT: in the reference's words, which speak of its memory."""


class CollectionWriter:
    """Creates, updates, deletes and empties collections; the store's other half."""

    def __init__(self, app: App) -> None:
        self._app = app

    # -- saving

    def save(self, collection: Collection, *, is_checked: bool = True) -> None:
        """Save a collection with its table in one transaction.

        Raises `ValidationErrors`; nothing has changed then.
        """
        verb = "create" if collection.is_new else "update"
        self._carry_out(collection, verb, lambda: self._save(collection, is_checked=is_checked))

    def _save(self, collection: Collection, *, is_checked: bool) -> None:
        old = None if collection.is_new else self._old(collection)
        self._prepare(collection, is_checked=is_checked)
        if is_checked:
            self.validate(collection, old)
        _renew_secret(collection, old)
        verb = "create" if old is None else "update"
        self._execute(collection, verb, lambda: self._write(collection, old))

    def _old(self, collection: Collection) -> Collection:
        old = next((c for c in self._app.collections.all() if c.id == collection.id), None)
        if old is None:
            raise BadRequestError(OLD_MISSING)
        return old

    def _prepare(self, collection: Collection, *, is_checked: bool) -> None:
        if not collection.id:
            _give_id(collection, {c.id for c in self._app.collections.all()})
        moment = dates.now()
        if collection.is_new:
            collection.created = moment
        collection.updated = moment
        complete_fields(collection)
        if collection.is_view:
            load_view_fields(self._app, collection)
        if collection.is_auth:
            _complete_auth(collection, is_checked=is_checked)
        if collection.name:
            collection.indexes = renamed_table(collection.indexes, collection.name)

    def validate(
        self, collection: Collection, old: Collection | None, *, is_stored: bool = False
    ) -> None:
        """Raise `ValidationErrors` when the collection cannot be saved as it is.

        With *is_stored* the new state is in the database already.
        """
        hooks = self._app.hooks
        event = CollectionEvent(self._app, collection, "validate")

        def check(_: CollectionEvent) -> None:
            issues = CollectionCheck(self._app, collection, old, is_stored=is_stored).issues()
            if issues:
                raise ValidationErrors(issues)

        trigger_refined(hooks.model_validate, hooks.collection_validate, event, check)

    def _write(self, collection: Collection, old: Collection | None) -> None:
        app = self._app
        if collection.is_view:
            self._write_view(collection, old)
        self._write_row(collection, is_new=old is None)
        if not collection.is_view:
            sync_table(app.schema, collection, old)
        app.data.after_commit(app.data.optimize)
        collection.is_new = False
        app.collections.reload()
        self._resave_views(collection)

    def _write_row(self, collection: Collection, *, is_new: bool) -> None:
        row = collection.to_row()
        if is_new:
            self._app.data.run(sql.INSERT, row)
        else:
            self._app.data.run(sql.UPDATE, (*row, collection.id))

    def _write_view(self, collection: Collection, old: Collection | None) -> None:
        # NOTE: it goes first, so that a view cannot read from itself
        if old is not None:
            self._app.schema.drop_view(old.name)
        query = collection.view.view_query if collection.view else ""
        try:
            select = view_select(query, self._app.data)
        except ViewQueryError as ex:
            raise AppError(f"failed to normalize view query id: {ex}") from ex
        self._app.schema.create_view(collection.name, select)

    def _resave_views(self, changed: Collection) -> None:
        """Bring the fields of views up to date that may read from *changed*."""
        for view in self._app.collections.all():
            if view.is_view and view.id != changed.id:
                self._resave_view(view)

    def _resave_view(self, view: Collection) -> None:
        renewed = view.clone()
        load_view_fields(self._app, renewed, is_tried=False)
        if not renewed.fields or _shapes(renewed) == _shapes(view):
            return
        renewed.updated = dates.now()
        self._app.data.run(sql.UPDATE, (*renewed.to_row(), renewed.id))
        self._app.collections.reload()

    # -- deleting

    def delete(self, collection: Collection) -> None:
        """Delete a collection with its table and all records.

        Raises `BadRequestError` for system collections and for those that others need.
        """
        self._carry_out(collection, "delete", lambda: self._delete(collection))

    def _delete(self, collection: Collection) -> None:
        if collection.system:
            raise AppError("system collections cannot be deleted")
        references = self._app.collections.references(collection)
        names = ", ".join(c.name for c in references if c.id != collection.id)
        if names:
            message = f"Failed to delete collection probably due to existing reference in {names}."
            raise BadRequestError(message)
        self._execute(collection, "delete", lambda: self._drop_with_care(collection))

    def _drop_with_care(self, collection: Collection) -> None:
        self._drop(collection)
        for view in self._app.collections.all():
            if view.is_view:
                _check_view(self._app, view)

    def _drop(self, collection: Collection) -> None:
        app = self._app
        if collection.is_view:
            app.schema.drop_view(collection.name)
        else:
            app.schema.drop_table(collection.name)
        app.data.run(sql.DELETE, (collection.id,))
        app.collections.reload()

    def drop_unchecked(self, collection: Collection) -> None:
        """Delete a collection although others may refer to it or read it; part of an import."""
        self._carry_out(
            collection,
            "delete",
            lambda: self._execute(collection, "delete", lambda: self._drop(collection)),
        )

    def truncate(self, collection: Collection) -> None:
        """Delete every record, relations and hooks obeyed, in one transaction."""
        if collection.is_view:
            raise BadRequestError(
                "View collections cannot be truncated since they don't store their own records."
            )
        app = self._app
        with app.data.transaction():
            while True:
                rows = app.queries.find(collection, "", limit=1000)
                if not rows:
                    return
                for row in rows:
                    app.records.delete(app.records.from_row(collection, row))

    # -- hooks

    def _execute(self, collection: Collection, verb: str, act: Callable[[], None]) -> None:
        hooks = self._app.hooks
        event = CollectionEvent(self._app, collection, verb)
        broad = getattr(hooks, f"model_{verb}_execute")
        narrow = getattr(hooks, f"collection_{verb}_execute")
        trigger_refined(broad, narrow, event, lambda _: act())

    def _carry_out(self, collection: Collection, verb: str, act: Callable[[], None]) -> None:
        app = self._app
        event = CollectionEvent(app, collection, verb)
        broad = getattr(app.hooks, f"model_{verb}")
        narrow = getattr(app.hooks, f"collection_{verb}")
        was_new = collection.is_new
        try:
            with app.data.transaction():
                trigger_refined(broad, narrow, event, lambda _: act())
                app.data.after_commit(lambda: self._tell(event, "success"))
        except Exception as ex:
            collection.is_new = was_new
            self._tell(CollectionErrorEvent(app, collection, verb, ex), "error")
            raise

    def _tell(self, event: Any, outcome: str) -> None:
        hooks = self._app.hooks
        broad = getattr(hooks, f"model_after_{event.type}_{outcome}")
        narrow = getattr(hooks, f"collection_after_{event.type}_{outcome}")
        trigger_refined(broad, narrow, event)


def _shapes(collection: Collection) -> list[dict[str, Any]]:
    """Return the fields without what is random in those of views."""
    return [{**f.export(), "id": ""} for f in collection.fields]


def _check_view(app: App, view: Collection) -> None:
    """Raise when a view can no longer be read, since what it reads is gone."""
    renewed = view.clone()
    load_view_fields(app, renewed, is_tried=False)
    if not renewed.fields:
        raise AppError(f"the view {view.name} reads from the collection")


def _give_id(collection: Collection, taken: Container[str]) -> None:
    usual = made_id(collection)
    collection.id = free_collection_id(collection, taken)
    if collection.id != usual:
        collection.indexes = [text.replace(usual, collection.id) for text in collection.indexes]


def _complete_auth(collection: Collection, *, is_checked: bool) -> None:
    """Give an auth collection its secrets, its indexes and what superusers are held to."""
    options = collection.auth
    if options is None:
        return
    # COMPAT: a blank name is told as such, not by the indexes on a table of that name
    table = collection.name or ("_" if is_checked else "")
    for column, text in default_auth_indexes(collection.id, table).items():
        if single_column_unique(collection.indexes, column) is None:
            collection.indexes = [*collection.indexes, text]
    if collection.name == SUPERUSERS:
        options.oauth2.enabled = False
        options.oauth2.providers = []
        options.password_auth.enabled = True
        # SECURITY: a one-time password alone does not make a superuser
        options.mfa.enabled = options.mfa.enabled or options.otp.enabled
    names = {f.name for f in collection.fields}
    mapped = options.oauth2.mapped_fields
    for name in ("id", "name", "username", "avatar_url"):
        if getattr(mapped, name) not in names:
            setattr(mapped, name, "")


def _renew_secret(collection: Collection, old: Collection | None) -> None:
    """Make all tokens invalid when another rule says who may sign in."""
    options = collection.auth
    if options is None or old is None or old.auth is None:
        return
    # COMPAT: from a rule that everybody satisfies to none, tokens stay
    if (old.auth.auth_rule or "") != (options.auth_rule or ""):
        options.auth_token.secret = random_string(SECRET_LENGTH)
