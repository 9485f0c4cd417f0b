"""Importing collections: all or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.defaults import add_field, free_collection_id
from pocketbase_server.core.collections.form import collection_from_body, load_body
from pocketbase_server.core.errors import AppError, Issue, ValidationErrors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection


def import_collections(app: App, bodies: list[dict[str, Any]], *, delete_missing: bool) -> None:
    """Create and update the collections in *bodies*; with *delete_missing*, nothing else stays.

    Raises `ValidationErrors` or another `AppError`, and has changed nothing then. System
    collections and fields stay in any case.
    """
    with app.data.transaction():
        targets = [_target(app, body, is_exact=delete_missing) for body in bodies]
        if delete_missing:
            _delete_others(app, {t.id for t in targets})
        # NOTE: collections may refer to each other in any order, so they are checked once all exist
        for target in targets:
            app.collections.writer.save(target, is_checked=False)
        for target in targets:
            _check(app, target)


def _target(app: App, body: Mapping[str, Any], *, is_exact: bool) -> Collection:
    known = _known(app, body)
    if known is None:
        made = collection_from_body(body)
        made.id = made.id or free_collection_id(made, lambda _: False)
        return made
    target = known.clone()
    load_body(target, {**body, "id": known.id})
    if "fields" in body:
        _keep_fields(known, target, is_exact=is_exact)
    return target


def _known(app: App, body: Mapping[str, Any]) -> Collection | None:
    given = str(body.get("id") or "")
    if given:
        found = app.collections.get(given)
        if found is not None and found.id == given:
            return found
    name = str(body.get("name") or "")
    found = app.collections.get(name) if name else None
    return found if found is not None and (not given or found.id == given) else None


def _keep_fields(known: Collection, target: Collection, *, is_exact: bool) -> None:
    """Keep system fields, and without *is_exact* all fields, that the import does not name."""
    named = {f.id for f in target.fields}
    fields = [f.clone() for f in known.fields if f.id not in named and (f.system or not is_exact)]
    for field in target.fields:
        add_field(fields, field)
    target.fields = fields
    target.forget_fields()


def _delete_others(app: App, kept: set[str]) -> None:
    others = [c for c in app.collections.all() if c.id not in kept and not c.system]
    # NOTE: views and what refers to others go first
    others.sort(key=lambda c: (not c.is_view, len(app.collections.references(c))))
    for collection in others:
        app.collections.writer.drop_unchecked(collection)


def _check(app: App, target: Collection) -> None:
    try:
        app.collections.writer.validate(target, target)
    except ValidationErrors as ex:
        listing = json.dumps(_texts(ex.issues), indent=2, sort_keys=True, ensure_ascii=False)
        message = (
            f'Data validations failed for collection "{target.name}" ({target.id}):\n{listing}'
        )
        raise AppError(message) from ex


def _texts(issues: Mapping[str, Any]) -> dict[str, Any]:
    """Return the issues with their messages only, as the log of an import shows them."""
    return {
        key: _plain(item.message) if isinstance(item, Issue) else _texts(item)
        for key, item in issues.items()
    }


def _plain(message: str) -> str:
    text = message.removesuffix(".")
    return text[:1].lower() + text[1:] if not text.startswith("Invalid rule") else text
