"""One line of the log: how its data is cut to size."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.kit import json

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.log_rows import LogRow

DEFAULT_DATA_SIZE: Final = 16 << 10
MAX_MESSAGE: Final = 8_000
TRUNCATED: Final = "__pb_truncated__"


def new_row(level: int, message: str, data: Mapping[str, Any], max_size: int) -> LogRow:
    """Return a line of this moment as it is stored, its data cut to *max_size* bytes."""
    text = dumped(data, max_size or DEFAULT_DATA_SIZE)
    return level, _whole(message[:MAX_MESSAGE]), text, time()


def _whole(text: str) -> str:
    """Return *text* without halves of surrogate pairs, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def timestamp(seconds: float) -> str:
    """Return a moment as the database stores it: `2024-01-31 12:00:00.123Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def dumped(data: Mapping[str, Any], max_size: int) -> str:
    """Return *data* as JSON; what does not fit into *max_size* bytes is left out, with a mark."""
    text = _dump(data)
    if len(text) <= max_size:
        return text.decode()
    return _dump(_cut(data, max_size)).decode()


def _dump(value: Any) -> bytes:
    try:
        return json.dumps(value, sort_keys=True)
    except TypeError:
        # NOTE: a log line must never fail; what is no JSON is told in words
        return json.dumps({key: _plain(item) for key, item in value.items()}, sort_keys=True)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else _whole(str(value))


def _cut(data: Mapping[str, Any], max_size: int) -> dict[str, Any]:
    """Keep keys, in order, while they fit; the first value that does not is cut, or becomes null."""
    kept: dict[str, Any] = {TRUNCATED: True}
    _fill(kept, data, max_size)
    return kept


def _fill(kept: dict[str, Any], data: Mapping[str, Any], room: int) -> None:
    used = 0
    for key in sorted(data):
        used += len(_dump({key: 0})) - 2  # `"key":` and a comma
        if used - 1 > room:
            return
        size = len(_dump({"": data[key]})) - 5
        if used - 1 + size > room:
            kept[key] = _part(data[key], room - used + 1)
            return
        kept[key] = data[key]
        used += size


def _part(value: Any, room: int) -> dict[str, Any] | None:
    """Return of an object what fits, of anything else nothing."""
    if not isinstance(value, Mapping) or room < len("{}"):
        return None
    kept: dict[str, Any] = {}
    _fill(kept, value, room - len("{}"))
    return kept
