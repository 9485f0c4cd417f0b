"""Questions about records: compiled once, then bound and run."""

from __future__ import annotations

from math import isqrt
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import Compiler, Purpose, Setting
from pocketbase_server.core.rules.joins import Link
from pocketbase_server.core.rules.parser import parse, parse_kept
from pocketbase_server.core.rules.resolver import Facts
from pocketbase_server.core.rules.skeleton import lift
from pocketbase_server.core.rules.sort import parse_sort
from pocketbase_server.kit.lru import Lru
from pocketbase_server.storage.sql.indexes import is_led_by
from pocketbase_server.storage.sql.nodes import render
from pocketbase_server.storage.sql.rows import largest_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.rules.binding import Param
    from pocketbase_server.core.rules.joins import Source

Row = tuple[Any, ...]
Key = tuple[Any, ...]

MAX_FILTER: Final = 3500
"""Bytes that a caller's filter may have."""
_MAX_PLANS: Final = 2048
_MAX_VARIANTS: Final = 64
_FRESH: Final = 30.0
"""Seconds after which a plan asks again how large the collections are."""
