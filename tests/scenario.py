"""
Scenario: one request, who sends it, and what must come back.

`run` checks the promise against one server; `Pair.check` asks the reference and us and compares.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.http_client import Answer, Client
from scripts.parity import HEADERS, Ties, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.servers import Server

WHO = ("guest", "alice", "bob", "carol", "erin", "frank", "superuser")


@dataclass(frozen=True)
class Scenario:
    """One request and its promise; `{name}` in url, body and headers takes a saved value."""

    name: str
    url: str
    method: str = "GET"
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    who: str = "guest"
    status: int = 200
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    look_at: tuple[str, ...] = HEADERS
    blur: str = ""
    save: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def send(self, side: Side) -> Answer:
        """Send the request to one server."""
        url, headers = side.fill(self.url), {k: side.fill(v) for k, v in self.headers.items()}
        body = side.fill(self.body) if isinstance(self.body, str) else self.body
        if isinstance(body, dict | list) and side.saved:
            body = json.loads(side.fill(json.dumps(body)))
        answer = side.client(self.who).ask(self.method, url, body, headers)
        for name, path in self.save.items():
            side.saved[name] = _dig(answer.value, path)
        return answer

    def run(self, side: Side) -> Answer:
        """Send the request and assert everything it promises."""
        answer = self.send(side)

        assert answer.status == self.status, f"{self}: {answer.status} {answer.text[:1000]}"
        for text in self.contains:
            assert text in answer.text, f"{self}: {text!r} is not in {answer.text[:1000]}"
        for text in self.lacks:
            assert text not in answer.text, f"{self}: {text!r} is in {answer.text[:1000]}"
        return answer

    def line(self) -> str:
        """Return the request as one readable line."""
        body = "" if self.body is None else f" {_text(self.body)[:400]}"
        sent = f" {dict(self.headers)}" if self.headers else ""
        return f"[{self.who}] {self.method} {self.url}{sent}{body}"


def q(url: str, method: str = "GET", body: Any = None, who: str = "guest", **more: Any) -> Scenario:
    """Return a question without a promise of its own: the reference says what is right."""
    name = (
        more.pop("name", None) or f"{who} {method} {url}{'' if body is None else ' ' + _text(body)}"
    )
    return Scenario(name[:120], url, method, body, who=who, **more)


def as_each(scenario: Scenario, *who: str) -> list[Scenario]:
    """Return the same question asked by several callers."""
    return [replace(scenario, who=one, name=f"{one}: {scenario.name}") for one in who]


def _text(body: Any) -> str:
    if isinstance(body, bytes):
        return repr(body[:200])
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def _dig(value: Any, path: str) -> str:
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if len(value) > int(part) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


@dataclass
class Side:
    """One running server and the people who talk to it."""

    server: Server
    tokens: dict[str, str]
    saved: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    def client(self, who: str = "guest") -> Client:
        """Return the client that speaks as *who* ("guest" or a name of the template)."""
        if who not in self._clients:
            token = "" if who == "guest" else self.tokens[who]
            self._clients[who] = Client(self.server.port, token)
        return self._clients[who]

    def fill(self, text: str) -> str:
        """Replace `{name}` by the value saved under that name."""
        for name, value in self.saved.items():
            text = text.replace("{" + name + "}", value)
        return text

    def close(self) -> None:
        """Drop connections and stop the server."""
        for client in self._clients.values():
            client.close()
        self.server.stop()

    @property
    def data(self) -> Path:
        """Return the data directory that is served."""
        return self.server.data


@dataclass
class Pair:
    """The reference and ours, on copies of one data directory."""

    reference: Side
    ours: Side
    since: float = field(default_factory=time.time)

    def check(self, *steps: Scenario) -> None:
        """Ask both every step in turn; fail with all differences, after the last step."""
        found = self.compare(*steps)

        assert not found, "\n" + "\n".join(found)

    def compare(self, *steps: Scenario) -> list[str]:
        """Ask both every step in turn and return all differences, each under its request."""
        ties, found = Ties(self.since), []
        for step in steps:
            answers = [_blurred(step, side) for side in (self.reference, self.ours)]
            lines = differences(answers[0], answers[1], ties, step.look_at)
            if lines:
                found.append("\n    ".join([step.line(), *lines]))
                _report(step, lines)
        return found


def _blurred(step: Scenario, side: Side) -> Answer:
    """Send the step and hide what is random in the middle of longer texts."""
    answer = step.send(side)
    if not step.blur:
        return answer
    return replace(answer, body=re.sub(step.blur.encode(), b"~", answer.body))


def _report(step: Scenario, lines: list[str]) -> None:
    """Collect differences of a whole run in the file that PARITY_REPORT names."""
    path = os.environ.get("PARITY_REPORT")
    if path:
        with Path(path).open("a") as out:
            out.write(json.dumps({"request": step.line(), "differences": lines}) + "\n")
