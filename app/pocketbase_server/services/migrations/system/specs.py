"""The system collections as they were when the first step made them; frozen, unlike the models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from pocketbase_server.kit.ids import checksum_id
from pocketbase_server.storage.sql.schema import ColumnKind, ColumnSpec, TableSpec

Options = dict[str, Any]

OWNER_RULE: Final = (
    "@request.auth.id != '' && recordRef = @request.auth.id"
    " && collectionRef = @request.auth.collectionId"
)
SELF_RULE: Final = "id = @request.auth.id"

_DEFAULTS: Final[dict[str, Options]] = {
    "text": {
        "autogeneratePattern": "",
        "max": 0,
        "min": 0,
        "pattern": "",
        "primaryKey": False,
    },
    "password": {"cost": 0, "max": 0, "min": 0, "pattern": ""},
    "email": {"exceptDomains": [], "onlyDomains": []},
    "bool": {},
    "file": {"maxSelect": 1, "maxSize": 0, "mimeTypes": [], "protected": False, "thumbs": []},
}
_KINDS: Final = {"bool": ColumnKind.BOOL}
IMAGES: Final = ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"]


@dataclass(slots=True, frozen=True)
class Index:
    """One index: as the collection tells it, and as SQLite is told."""

    name: str
    columns: tuple[str, ...]
    is_unique: bool = True
    where: str = ""
    separator: str = ", "
    """Between the columns; "" stands for columns in quotes."""

    def told(self, table: str) -> str:
        """Return the statement as the collection keeps it."""
        quoted = self.separator == ""
        columns = [f"`{name}`" if quoted else name for name in self.columns]
        return f"{self._head(table)} ({(self.separator or ', ').join(columns)}){self._tail()}"

    def statement(self, table: str) -> str:
        """Return the statement as SQLite keeps it."""
        if len(self.columns) == 1:
            return f"{self._head(table)} (`{self.columns[0]}`){self._tail()}"
        columns = ",\n  ".join(f"`{name}`" for name in self.columns)
        return f"{self._head(table)} (\n  {columns}\n){self._tail()}"

    def _head(self, table: str) -> str:
        return f"CREATE {'UNIQUE ' if self.is_unique else ''}INDEX `{self.name}` ON `{table}`"

    def _tail(self) -> str:
        return f" WHERE {self.where}" if self.where else ""


@dataclass(slots=True, frozen=True)
class Spec:
    """One system collection."""

    id: str
    name: str
    fields: list[Options]
    indexes: list[Index]
    type: str = "base"
    is_system: bool = True
    rules: dict[str, str] = field(default_factory=dict)
    """By column; a rule that is not named is null."""

    def table(self) -> TableSpec:
        """Return the table that holds the records."""
        return TableSpec(self.name, tuple(map(_column, self.fields)))


def _column(options: Options) -> ColumnSpec:
    kind = _KINDS.get(options["type"], ColumnKind.TEXT)
    if options.get("primaryKey"):
        kind = ColumnKind.PRIMARY_TEXT
    return ColumnSpec(options["name"], kind)


def make_field(type: str, name: str, **options: Any) -> Options:
    """Return a field as the collection keeps it."""
    common = {
        "help": "",
        "hidden": False,
        "id": type + checksum_id(name),
        "name": name,
        "presentable": False,
        "required": False,
        "system": True,
        "type": type,
    }
    return {**common, **_DEFAULTS[type], **options}


def make_id() -> Options:
    """Return the field of the primary key."""
    return make_field(
        "text",
        "id",
        autogeneratePattern="[a-z0-9]{15}",
        max=15,
        min=15,
        pattern="^[a-z0-9]+$",
        primaryKey=True,
        required=True,
    )


def make_dates(*, system: bool = True) -> list[Options]:
    """Return the fields that tell when a record was made and last changed."""
    return [
        {
            "hidden": False,
            "id": "autodate" + checksum_id(name),
            "name": name,
            "onCreate": True,
            "onUpdate": name == "updated",
            "presentable": False,
            "system": system,
            "type": "autodate",
        }
        for name in ("created", "updated")
    ]


def _reference(collection_id: str, name: str, fields: list[Options], indexes: list[Index]) -> Spec:
    """Return a collection whose records belong to a record elsewhere."""
    refs = [make_field("text", ref, required=True) for ref in ("collectionRef", "recordRef")]
    rules = {"listRule": OWNER_RULE, "viewRule": OWNER_RULE}
    if name in {"_externalAuths", "_authOrigins"}:
        rules["deleteRule"] = OWNER_RULE
    all_fields = [make_id(), *refs, *fields, *make_dates()]
    return Spec(collection_id, name, all_fields, indexes, rules=rules)


def _auth_fields() -> list[Options]:
    return [
        make_id(),
        make_field("password", "password", hidden=True, min=8, required=True),
        make_field(
            "text",
            "tokenKey",
            autogeneratePattern="[a-zA-Z0-9]{50}",
            hidden=True,
            max=60,
            min=30,
            required=True,
        ),
        make_field("email", "email", required=True),
        make_field("bool", "emailVisibility"),
        make_field("bool", "verified"),
    ]


def _auth_indexes(collection_id: str) -> list[Index]:
    return [
        Index(f"idx_tokenKey_{collection_id}", ("tokenKey",), separator=""),
        Index(f"idx_email_{collection_id}", ("email",), where="`email` != ''", separator=""),
    ]


_REFS: Final = ("collectionRef", "recordRef")


def system_specs() -> list[Spec]:
    """Return all system collections and the first ordinary one, in the order of their making."""
    return [
        _reference(
            "pbc_2279338944",
            "_mfas",
            [make_field("text", "method", required=True)],
            [Index("idx_mfas_collectionRef_recordRef", _REFS, is_unique=False, separator=",")],
        ),
        _reference(
            "pbc_1638494021",
            "_otps",
            [
                make_field("password", "password", cost=8, hidden=True, required=True),
                make_field("text", "sentTo", hidden=True),
            ],
            [Index("idx_otps_collectionRef_recordRef", _REFS, is_unique=False)],
        ),
        _reference(
            "pbc_2281828961",
            "_externalAuths",
            [make_field("text", name, required=True) for name in ("provider", "providerId")],
            [
                Index("idx_externalAuths_record_provider", (*_REFS, "provider")),
                Index(
                    "idx_externalAuths_collection_provider",
                    ("collectionRef", "provider", "providerId"),
                ),
            ],
        ),
        _reference(
            "pbc_4275539003",
            "_authOrigins",
            [make_field("text", "fingerprint", required=True)],
            [Index("idx_authOrigins_unique_pairs", (*_REFS, "fingerprint"))],
        ),
        Spec(
            "pbc_3142635823",
            "_superusers",
            [*_auth_fields(), *make_dates()],
            _auth_indexes("pbc_3142635823"),
            type="auth",
        ),
        _users(),
    ]


def _users() -> Spec:
    return Spec(
        "_pb_users_auth_",
        "users",
        [
            *_auth_fields(),
            make_field("text", "name", max=255, system=False),
            make_field("file", "avatar", mimeTypes=IMAGES, system=False),
            *make_dates(system=False),
        ],
        _auth_indexes("_pb_users_auth_"),
        type="auth",
        is_system=False,
        rules={
            "listRule": SELF_RULE,
            "viewRule": SELF_RULE,
            "createRule": "",
            "updateRule": SELF_RULE,
            "deleteRule": SELF_RULE,
        },
    )
