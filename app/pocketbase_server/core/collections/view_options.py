"""Where the records of a view collection come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pocketbase_server.core.options import refuse_body


@dataclass(slots=True)
class ViewOptions:
    """The query of a view collection."""

    view_query: str = ""

    def merge(self, raw: dict[str, Any]) -> None:
        """Take over the query if *raw* holds one; null makes it blank."""
        query = raw.get("viewQuery", self.view_query)
        if query is not None and not isinstance(query, str):
            raise refuse_body()
        self.view_query = query or ""

    def export(self, *, with_secrets: bool = False) -> dict[str, Any]:  # noqa: ARG002
        """Return `{"viewQuery": …}`."""
        return {"viewQuery": self.view_query}

    def clone(self) -> Self:
        """Return a copy."""
        return type(self)(self.view_query)
