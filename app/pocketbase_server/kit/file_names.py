"""Names under which uploaded files are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from pocketbase_server.kit.ids import random_id
from pocketbase_server.kit.text import snake_case

_ODD: Final = re.compile(r"[^\w.*\-+=#]+", re.ASCII)
_SHORTEST: Final = 3
_LONGEST: Final = 100
_LONGEST_EXTENSION: Final = 20
_LONGEST_GIVEN: Final = 300
"""COMPAT: of what the caller says, only the end counts."""
_RANDOM: Final = 10


def stored_name(name: str, guess_extension: Callable[[], str]) -> str:
    """Return a tidy name with a random part: `my_photo_52lfz0r8ys.JPG` for `My Photo.JPG`.

    *guess_extension* is asked (for `.png` and the like) when the name has no extension.
    """
    name = name[-_LONGEST_GIVEN:]
    own = extension_of(name)
    base = snake_case(name[: len(name) - len(own)])
    if len(base) < _SHORTEST:
        base += random_id(_RANDOM)
    return f"{base[:_LONGEST]}_{random_id(_RANDOM)}{_clean(own) or guess_extension()}"


def extension_of(name: str) -> str:
    """Return the end of *name* from its last dot but one (or its only one) on: `.tar.gz`."""
    last = name.rfind(".")
    if last < 0:
        return ""
    before = name.rfind(".", 0, last)
    return name[before if before >= 0 else last :]


def _clean(extension: str) -> str:
    text = _ODD.sub("", extension).strip(".")
    if len(text) > _LONGEST_EXTENSION:
        text = text[-_LONGEST_EXTENSION:].strip(".")
    return f".{text}" if text else ""
