"""A story told to both servers, and what their realtime clients hear of it."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

from scripts.parity import Ties, value_differences
from tests.scenario import Pair, Scenario, Side, q
from tests.sse import Listener

BELLS = {
    "name": "bells",
    "type": "base",
    "listRule": "",
    "createRule": "",
    "fields": [{"name": "number", "type": "number"}],
}
"""Every client hears these; what it was to hear before one of them, it has heard by then."""
LATE = 20.0
"""Seconds that an event may come after the bell."""


def options(**parts: Any) -> str:
    return "?options=" + quote(json.dumps(parts))


def _place(event: dict[str, Any]) -> str:
    """Order events by what is not random in them."""
    data = event["data"] if isinstance(event["data"], dict) else {}
    record = data.get("record", {})
    told = [event["event"], data.get("action"), record.get("title"), str(record.get("id", ""))[:11]]
    return json.dumps(told)


def _sorted(before: list[Any], ear: Listener, events: list[Any]) -> list[Any]:
    """Return what was heard before and now, with the id as whether it is the right one."""
    return sorted([*before, *({**one, "id": one["id"] == ear.id} for one in events)], key=_place)


class Story:
    """Both servers, a listener at each, and the differences found so far."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.sides: tuple[Side, Side] = (pair.reference, pair.ours)
        self.ties = Ties(pair.since)
        self.ears: list[Listener] = []
        self.rung = 0
        self.connect()

    def connect(self) -> None:
        self.close()
        self.ears = [Listener(side.server.port) for side in self.sides]
        for side, ear in zip(self.sides, self.ears, strict=True):
            side.saved["client"] = ear.id

    def close(self) -> None:
        for ear in self.ears:
            ear.close()

    def subscribe(self, *topics: str, who: str = "guest") -> None:
        wanted = [*topics, "bells/*"]
        self.do(
            q("/api/realtime", "POST", {"clientId": "{client}", "subscriptions": wanted}, who=who)
        )

    def do(self, *steps: Scenario) -> None:
        self.pair.check(*steps)

    def hear(self, *steps: Scenario) -> list[Any]:
        """Take steps and compare what is heard then, in any order; return our side of it."""
        self.do(*steps)
        self.rung += 1
        self.do(q("/api/collections/bells/records?fields=number", "POST", {"number": self.rung}))
        heard = [self._until_the_bell(ear) for ear in self.ears]
        found = value_differences(*heard, self.ties, "heard")
        end = time.monotonic() + LATE
        while found and time.monotonic() < end:  # the reference sends from many threads
            for ear, events in zip(self.ears, heard, strict=True):
                events[:] = _sorted(events, ear, ear.events(0.2))
            found = value_differences(*heard, self.ties, "heard")

        assert not found, f"{[step.line() for step in steps]}: {found}"
        return heard[1]

    def _until_the_bell(self, ear: Listener) -> list[Any]:
        events = []
        while (event := ear.event()) is not None and not self._is_bell(event):
            events.append(event)

        assert event is not None, f"no bell after {events}"
        return _sorted([], ear, events)

    def _is_bell(self, event: dict[str, Any]) -> bool:
        return bool(event["event"] == "bells/*" and event["data"]["record"]["number"] == self.rung)
