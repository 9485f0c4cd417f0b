"""The global flags: accepted before and after every command, and what they mean for the `Config`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.kit.program import is_executable

from pocketbase_cli.parsing import Flag, Kind

if TYPE_CHECKING:
    from pocketbase_server.core.config import Config


def base_folder() -> Path:
    """Return the folder that `pb_data` and its neighbours belong in unless flags say otherwise.

    That is the folder of the executable when compiled, the working directory when run from source.
    """
    if not is_executable():
        return Path()
    # NOTE: the executable unpacks itself elsewhere; its launcher tells which file was started
    started = os.environ.get("POCKETBASE_EXECUTABLE") or sys.executable
    return Path(os.path.realpath(started)).parent


def _default(name: str) -> str:
    return str(base_folder() / name) if is_executable() else f"./{name}"


GLOBAL_FLAGS: Final = (
    Flag(
        "automigrate", Kind.BOOL, "true", "write a migration file for every change of a collection"
    ),
    Flag("dev", Kind.BOOL, "false", "print logs and SQL statements to the console"),
    Flag("dir", Kind.STRING, _default("pb_data"), "the data directory"),
    Flag(
        "encryptionEnv",
        Kind.STRING,
        "",
        "the name of the environment variable that holds the key (32 characters)\n"
        "with which the stored settings are encrypted (default none)",
    ),
    Flag("hooksDir", Kind.STRING, "", "the directory with the JS app hooks"),
    Flag("hooksPool", Kind.INT, "15", "how many JS runtimes are kept warm for the app hooks"),
    Flag(
        "hooksWatch",
        Kind.BOOL,
        "true",
        "restart when a file in the hooks directory changes; not on Windows",
    ),
    Flag(
        "indexFallback",
        Kind.BOOL,
        "true",
        "answer a missing static path with index.html, as single-page apps want it",
    ),
    Flag("migrationsDir", Kind.STRING, "", "the directory with your own migrations"),
    Flag(
        "publicDir", Kind.STRING, _default("pb_public"), "the directory with static files to serve"
    ),
    Flag("queryTimeout", Kind.INT, "30", "how many seconds one SELECT may take"),
)


@dataclass(slots=True, frozen=True)
class GlobalFlags:
    """The values of the global flags, by name, as given or by default."""

    values: Mapping[str, str]

    def config(self, **more: Any) -> Config:
        """Return the `Config` these flags ask for; *more* are its fields that no global flag sets."""
        from pocketbase_server.core.config import Config

        value = self.values
        data_dir = Path(value["dir"])
        return Config(
            data_dir=data_dir,
            public_dir=Path(value["publicDir"]),
            hooks_dir=Path(value["hooksDir"] or _beside(data_dir, "pb_hooks")),
            migrations_dir=Path(value["migrationsDir"] or _beside(data_dir, "pb_migrations")),
            is_dev=value["dev"] == "true",
            encryption_env=value["encryptionEnv"],
            query_timeout=float(value["queryTimeout"]) or 30.0,
            index_fallback=value["indexFallback"] == "true",
            hooks_watch=value["hooksWatch"] == "true",
            hooks_pool=int(value["hooksPool"]),
            automigrate=value["automigrate"] == "true",
            **more,
        )


def _beside(folder: Path, name: str) -> str:
    return os.path.normpath(folder / ".." / name)
