"""The first step: the tables of the application itself and the collections every directory has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.auth_defaults import DAY, default_auth_options
from pocketbase_server.core.collections.model import AUTH, SUPERUSERS
from pocketbase_server.kit import json
from pocketbase_server.services.logs.entry import timestamp
from pocketbase_server.services.migrations.system.specs import Spec, system_specs
from pocketbase_server.storage.sql.collection_rows import INSERT
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.system_tables import (
    create_collections,
    create_params,
    create_statistics,
)

if TYPE_CHECKING:
    from pocketbase_server.app import App

_RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")


def create_system_collections(app: App) -> None:
    """Make everything that a new data directory starts with."""
    create_params(app.data)
    create_collections(app.data)
    editor = SchemaEditor(app.data)
    for number, spec in enumerate(system_specs()):
        app.data.run(INSERT, _row(spec))
        editor.create_table(spec.table())
        for index in spec.indexes:
            editor.create_index(index.statement(spec.name))
        if number == 0:
            create_statistics(app.data)


def _row(spec: Spec) -> tuple[Any, ...]:
    """Return the collection's row in the order of the table's columns."""
    now = timestamp(time.time())
    return (
        spec.id,
        spec.is_system,
        spec.type,
        spec.name,
        json.dumps(spec.fields, sort_keys=True).decode(),
        json.dumps([index.told(spec.name) for index in spec.indexes]).decode(),
        *[spec.rules.get(rule) for rule in _RULES],
        _options(spec),
        now,
        now,
    )


def _options(spec: Spec) -> str:
    if spec.type != AUTH:
        return "{}"
    options = default_auth_options()
    if spec.name == SUPERUSERS:
        options.auth_token.duration = DAY
    else:
        options.oauth2.mapped_fields.name = "name"
        options.oauth2.mapped_fields.avatar_url = "avatar"
    return json.dumps(options.export(with_secrets=True)).decode()
