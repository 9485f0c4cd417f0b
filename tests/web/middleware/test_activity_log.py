"""
What is noted of a request: one line, however it is made.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pocketbase_server.core.settings.model import Logs
from pocketbase_server.services.logs.entry import MAX_MESSAGE, new_row
from pocketbase_server.web.middleware import activity_log
from pocketbase_server.web.middleware.activity_log import ActivityLog

USER = SimpleNamespace(collection=SimpleNamespace(name="users"), id='x"é')


class Writer:
    """Keeps the lines, and tells those that came as text from the others."""

    def __init__(self, logs: Logs) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self._size = logs.max_data_size

    def write(self, level: int, message: str, data: Any) -> None:
        self.lines.append(("", *new_row(level, message, data, self._size)[:3]))

    def write_text(self, message: str, data: str) -> None:
        self.lines.append(("text", 0, message, data))


def request(headers: dict[str, str] | None = None, **given: Any) -> Any:
    plain = {
        "method": "GET", "target": "/api/health?a=b", "failure": None, "caller": None, "ip": "1.2.3.4",
        "remote_ip": "127.0.0.1", "is_logged": True, "endpoint": None, "started": 0.0,
        "header": (headers or {}).get,
    }  # fmt: skip
    return SimpleNamespace(**(plain | given))


AGENT = {"user-agent": 'a/1 (b; \\"c\\")', "referer": "http://x/?y=<z>&"}
LINES = {
    "plain": ("text", {}, {}, {}),
    "client": ("text", {"headers": AGENT}, {}, {}),
    "no addresses": ("text", {"headers": AGENT}, {"log_ip": False}, {}),
    "signed in": ("text", {"caller": USER}, {}, {}),
    "signed in, told": ("", {"caller": USER}, {"log_auth_id": True}, {}),
    "status": ("text", {}, {}, {"status": 204}),
    "status as text": ("text", {}, {}, {"status": "201 Created"}),
    "whole milliseconds": ("text", {"started": -0.001}, {}, {}),
    "escapes": ("text", {"target": "/a%20b?c=%C3%A9%ff"}, {}, {}),
    "quotes": ("", {"target": '/a?b="c"\\'}, {}, {}),
    "beyond ASCII": ("", {"target": "/é"}, {}, {}),
    "agent beyond ASCII": ("", {"headers": {"user-agent": "é"}}, {}, {}),
    "control characters": ("text", {"headers": {"user-agent": "a\t\x01\x7f"}}, {}, {}),
    "long agent": ("text", {"headers": {"user-agent": "x" * 1000}}, {}, {}),
    "long path": ("", {"target": "/" + "x" * MAX_MESSAGE}, {}, {}),
    "little room": ("", {}, {"max_data_size": 40}, {}),
}


@pytest.mark.parametrize("name", LINES)
def test_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A line made quickly is the same as one made with care, and what is unusual is made with care.
    """
    way, asked, settings, answered = LINES[name]
    monkeypatch.setattr(activity_log, "perf_counter", lambda: 0.002)
    logs = Logs(**settings)
    writer = Writer(logs)
    app: Any = SimpleNamespace(
        settings=SimpleNamespace(current=SimpleNamespace(logs=logs)), logs=writer
    )
    resp: Any = SimpleNamespace(**({"status": 200, "status_code": 201} | answered))
    req = request(**asked)

    ActivityLog(app).process_response(req, resp, None, True)

    data = activity_log._data(req, resp, req.target, logs)
    careful = new_row(0, activity_log._title(req, req.target), data, logs.max_data_size)[:3]
    (line,) = writer.lines
    assert line[1:] == careful
    assert line[0] == way
    assert json.loads(line[3])


def test_clients() -> None:
    """
    However many clients there are, and however much they tell, little is kept of them.
    """
    kept = activity_log._client.cache_info().maxsize
    assert kept is not None
    assert kept * activity_log._USUAL < 1 << 20
