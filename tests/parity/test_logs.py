"""
The activity log: what is noted, found, counted and removed.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from scripts.servers import LIMIT
from tests.parity.multipart import form
from tests.scenario import Pair, Scenario, Side, as_each, q
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.parity

LOGS = "/api/logs"
STORED = 3.6
"""Seconds after which lines are stored that should not be."""


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

ODD = [
    "message:lower", "level:each", "created:lower", "id:length", "data:length", "message:isset",
    "data.auth:lower", "data.auth:length", "data.x:isset",
]  # fmt: skip
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
    *(logs(filter=f"{name} != '' && 1 = 2") for name in ODD),
    *(logs("/stats", filter=f"{name} != '' && 1 = 2") for name in ODD),
    *(logs(filter="1 = 2", sort=name) for name in [*ODD, "data.", "data.x."]),
    logs("/nope"),
    logs("/"),
    q(f"{LOGS}/nope", "DELETE", who="superuser"),
    *as_each(q(LOGS), "guest", "alice"),
    *as_each(q(f"{LOGS}/stats"), "guest"),
    *as_each(q(f"{LOGS}/x"), "guest"),
    *as_each(q(LOGS, "DELETE"), "guest", "alice"),
]  # fmt: skip


NOTED = {"name": "noted", "type": "base", "viewRule": "", "createRule": ""}
NOTED |= {
    "fields": [
        {"name": "title", "type": "text", "min": 2},
        {"name": "file", "type": "file", "maxSelect": 1},
    ],
    "indexes": ["create unique index idx_noted on noted (title)"],
}
WHERE = "/api/collections/noted/records"
FAILURES = [
    q("/api/settings", "PATCH", {"batch": {"enabled": True}}, who="superuser"),
    q("/api/collections", "POST", NOTED, who="superuser"),
    form(WHERE, ("title", "one"), ("file", "a.txt", b"hello"), save={"id": "id", "file": "file"}),
    q("/api/files/noted/{id}/{file}"),
    q("/api/files/noted/{id}/{file}", "HEAD"),
    q(WHERE, "POST", {"title": "x"}),
    q(WHERE, "POST", {"title": "one two", "id": "short"}),
    q("/api/batch", "POST", {"requests": [{"method": "POST", "url": WHERE, "body": {"title": "x"}}]}),
    q("/api/batch", "POST", {"requests": [{"method": "POST", "url": WHERE, "body": {"title": "two"}}]}),
    q("/api/batch", "POST", {}),
    q("/api/collections/noted", "PATCH", {"name": "!", "indexes": ["bad"]}, who="superuser"),
    q("/api/settings", "PATCH", {"superuserIPs": ["bad"], "meta": {"appURL": "bad"}}, who="superuser"),
    q("/api/sql", "POST", {"query": "bad"}, who="superuser"),
    q("/api/backups", "POST", {"name": "!"}, who="superuser"),
    q("/api/oauth2-redirect?state=a&code=b"),
    q("/api/n%20%C3%B6pe/x+y?a=%20b&c=%C3%B6&d=e+f&g=%2B"),
]  # fmt: skip
FILE = r'(?<=/api/files/noted/)[^"]*'


def store(pair: Pair, count: Iterator[int] = itertools.count()) -> None:  # noqa: B008
    """
    Wait until all lines so far are stored on both sides: lines are stored in their order.

    NOTE: we look into the files, because questions would leave lines as well.
    """
    mark = f"/stored/{next(count)}"
    pair.check(q(mark))
    for side in (pair.reference, pair.ours):
        eventually(lambda: _has_line(side, f"GET {mark}"), f"{mark} is not stored")  # noqa: B023


def _has_line(side: Side, message: str) -> bool:
    with closing(sqlite3.connect(side.data / "auxiliary.db", timeout=LIMIT)) as base:
        found = base.execute("SELECT 1 FROM _logs WHERE message = ?", (message,))
        return found.fetchone() is not None


def test_lines_are_the_same_and_found_alike(pair: Pair) -> None:
    """
    The same requests leave the same lines, and the same questions find them.
    """
    store(pair)
    pair.check(q(LOGS, "DELETE", who="superuser"), *EVENTS)
    store(pair)
    pair.check(*QUESTIONS)


def test_failures_are_told_alike(pair: Pair) -> None:
    """
    Status, address and reasons of what failed are noted in the same words.
    """
    store(pair)
    pair.check(q(LOGS, "DELETE", who="superuser"))
    for step in FAILURES:
        for side in (pair.reference, pair.ours):
            step.send(side)
    store(pair)
    wanted = "message !~ 'noted' || data.status != 404"
    fields = "level,message,data.error,data.details,data.method,data.status,data.url"
    asked = logs(filter=f"({wanted}) && {KINDS}", fields=fields, sort="@rowid", perPage=200)
    pair.check(replace(asked, blur=FILE))


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
    store(pair)
    pair.check(q(LOGS, "DELETE", who="superuser"), q("/api/collections/users/records"), failing)
    store(pair)
    pair.check(
        count, q("/api/settings", "PATCH", {"logs": {"maxDays": 0}}, who="superuser"), failing
    )
    time.sleep(STORED)
    pair.check(
        q(f"{LOGS}/stats?fields=total&filter=" + quote("message ~ 'users'"), who="superuser")
    )
