"""The tables of anonymous sign-in: made when it is first allowed, so that others' data stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

_EXISTS: Final = (
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_anonymousCollections'"
)
_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS `_anonymousCollections` (`collectionRef` TEXT PRIMARY KEY NOT NULL)",
    (
        "CREATE TABLE IF NOT EXISTS `_anonymousRecords` (`recordRef` TEXT PRIMARY KEY NOT NULL,"
        " `collectionRef` TEXT NOT NULL)"
    ),
)
_IS_ALLOWED: Final = "SELECT 1 FROM `_anonymousCollections` WHERE `collectionRef` = ?"
_ALLOW: Final = "INSERT OR IGNORE INTO `_anonymousCollections` (`collectionRef`) VALUES (?)"
_FORBID: Final = "DELETE FROM `_anonymousCollections` WHERE `collectionRef` = ?"
_IS_MARKED: Final = (
    "SELECT 1 FROM `_anonymousRecords` WHERE `recordRef` = ? AND `collectionRef` = ?"
)
_MARK: Final = (
    "INSERT OR IGNORE INTO `_anonymousRecords` (`recordRef`, `collectionRef`) VALUES (?, ?)"
)
_UNMARK: Final = "DELETE FROM `_anonymousRecords` WHERE `recordRef` = ? AND `collectionRef` = ?"


def allow_anonymous(engine: Engine, collection_id: str) -> None:
    """Note that a collection allows anonymous sign-in."""
    with engine.transaction():
        for statement in _CREATE:
            engine.run(statement)
        engine.run(_ALLOW, (collection_id,))


def forbid_anonymous(engine: Engine, collection_id: str) -> None:
    """Note that a collection does not allow it any more."""
    if _exists(engine):
        engine.run(_FORBID, (collection_id,))


def is_anonymous_allowed(engine: Engine, collection_id: str) -> bool:
    """Tell whether a collection allows anonymous sign-in."""
    return _exists(engine) and engine.one(_IS_ALLOWED, (collection_id,)) is not None


def mark_anonymous(engine: Engine, collection_id: str, record_id: str) -> None:
    """Note that a record is anonymous."""
    engine.run(_MARK, (record_id, collection_id))


def unmark_anonymous(engine: Engine, collection_id: str, record_id: str) -> bool:
    """Note that a record is not anonymous any more; tell whether it was."""
    return _exists(engine) and engine.run(_UNMARK, (record_id, collection_id)) > 0


def is_marked_anonymous(engine: Engine, collection_id: str, record_id: str) -> bool:
    """Tell whether a record is anonymous."""
    return _exists(engine) and engine.one(_IS_MARKED, (record_id, collection_id)) is not None


def _exists(engine: Engine) -> bool:
    return engine.one(_EXISTS) is not None
