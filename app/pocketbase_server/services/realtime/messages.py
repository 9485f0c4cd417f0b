"""Events that handlers of other people's code look at before they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pocketbase_server.core.hooks.events import RealtimeEvent
from pocketbase_server.core.request_info import RequestInfo

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.services.realtime.clients import RealtimeClient


@dataclass(slots=True)
class Message:
    """The name of an event and what it carries."""

    name: str
    data: bytes


def send_through_hook(app: App, client: RealtimeClient, name: str, data: bytes) -> None:
    """Send one event inside the handlers of `realtime_message_send`; they may change or stop it."""
    event = RealtimeEvent(app, RequestInfo(auth=client.auth, ip=client.ip), client)
    event.message = Message(name, data)
    app.hooks.realtime_message_send.trigger(event, _send)


def _send(event: RealtimeEvent) -> None:
    event.client.send(event.message.name, event.message.data)
