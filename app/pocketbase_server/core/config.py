"""What is fixed at start-up: folders and flags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True, frozen=True)
class Config:
    """Start-up choices of one server; the stored ones are `Settings`."""

    data_dir: Path = Path("pb_data")
    public_dir: Path = Path("pb_public")
    hooks_dir: Path = Path("pb_hooks")
    migrations_dir: Path = Path("pb_migrations")
    is_dev: bool = False
    encryption_env: str = ""
    """The NAME of the environment variable that holds the settings key (32 characters)."""
    query_timeout: float = 30.0
    """Seconds that one SELECT may take."""
    index_fallback: bool = True
    hooks_watch: bool = True
    hooks_pool: int = 15
    automigrate: bool = True
    origins: tuple[str, ...] = ("*",)
    expand_all: bool = False
    workers: int = 1
