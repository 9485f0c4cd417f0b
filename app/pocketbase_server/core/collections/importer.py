"""Importing collections: all or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.defaults import free_collection_id
from pocketbase_server.core.collections.form import collection_from_import, load_body
from pocketbase_server.core.collections.raw_text import raw_texts
from pocketbase_server.core.collections.view_validate import require_view_fields
from pocketbase_server.core.collections.writer import OLD_MISSING
from pocketbase_server.core.errors import AppError, ValidationErrors
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.view_trial import raw_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields import Field


class ImportFailedError(AppError):
    """An import was refused; the message says which collection, and why."""

    default_message = "Failed to import the collections configuration."


def import_collections(app: App, bodies: list[dict[str, Any]], *, delete_missing: bool) -> None:
    """Create and update the collections in *bodies*; with *delete_missing*, nothing else stays.

    Raises `ImportFailedError`, or `ValidationErrors` for an index that cannot be made, and has
    changed nothing then. System collections and fields stay in any case.
    """
    with app.data.transaction():
        targets = [_target(app, body, is_exact=delete_missing) for body in bodies]
        if delete_missing:
            _delete_others(app, {t.id for t, _ in targets})
        # NOTE: collections may refer to each other in any order, so they are checked once all
        # exist; views read from the others and come last, older ones before those that read them
        targets.sort(key=lambda pair: (pair[0].is_view, pair[0].created))
        for target, known in targets:
            _save(app, target, known)
        for target, known in targets:
            _check(app, target, known)


# -- what is asked for


def _target(
    app: App, body: Mapping[str, Any], *, is_exact: bool
) -> tuple[Collection, Collection | None]:
    """Return the collection as it shall be, and as it is stored."""
    try:
        return _loaded(app, body, is_exact=is_exact)
    except AppError as ex:
        raise _failure(ex.message) from ex


def _loaded(
    app: App, body: Mapping[str, Any], *, is_exact: bool
) -> tuple[Collection, Collection | None]:
    asked = body.get("id") or body.get("name")
    known = app.collections.get(asked) if isinstance(asked, str) else None
    if known is None:
        made = collection_from_import(body)
        made.id = made.id or free_collection_id(made, {c.id for c in app.collections.all()})
        return made, None
    target = known.clone()
    load_body(target, body)
    if "fields" in body or is_exact:
        target.fields = target.fields if "fields" in body else []
        _keep_fields(known, target, is_exact=is_exact)
    return target, known


def _keep_fields(known: Collection, target: Collection, *, is_exact: bool) -> None:
    """Keep system fields, and without *is_exact* all fields, whose ids the import does not name.

    COMPAT: one that it names under another id stays as it is, in place of what was named.
    """
    for field in known.fields:
        if field.system or not is_exact:
            _keep_field(target.fields, field)
    target.forget_fields()


def _keep_field(fields: list[Field], kept: Field) -> None:
    if any(f.id == kept.id for f in fields):
        return
    for at, field in enumerate(fields):
        if (field.name, field.type) == (kept.name, kept.type):
            fields[at] = kept.clone()
            return
    fields.append(kept.clone())


# -- doing it


def _delete_others(app: App, kept: set[str]) -> None:
    for collection in app.collections.all():
        if collection.id not in kept and not collection.system:
            app.collections.writer.drop_unchecked(collection)


def _save(app: App, target: Collection, known: Collection | None) -> None:
    name = json.dumps(target.name, ensure_ascii=False)
    if known is not None and known.id != target.id:
        reason = "primary key change is not allowed" if target.id else OLD_MISSING
        raise _failure(f"failed to save collection {name}: {reason}")
    try:
        if target.is_view:
            require_view_fields(app, target)
        app.collections.writer.save(target, is_checked=False)
    except ValidationErrors:
        raise
    except AppError as ex:
        raise _failure(f"failed to save collection {name}: {ex.message}") from ex
    except DatabaseError as ex:
        raise _failure(f"failed to save collection {name}: {raw_error(ex)}") from ex


def _failure(reason: str) -> ImportFailedError:
    return ImportFailedError(f"{ImportFailedError.default_message} Raw error:\n{reason}")


def _check(app: App, target: Collection, known: Collection | None) -> None:
    try:
        app.collections.writer.validate(target, known, is_stored=True)
    except ValidationErrors as ex:
        listing = json.dumps(raw_texts(ex.issues), indent=2, sort_keys=True, ensure_ascii=False)
        raise ImportFailedError(
            f'Data validations failed for collection "{target.name}" ({target.id}):\n{listing}'
        ) from ex
