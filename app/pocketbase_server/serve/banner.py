"""What is printed when the server takes requests, or cannot."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TextIO


def print_banner(url: str) -> None:
    """Say where the API and the dashboard are."""
    lines = (
        f"{_stamp()} Server started at {url}",
        f"├─ REST API:  {url}/api/",
        f"└─ Dashboard: {url}/_/",
    )
    _say(sys.stdout, "\n".join(lines))


def print_installer(link: str) -> None:
    """Say how the first superuser is made."""
    lines = (
        "",
        "(!) There is no superuser yet. Open this link in a browser within 30 minutes to create one:",
        link,
        f"(or run: {_program()} superuser upsert EMAIL PASS)",
        "",
    )
    _say(sys.stdout, "\n".join(lines))


def print_error(message: str) -> None:
    """Say on stderr what went wrong."""
    _say(sys.stderr, f"{_stamp()} {message}")


def _say(where: TextIO, text: str) -> None:
    where.write(f"{text}\n")
    where.flush()


def _stamp() -> str:
    return datetime.now().strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ005 - the operator's clock


def _program() -> str:
    # NOTE: a released executable runs unpacked, elsewhere; its launcher tells where it lies
    return os.environ.get("POCKETBASE_EXECUTABLE") or sys.argv[0] or "pocketbase"
