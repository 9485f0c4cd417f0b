"""
The activity log: what is noted, found, counted and removed.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

LOGS = "/api/logs"
STORED = 3.6
"""Seconds until lines are stored for sure."""


def logs(query: str = "", **params: Any) -> Scenario:
    text = "&".join(f"{name}={quote(str(value))}" for name, value in params.items())
    return q(f"{LOGS}{query}?{text}", who="superuser")


EVENTS = [
    q("/api/nope"),
    q("/api/collections/posts/records?x=1&y=a%20b"),
    q("/api/collections", who="superuser"),
    q("/api/collections/users/records", "POST", {"name": "x"}),
    q("/api/collections/posts/records?filter=%28bad", who="superuser"),
    q("/api/health", "HEAD"),
    q("/api/x", "OPTIONS"),
    q("/api/settings", "PATCH", {"logs": {"logAuthId": True, "logIP": False}}, who="superuser"),
    q("/api/collections/posts/records", who="alice"),
    q("/api/logs", who="superuser"),
    q("/api/crons", who="superuser"),
    q("/api/realtime", "POST", {"clientId": "x"}),
    q("/missing", headers={"Referer": "http://r.example/", "User-Agent": "me"}),
]

KINDS = "message != '' && data.type = 'request' && message !~ 'health' && message !~ '/api/logs'"
QUESTIONS = [
    logs(filter=KINDS, fields="level,message,data.auth,data.error,data.details,data.method,data.referer,data.remoteIP,data.status,data.type,data.url,data.userAgent,data.userIP", perPage=100),
    logs(filter="data.status >= 400", fields="message,level"),
    logs(filter="data.auth = '_superusers' && data.status = 200", fields="message"),
    logs(filter="level > 0", fields="message"),
    logs(filter="message ~ 'settings'", skipTotal=1, fields="level"),
    logs(filter="data.details.x = 1"),
    logs(filter="data.nope = null", fields="message", perPage=1),
    logs(filter="@now > created", fields="level", perPage=1),
    logs(sort="-data.status", fields="data.status", perPage=1),
    logs(sort="level,-@rowid", fields="level", perPage=1),
    logs(filter="bad > 1"),
    logs(sort="bad"),
    logs(sort="rowid"),
    logs(filter="("),
    logs(page="x"),
    logs(filter="updated > 1"),
    logs(filter="@request.auth.id != ''"),
    logs(filter="@collection.users.id = 1"),
    logs(filter="x" * 3600),
    logs("/stats", filter="("),
    logs("/stats", filter="bad = 1"),
    logs("/stats", filter="data.status = 404 && message ~ 'nope'", fields="total"),
    logs("/nope"),
    logs("/"),
    q(f"{LOGS}/nope", "DELETE", who="superuser"),
    *as_each(q(LOGS), "guest", "alice"),
    *as_each(q(f"{LOGS}/stats"), "guest"),
    *as_each(q(f"{LOGS}/x"), "guest"),
    *as_each(q(LOGS, "DELETE"), "guest", "alice"),
]  # fmt: skip


def test_lines_are_the_same_and_found_alike(pair: Pair) -> None:
    """
    The same requests leave the same lines, and the same questions find them.
    """
    time.sleep(STORED)
    pair.check(q(LOGS, "DELETE", who="superuser"), *EVENTS)
    time.sleep(STORED)
    pair.check(*QUESTIONS)


def test_levels_and_sizes_are_settings(pair: Pair) -> None:
    """
    With a minimum level only failures are stored, with their data cut; 0 days store nothing.
    """
    failing = q("/api/collections/users/records", "POST", {"name": "x"})
    count = q(f"{LOGS}?fields=message,data&filter=" + quote("message ~ 'users'"), who="superuser")
    pair.check(
        q("/api/settings", "PATCH", {"logs": {"minLevel": 4, "maxDataSize": 60}}, who="superuser"),
        q(LOGS, "DELETE", who="superuser"),
    )
    time.sleep(STORED)
    pair.check(q(LOGS, "DELETE", who="superuser"), q("/api/collections/users/records"), failing)
    time.sleep(STORED)
    pair.check(
        count, q("/api/settings", "PATCH", {"logs": {"maxDays": 0}}, who="superuser"), failing
    )
    time.sleep(STORED)
    pair.check(
        q(f"{LOGS}/stats?fields=total&filter=" + quote("message ~ 'users'"), who="superuser")
    )
