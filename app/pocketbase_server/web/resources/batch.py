"""`/api/batch`: several record requests in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.services.batch import (
    FAILED,
    READING,
    BatchItemError,
    check_enabled,
    read_items,
    run_batch,
)
from pocketbase_server.web.errors import error_body
from pocketbase_server.web.fields_picker import pick
from pocketbase_server.web.media import read_body, read_files, send_json
from pocketbase_server.web.request_info import request_info

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.services.batch import BatchItem
    from pocketbase_server.web.exchange import Request, Response


class BatchResource:
    """Carries out batches."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Answer with the answers of all requests, or with the failure of the first that failed."""
        check_enabled(self._app)
        items = _items(req)
        try:
            answers = run_batch(self._app, request_info(req), items, _picked)
        except BatchItemError as failure:
            raise _refusal(failure) from failure.error
        send_json(req, resp, answers)


def _items(req: Request) -> list[BatchItem]:
    try:
        return read_items(read_body(req), read_files(req))
    except BadRequestError as ex:
        raise BadRequestError(READING) from ex


def _picked(answer: Any, query: Mapping[str, str]) -> Any:
    wanted = query.get("fields")
    return pick(answer, wanted) if wanted else answer


def _refusal(failure: BatchItemError) -> BadRequestError:
    item = {
        "code": "batch_request_failed",
        "message": "Batch request failed.",
        "response": error_body(failure.error),
    }
    return BadRequestError(FAILED, {"requests": {str(failure.index): item}})
