"""Where files are kept: one protocol, one file per kind of place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.files.local import LocalStore
from pocketbase_server.storage.files.s3 import S3Store

if TYPE_CHECKING:
    from pocketbase_server.storage.files.base import FileStore

FILE_STORES: Final[dict[str, type[FileStore]]] = {
    store.name: store for store in (LocalStore, S3Store)
}
"""The kinds of places files can be kept in."""
