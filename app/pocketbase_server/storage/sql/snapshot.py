"""A copy of a database as it is at one moment, while others go on writing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw

from pocketbase_server.storage.sql.connection import BUSY_TIMEOUT_MS
from pocketbase_server.storage.sql.translate import DriverError, translate


def copy_database(source: Path, target: Path) -> None:
    """Write a copy of the database at *source* to the new file *target*.

    Nobody has to wait for it; raises `DatabaseError`.
    """
    try:
        with closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.execute("VACUUM INTO ?", (str(target),))
    except DriverError as ex:
        raise translate(ex) from ex
