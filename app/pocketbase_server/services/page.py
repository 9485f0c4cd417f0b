"""Which part of a list was asked for, and how much there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pocketbase_server.core.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_PAGE = 30
MAX_PER_PAGE = 1000

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}\Z")
_END = 1 << 63
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False", ""), False),
}


@dataclass(slots=True)
class Page:
    """One page of a list; `total_items` is -1 until somebody has counted."""

    page: int = 1
    per_page: int = PER_PAGE
    skip_total: bool = False
    total_items: int = -1

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> Self:
        """Return the page that query parameters ask for.

        Raises `BadRequestError` for what is no number; others count as the nearest good ones.
        """
        if not query:
            return cls()
        page, per_page = _integer(query.get("page")), _integer(query.get("perPage"))
        skip_total = _BOOLEANS.get(query.get("skipTotal", ""))
        if skip_total is None:
            raise BadRequestError
        return cls(
            max(page, 1), min(per_page, MAX_PER_PAGE) if per_page > 0 else PER_PAGE, skip_total
        )

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return min((self.page - 1) * self.per_page, _END - 1)

    def is_known(self, found: int) -> bool:
        """Tell whether the total is known from the *found* items of this page, or unwanted."""
        if self.skip_total:
            return True
        # PERF: a page that is not full is the last one, so there is nothing to count
        if found < self.per_page and (found or self.page == 1):
            self.total_items = self.offset + found
            return True
        return False

    @property
    def total_pages(self) -> int:
        """How many pages there are; -1 when that is unknown."""
        return -1 if self.total_items < 0 else -(-self.total_items // self.per_page)

    def export(self, items: list[Any]) -> dict[str, Any]:
        """Return the page as the API prints it."""
        return {
            "items": items,
            "page": self.page,
            "perPage": self.per_page,
            "totalItems": self.total_items,
            "totalPages": self.total_pages,
        }


def _integer(text: str | None) -> int:
    if not text:
        return 0
    number = int(text) if _INTEGER.match(text) else _END
    if not -_END <= number < _END:
        raise BadRequestError
    return number
