"""`/api/realtime`: connecting, and saying what one wants to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.hooks.events import RealtimeEvent
from pocketbase_server.kit.members import RepeatedMemberError, members
from pocketbase_server.services.realtime.subscribing import SubscribeForm, subscribe
from pocketbase_server.web.fields_picker import pick
from pocketbase_server.web.media import JSON, read_body, read_xml_form, send_nothing
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.sse import HEADERS, EventStream

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


_NAMES: Final = ("clientId", "subscriptions")


class RealtimeResource:
    """The clients."""

    def __init__(self, app: App) -> None:
        self._app = app
        app.realtime.broadcaster.pick = pick

    def on_get(self, req: Request, resp: Response) -> None:
        """Connect: answer with a stream of events that tells the client its id first."""
        client = self._app.realtime.broker.new_client(req.ip)
        event = RealtimeEvent(self._app, request_info(req, "realtime"), client)

        def connect(_: RealtimeEvent) -> None:
            resp.set_headers(HEADERS)
            resp.stream = EventStream(self._app.realtime, client)

        self._app.hooks.realtime_connect_request.trigger(event, connect)

    def on_post(self, req: Request, resp: Response) -> None:
        """Set what a client listens to."""
        form = _form(req)
        subscribe(self._app, request_info(req, "realtime"), form)
        send_nothing(resp)


def _form(req: Request) -> SubscribeForm:
    body = _body(req)
    client_id, texts = body.get("clientId"), body.get("subscriptions")
    if not _is_json(req):
        client_id = client_id[0] if isinstance(client_id, list) else client_id
        texts = [texts] if isinstance(texts, str) else texts
    is_list = isinstance(texts, list) and all(isinstance(text, str | None) for text in texts)
    if not isinstance(client_id, str | None) or not (texts is None or is_list):
        raise BadRequestError
    return SubscribeForm(client_id or "", [text or "" for text in texts or ()])


def _body(req: Request) -> dict[str, Any]:
    try:
        body = read_xml_form(req)
        if body is None:
            body = read_body(req)
        else:
            req.body = {}  # for rules, which see no XML
        return members(body, _NAMES) if _is_json(req) else body
    except (BadRequestError, RepeatedMemberError) as ex:
        raise BadRequestError from ex


def _is_json(req: Request) -> bool:
    return (req.header("content-type") or "").startswith(JSON)
