"""What a collection must be before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.checks import via_issue, word_issue
from pocketbase_server.core.collections.auth_validate import auth_issues
from pocketbase_server.core.collections.defaults import auth_fields
from pocketbase_server.core.collections.indexes import validate_indexes
from pocketbase_server.core.collections.model import AUTH, BASE, VIEW, WIRE_RULES
from pocketbase_server.core.collections.view_validate import query_issue
from pocketbase_server.core.errors import REQUIRED, Issue, RuleSyntaxError
from pocketbase_server.core.fields import RelationField
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields import Field

MAX_NAME = 255
MAX_ID = 100

_IN_INVALID = Issue("validation_in_invalid", "Must be a valid value.")
_NIL = Issue("validation_nil", "Must be blank.")
_ID_TAKEN = Issue("validation_invalid_or_existing_id", "The model id is invalid or already exists.")
_NAME_TAKEN = Issue(
    "validation_collection_name_exists", "Collection name must be unique (case insensitive)."
)
_NAME_IS_ID = Issue(
    "validation_collection_name_id_duplicate",
    "The name must not match an existing collection id.",
)
_NAME_INTERNAL = Issue(
    "validation_collection_name_invalid",
    "The name shouldn't match with an existing internal table.",
)
_SYSTEM_NAME = Issue(
    "validation_collection_system_name_change", "System collection name cannot be changed."
)
_SYSTEM_FLAG = Issue(
    "validation_collection_system_flag_change", "System collection state cannot be changed."
)
_SYSTEM_RULE = Issue(
    "validation_collection_system_rule_change", "System collection API rule cannot be changed."
)
_TYPE_CHANGE = Issue("validation_collection_type_change", "Collection type cannot be changed.")
_NO_KEY = Issue("validation_missing_primary_key", 'Missing or invalid "id" PK field.')
_SYSTEM_FIELD = Issue(
    "validation_system_field_change", "System fields cannot be deleted or renamed."
)
_FIELD_TYPE = Issue("validation_field_type_change", "Field type cannot be changed.")
_FIELD_RELATION = Issue(
    "validation_field_relation_change", "The relation collection cannot be changed."
)
_RESERVED_FIELD = Issue(
    "validation_reserved_field_name", "The field name is reserved and cannot be used."
)
_RESERVED_AUTH_NAMES = frozenset({"passwordConfirm", "oldPassword"})


class CollectionCheck:
    """One validation of a collection against its saved state and the other collections."""

    def __init__(
        self, app: App, new: Collection, old: Collection | None, *, is_stored: bool = False
    ) -> None:
        self._app = app
        self._new = new
        self._old = old
        self._is_stored = is_stored
        """Whether the new state is in the database already, as while collections are imported."""

    def issues(self) -> dict[str, Any]:
        """Return what is wrong, by JSON name; empty when nothing is."""
        new = self._new
        found: dict[str, Any] = {
            "id": self._id_issue(),
            "system": self._system_issue(),
            "type": self._type_issue(),
            "name": self._name_issue(),
            "fields": self._fields_issue(),
            **{wire: self._rule_issue(name) for name, wire in WIRE_RULES.items()},
        }
        found |= validate_indexes(new, self._old, self._app.data)
        if new.is_auth and new.auth is not None:
            found |= auth_issues(self._app, new, self._old)
        if new.is_view:
            found["viewQuery"] = query_issue(new)
        return {key: issue for key, issue in found.items() if issue}

    def _others(self) -> list[Collection]:
        stored = self._app.collections.all()
        if self._old is None and not self._is_stored:
            return stored
        return [c for c in stored if c.id != self._new.id]

    # -- identity

    def _id_issue(self) -> Issue | None:
        new = self._new
        if self._is_stored:
            return None
        if self._old is not None:
            return None if new.id == self._old.id else _IN_INVALID
        is_taken = any(c.id == new.id for c in self._app.collections.all())
        return word_issue(new.id, MAX_ID) or (_ID_TAKEN if is_taken else None)

    def _system_issue(self) -> Issue | None:
        old = self._old
        return _SYSTEM_FLAG if old is not None and old.system != self._new.system else None

    def _type_issue(self) -> Issue | None:
        new, old = self._new, self._old
        if not new.type:
            return REQUIRED
        if new.type not in {BASE, AUTH, VIEW}:
            return _IN_INVALID
        return _TYPE_CHANGE if old is not None and old.type != new.type else None

    def _name_issue(self) -> Issue | None:
        name = self._new.name
        return (
            word_issue(name, MAX_NAME)
            or via_issue(name)
            or self._system_name_issue()
            or self._taken_issue(name)
        )

    def _system_name_issue(self) -> Issue | None:
        old = self._old
        is_change = old is not None and old.system and old.name != self._new.name
        return _SYSTEM_NAME if is_change else None

    def _taken_issue(self, name: str) -> Issue | None:
        lower = name.lower()
        if any(c.name.lower() == lower for c in self._others()):
            return _NAME_TAKEN
        old = self._old
        is_kept = self._is_stored or (old is not None and old.name.lower() == lower)
        if not is_kept and self._app.schema.has_table(name):
            return _NAME_INTERNAL
        # COMPAT: its own id counts as another's, once it is stored
        return _NAME_IS_ID if any(c.id == name for c in self._app.collections.all()) else None

    # -- fields

    def _fields_issue(self) -> Any:
        new = self._new
        if new.is_view:
            return self._view_fields_issue()
        return (
            self._duplicates()
            or self._missing_key()
            or self._changed_system_fields()
            or self._changed_types()
            or self._reserved()
            or self._option_issues()
        )

    def _view_fields_issue(self) -> Any:
        if not self._new.fields:
            return REQUIRED
        return self._duplicates() or self._missing_key() or self._option_issues()

    def _duplicates(self) -> dict[str, Any] | None:
        ids: set[str] = set()
        names: set[str] = set()
        for at, field in enumerate(self._new.fields):
            if field.id and field.id in ids:
                return {str(at): {"id": _duplicate("id", "fieldId", field.id)}}
            if field.name and field.name.lower() in names:
                return {str(at): {"name": _duplicate("name", "fieldName", field.name)}}
            ids.add(field.id)
            names.add(field.name.lower())
        return None

    def _missing_key(self) -> Issue | None:
        key = next((f for f in self._new.fields if f.name == "id"), None)
        return None if getattr(key, "primary_key", False) else _NO_KEY

    def _changed_system_fields(self) -> Issue | None:
        old = self._old
        kept = {f.id: f.name for f in self._new.fields}
        is_changed = old is not None and any(
            f.system and kept.get(f.id) != f.name for f in old.fields
        )
        return _SYSTEM_FIELD if is_changed else None

    def _changed_types(self) -> dict[str, Any]:
        known = [(at, f, self._known_field(f)) for at, f in enumerate(self._new.fields)]
        return {
            str(at): _FIELD_TYPE
            for at, field, old in known
            if old is not None and old.type != field.type
        }

    def _known_field(self, field: Field) -> Field | None:
        if self._old is not None:
            return self._old.field_by_id(field.id)
        # COMPAT: a new auth collection is compared with one that is as they all begin
        given = auth_fields() if self._new.is_auth and not self._is_stored else []
        return next((f for f in given if f.id == field.id), None)

    def _reserved(self) -> dict[str, Any] | None:
        if not self._new.is_auth:
            return None
        return {
            str(at): {"name": _RESERVED_FIELD}
            for at, field in enumerate(self._new.fields)
            if field.name in _RESERVED_AUTH_NAMES
        }

    def _option_issues(self) -> dict[str, Any]:
        issues = {str(at): self._field_issues(field) for at, field in enumerate(self._new.fields)}
        return {at: issue for at, issue in issues.items() if issue}

    def _field_issues(self, field: Field) -> dict[str, Any]:
        issues = field.validate_options(self._app.records.context, self._new)
        known = self._known_field(field)
        if isinstance(field, RelationField) and isinstance(known, RelationField):
            is_change = field.collection_id and field.collection_id != known.collection_id
            # COMPAT: an import compares with what it has just stored
            if is_change and not self._new.is_view and not self._is_stored:
                issues["collectionId"] = _FIELD_RELATION
        return issues

    # -- rules

    def _rule_issue(self, name: str) -> Issue | None:
        rule: str | None = getattr(self._new, name)
        if self._new.is_view and name in {"create_rule", "update_rule", "delete_rule"}:
            return None if rule is None else _NIL
        return rule_issue(self._app, self._new, rule) or self._system_rule_issue(name)

    def _system_rule_issue(self, name: str) -> Issue | None:
        old = self._old
        is_change = (
            old is not None and old.system and getattr(old, name) != getattr(self._new, name)
        )
        return _SYSTEM_RULE if is_change else None


def rule_issue(app: App, collection: Collection, rule: str | None) -> Issue | None:
    """Return why *rule* cannot be a rule of *collection*, or None."""
    if not rule:
        return None
    try:
        app.queries.check(collection, rule, for_rule=True)
    except RuleSyntaxError as ex:
        message = f"Invalid rule. Raw error: {ex.message}"
        return Issue("validation_invalid_rule", sentence(message))
    return None


def _duplicate(what: str, param: str, value: str) -> Issue:
    message = f"Duplicated or invalid field {what} {value}"
    return Issue(f"validation_duplicated_field_{what}", message, {param: value})
