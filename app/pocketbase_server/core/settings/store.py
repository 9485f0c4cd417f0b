"""Where the settings are: one row, kept in memory."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

import orjson

from pocketbase_server.core.data_watch import DataWatch
from pocketbase_server.core.errors import AppError, BadRequestError, ValidationErrors
from pocketbase_server.core.hooks.events import AppEvent
from pocketbase_server.core.settings.model import Settings
from pocketbase_server.core.settings.validate import issues_in
from pocketbase_server.kit.security import DecryptError, decrypt, encrypt
from pocketbase_server.storage.sql.errors import WouldBlock
from pocketbase_server.storage.sql.params import read_param, write_param

if TYPE_CHECKING:
    from pocketbase_server.app import App

PARAM: Final = "settings"
KEY_SIZES: Final = (16, 24, 32)


class SettingsError(AppError):
    """The stored settings cannot be read: damaged, or encrypted with another key."""

    default_message = "invalid settings data"


class SettingsStore:
    """The settings of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._current = Settings()
        self._stored: bytes | str | None = None
        """The row as it was read or written last."""
        self._watch = DataWatch(app)

    @property
    def current(self) -> Settings:
        """The settings; shared by all requests: never change them, `save()` a changed clone."""
        if monotonic() > self._watch.due:
            self._look()
        return self._current

    def reload(self) -> None:
        """Read the settings from the database, storing the defaults when there are none yet.

        Raises `SettingsError` when they cannot be read.
        """
        self._app.hooks.settings_reload.trigger(AppEvent(self._app), lambda _: self._reload())

    def _reload(self) -> None:
        self._watch.begin()
        stored = read_param(self._app.data, PARAM)
        if stored is None:
            self._write(Settings())
        elif stored != self._stored:
            self._keep(stored, self._parse(stored))
        self._watch.rest()

    def _look(self) -> None:
        """Read the settings again when another process has changed them."""
        # NOTE: what cannot be read now (busy, half set up) leaves the settings as they are
        with suppress(WouldBlock, SettingsError):
            self._watch.look(self._read_again)

    def _read_again(self) -> bool:
        is_new = read_param(self._app.data, PARAM) not in {None, self._stored}
        if is_new:
            self.reload()
        return is_new

    def save(self, settings: Settings) -> None:
        """Check *settings*, store them and make them current once that is committed.

        Raises `ValidationErrors` when something in them is refused.
        """
        issues = issues_in(settings)
        if issues:
            raise ValidationErrors(issues)
        self._write(settings.clone())

    def _write(self, settings: Settings) -> None:
        plain = orjson.dumps(settings.export(with_secrets=True))
        key = self._key()
        # COMPAT: plain settings are stored as bytes, encrypted ones as text
        stored = _sealed(plain, key) if key else plain
        write_param(self._app.data, PARAM, stored, _now())
        self._app.data.after_commit(lambda: self._renew(stored, settings))

    def _renew(self, stored: bytes | str, settings: Settings) -> None:
        """Make *settings* current and tell so; those who listen see them as current."""
        event = AppEvent(self._app)
        self._app.hooks.settings_reload.trigger(event, lambda _: self._keep(stored, settings))

    def _keep(self, stored: bytes | str, settings: Settings) -> None:
        self._stored, self._current = stored, settings

    def _key(self) -> str:
        name = self._app.config.encryption_env
        return os.environ.get(name, "") if name else ""

    def _parse(self, stored: bytes | str) -> Settings:
        settings = _merged(stored)
        if settings is None and (key := self._key()):
            settings = _merged(_unsealed(stored, key))
        if settings is None:
            name = self._app.config.encryption_env
            raise SettingsError(f'invalid settings db data or missing encryption key "{name}"')
        return settings


def _merged(text: bytes | str) -> Settings | None:
    """Return the defaults with what the JSON *text* says, or None when it is no settings object."""
    settings = Settings()
    try:
        settings.merge(orjson.loads(text))
    except (ValueError, BadRequestError):
        return None
    return settings


def _sealed(plain: bytes, key: str) -> str:
    _check_key(key)
    return encrypt(plain, key)


def _unsealed(stored: bytes | str, key: str) -> str:
    _check_key(key)
    text = stored if isinstance(stored, str) else stored.decode(errors="replace")
    try:
        return decrypt(text, key).decode(errors="replace")
    except DecryptError as ex:
        # COMPAT: these two messages are the reference's, people search for them
        raise SettingsError("cipher: message authentication failed") from ex


def _check_key(key: str) -> None:
    if len(key.encode()) not in KEY_SIZES:
        raise SettingsError(f"crypto/aes: invalid key size {len(key.encode())}")


def _now() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}Z"
