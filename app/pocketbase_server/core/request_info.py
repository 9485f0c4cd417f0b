"""Who asks, and with what; made by the edge, read by rules and hooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pocketbase_server.core.records.model import Record


def _no_headers() -> Mapping[str, str]:
    return {}


@dataclass(slots=True)
class RequestInfo:
    """One request in domain terms; `@request.*` of the rule language reads from it."""

    method: str = "GET"
    query: dict[str, str] = field(default_factory=dict)
    """Query parameters; of a repeated one the first."""
    body: dict[str, Any] = field(default_factory=dict)
    auth: Record | None = None
    context: str = "default"
    """default, oauth2, otp, password, realtime, protectedFile, expand or batch."""
    ip: str = ""
    url: str = ""
    read_headers: Callable[[], Mapping[str, str]] = _no_headers
    """Gives the headers with names as rules write them: `x_token` for `X-Token`."""
    _headers: Mapping[str, str] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case with `_` for `-`; read on first use."""
        if self._headers is None:
            self._headers = self.read_headers()
        return self._headers

    @property
    def is_superuser(self) -> bool:
        """Whether the caller signed in as a superuser."""
        return self.auth is not None and self.auth.is_superuser
