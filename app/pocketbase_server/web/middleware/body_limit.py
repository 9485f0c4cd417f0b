"""Bodies over the limit of their path are refused, unread where the length is announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.errors import TooLargeError
from pocketbase_server.web.exchange import REFUSAL_KEY

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response


class BodyLimit:
    """Raises what the server process found wrong with the body, and checks announced lengths.

    It runs once the endpoint is known, since the limit is the endpoint's.
    """

    def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Raise the refusal that came with the request."""
        refusal: Exception | None = req.env.get(REFUSAL_KEY)
        if refusal is not None:
            raise refusal


def check_length(length: str | None, limit: int) -> None:
    """Raise `TooLargeError` when the announced *length* is over *limit*."""
    if length is not None and limit > 0 and length.isdecimal() and int(length) > limit:
        raise TooLargeError
