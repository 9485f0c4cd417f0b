"""Where the settings are: one row, kept in memory."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.errors import AppError, BadRequestError, ValidationErrors
from pocketbase_server.core.hooks.events import AppEvent
from pocketbase_server.core.settings.encryption import SealError, seal, unseal
from pocketbase_server.core.settings.model import Settings
from pocketbase_server.core.settings.networks import issues_of
from pocketbase_server.storage.sql.params import read_param, write_param

if TYPE_CHECKING:
    from pocketbase_server.app import App

PARAM: Final = "settings"


class SettingsError(AppError):
    """The stored settings cannot be read: damaged, or encrypted with another key."""

    default_message = "invalid settings data"


class SettingsStore:
    """The settings of one application.

    `current` is shared by all requests: never change it, `save()` a changed clone.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.current = Settings()

    def reload(self) -> None:
        """Read the settings from the database, storing the defaults when there are none yet.

        Raises `SettingsError` when they cannot be read.
        """
        self._app.hooks.settings_reload.trigger(AppEvent(self._app), lambda _: self._reload())

    def _reload(self) -> None:
        stored = read_param(self._app.data, PARAM)
        if stored is None:
            self._write(Settings())
        else:
            self.current = self._parse(stored)

    def save(self, settings: Settings) -> None:
        """Check *settings*, store them and make them current.

        Raises `ValidationErrors` when something in them is refused.
        """
        issues = issues_of(settings.superuser_ips)
        if issues:
            raise ValidationErrors({"superuserIPs": issues})
        self._write(settings.clone())

    def _write(self, settings: Settings) -> None:
        plain = orjson.dumps(settings.export(with_secrets=True))
        key = self._key()
        # COMPAT: plain settings are stored as bytes, encrypted ones as text
        write_param(self._app.data, PARAM, _sealed(plain, key) if key else plain, _now())
        self._app.data.after_commit(lambda: self._make_current(settings))

    def _make_current(self, settings: Settings) -> None:
        self.current = settings

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
        settings.merge(_loaded(text))
    except (ValueError, BadRequestError):
        return None
    return settings


def _loaded(text: bytes | str) -> Any:
    return orjson.loads(text)


def _sealed(plain: bytes, key: str) -> str:
    try:
        return seal(plain, key)
    except SealError as ex:
        raise SettingsError(str(ex)) from ex


def _unsealed(stored: bytes | str, key: str) -> bytes:
    try:
        return unseal(stored, key)
    except SealError as ex:
        raise SettingsError(str(ex)) from ex


def _now() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}Z"
