"""What the router finds: who answers, where it may run, and what it allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

MEGABYTE: Final = 1 << 20
BODY_LIMIT: Final = 32 * MEGABYTE

Responder = Callable[..., None]
Limit = int | Callable[[Mapping[str, str]], int]
"""Bytes that a body may have, or how to find out from the path's parameters."""


class Lane(Enum):
    """Where a request runs."""

    INLINE = "inline"
    """Where it arrives, since it is known to be quick; in the pool when it turns out not to be."""
    SHARED = "shared"
    """As `INLINE`, on the event loop; what it writes may be committed together with the writes of others."""
    POOL = "pool"
    SLOW = "slow"
    """In threads of its own: passwords, uploads, backups. They cannot starve the pool."""


@dataclass(slots=True, frozen=True, eq=False)
class Endpoint:
    """One method of one path; each is equal to itself alone."""

    responder: Responder
    template: str
    lane: Lane = Lane.POOL
    limit: Limit = BODY_LIMIT
    tags: tuple[str, ...] = ()
    is_logged: bool = True
    """Whether successes go to the activity log; failures always do."""

    path: str = ""
    """The pattern as other people's code wrote it."""
    takes_rest: bool = False
    """Whether the last parameter stands for the rest of the path."""

    def limit_for(self, params: Mapping[str, str]) -> int:
        """Return how many bytes a body to this path may have."""
        return self.limit if isinstance(self.limit, int) else self.limit(params)


class Match(NamedTuple):
    """An endpoint and the values of the path's parameters."""

    endpoint: Endpoint
    params: dict[str, Any]
