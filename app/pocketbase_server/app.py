"""The application: state, put together once and handed to everything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pocketbase_server.core.collections.store import CollectionStore
from pocketbase_server.core.config import Config
from pocketbase_server.core.hooks import HookTable
from pocketbase_server.core.hooks.events import AppEvent, TerminateEvent
from pocketbase_server.core.records.auth_hooks import bind_auth_hooks
from pocketbase_server.core.records.files import RecordFiles
from pocketbase_server.core.records.query import QueryPlanner
from pocketbase_server.core.records.store import RecordStore
from pocketbase_server.core.settings.store import SettingsStore
from pocketbase_server.services.auth.attempts import Attempts
from pocketbase_server.services.auth.oauth2_redirect import AppleNames
from pocketbase_server.services.auth.password import PasswordPool
from pocketbase_server.services.backups import Backups
from pocketbase_server.services.crons import Crons, bind_system_jobs
from pocketbase_server.services.file_systems import FileSystems
from pocketbase_server.services.logs.writer import LogWriter, print_statement
from pocketbase_server.services.mail.mailer import Mailer
from pocketbase_server.services.migrations.runner import run_system_migrations
from pocketbase_server.services.rate_limit import RateLimiter
from pocketbase_server.services.realtime.handlers import bind_realtime
from pocketbase_server.services.realtime.realtime import Realtime
from pocketbase_server.services.start_settings import apply_start_settings
from pocketbase_server.storage import restore
from pocketbase_server.storage.datadir import DataDir
from pocketbase_server.storage.pending import Presence
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.services.thumbs import Thumbs


class App:
    """One server's state: databases, stores, hooks. Rooms add behaviour; they are handed the App.

    Made cheap: nothing is opened before `bootstrap()`.
    """

    def __init__(self, config: Config | None = None) -> None:  # noqa: PLR0915 - one line per room
        self.config = config or Config()
        self.hooks = HookTable()
        self.dir = DataDir(self.config.data_dir)
        self.data = Engine(self.dir.data_db, query_timeout=self.config.query_timeout)
        self.auxiliary = Engine(self.dir.auxiliary_db, query_timeout=self.config.query_timeout)
        self.schema = SchemaEditor(self.data)
        self.settings = SettingsStore(self)
        self.collections = CollectionStore(self)
        self.queries = QueryPlanner(self)
        self.records = RecordStore(self)
        self.files = FileSystems(self)
        self.record_files = RecordFiles(self)
        self._making = threading.Lock()
        self._thumbs: Thumbs | None = None
        self._presence = Presence(self.dir.pending)
        self.restart: Callable[[], None] = _no_restart
        """Has the whole server start anew in place."""
        self.passwords = PasswordPool()
        self.logs = LogWriter(self)
        self.crons = Crons(self)
        self.realtime = Realtime(self)
        self.mailer = Mailer(self)
        self.backups = Backups(self)
        self.attempts = Attempts(self)
        self.rate_limits = RateLimiter(self)
        self.apple_names = AppleNames()
        self.routes: list[Callable[[object], None]] = []
        self.is_bootstrapped = False
        bind_auth_hooks(self)
        bind_system_jobs(self)
        bind_realtime(self)

    @property
    def thumbs(self) -> Thumbs:
        """Makes thumbs of images; made when first needed."""
        with self._making:
            if self._thumbs is None:
                from pocketbase_server.services.thumbs import Thumbs

                self._thumbs = Thumbs(self)
            return self._thumbs

    def bootstrap(self) -> None:
        """Open the data directory, apply system migrations and load collections and settings.

        Raises `DataDirError` when the directory is damaged, newer or older than we can read; it is
        left untouched.
        """
        self.hooks.bootstrap.trigger(AppEvent(self), lambda _: self._bootstrap())

    def _bootstrap(self) -> None:
        is_restored = restore.carry_out(self.dir)
        try:
            self._open()
        except Exception:
            if not is_restored:
                raise
            # NOTE: what a backup held cannot be used here, so what was there before goes on
            self._close()
            restore.undo(self.dir)
            self._open()
        if is_restored:
            restore.confirm(self.dir)
        if self._presence.enter():
            self.dir.clear_temp()
        self.record_files.recover_soon()
        self.is_bootstrapped = True

    def _open(self) -> None:
        self.dir.prepare()
        if self.config.is_dev:
            self.data.trace(print_statement)
        self.data.open()
        self.auxiliary.open()
        run_system_migrations(self)
        self.collections.reload()
        self.settings.reload()
        apply_start_settings(self)

    def terminate(self, *, is_restart: bool = False) -> None:
        """Write what is buffered and close the databases; safe to call twice."""
        self.hooks.terminate.trigger(
            TerminateEvent(self, is_restart=is_restart), lambda _: self._terminate()
        )

    def _terminate(self) -> None:
        if not self.is_bootstrapped:
            return
        self.is_bootstrapped = False
        self.crons.stop()
        self.realtime.close()
        self.mailer.close()
        self.files.close()
        if self._thumbs is not None:
            self._thumbs.close()
        self.logs.close()
        self.passwords.close()
        self.rate_limits.close()
        self.attempts.close()
        self._close()
        self._presence.leave()

    def _close(self) -> None:
        self.data.close()
        self.auxiliary.close()


def _no_restart() -> None:
    raise NotImplementedError("start the server again to go on")
