"""
The SQL console: what statements answer, and what they are refused for.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

URL = "/api/sql"
KEPT = "?fields=affectedRows,columns,rows,data,message,status"


def sql(query: Any, **more: Any) -> Scenario:
    return q(URL + KEPT, "POST", {"query": query}, who="superuser", name=str(query)[:90], **more)


READS: list[Any] = [
    "", None, "   ", "select 1", "select 1;", "select 1; select 2", "select 1; bad", "bad sql",
    "select 1, 'a' as b, null, 1.5, x'41', 1e20, true", "select * from nope", "select 1 where 0",
    "select id, email, verified, created from users order by id limit 2", "values(1)",
    "select * from _params limit 0", "select 1 as a, 2 as a", "select 1 -- c", "-- comment", ";",
    "pragma journal_mode", "pragma table_info(posts)", "explain query plan select * from users",
    "with t(n) as (select 1) select n from t", "select [[id]] from {{users}} where 0",
    "select cast('é' as blob), 0.1+0.2, 123456789012345678, -0.0, 1e300, 3.0, 1e6",
    "select load_extension('x')", "update sqlite_master set sql='x'", "delete from _logs",
    "--" + "é" * 2499, "--" + "é" * 2500, "select ?", "select :a", "select {:a}", "x" * 5001, 5,
]  # fmt: skip

WRITES = [
    "create table foo(a int not null, b text default 'x', c real)",
    "insert into foo(a,b,c) values(1,'x',2.50),(2,null,3)",
    "select * from foo",
    "select a, count(*) n, a+1, max(c) from foo",
    "update foo set b='z' where a>5",
    "update foo set b='z'",
    "delete from foo where a=1 returning a,b",
    "insert into foo(a) values(9) returning *",
    "insert into foo values(1)",
    "insert into foo(a) values(11); select * from foo; select 5 as five",
    "insert into foo(a) values(null)",
    "select a from foo order by a",
    "create view vv as select a from foo",
    "select * from vv",
    "drop view vv",
    "drop table foo",
    "vacuum",
    "analyze",
    "reindex",
]
TOGETHER = [
    "create table bar(a); insert into bar values(1)",
    "insert into bar values(2); bad",
    "insert into bar values(3); insert into nope values(1)",
    "insert into bar values(4); select abs(-9223372036854775808)",
    "insert into bar values(5); vacuum; select 1",
    "create table bar2(a); bad",
    "select 1; insert into bar values(6); bad",
    "select * from bar",
    "select * from bar2",
    "vacuum; select 1",
    "drop table bar; select 1; bad",
    "select count(*) from bar",
]
"""Several statements at once: what they leave when one of them fails."""
DECLARED = [
    "create table moments(a date, b datetime, c timestamp, d time, e text)",
    "insert into moments values('2020-01-02', '2020-01-02 03:04:05.120Z', '2020-01-02T03:04:05+02:00', '03:04', '2020-01-02')",
    "insert into moments values('2020-01-02 3:04', '2020-01-02T03:04:05,5', '2020-01-02 03:04:05.1234567891', '', '')",
    "insert into moments values('2020-02-30', '2020-1-2', '2020-01-02 03:04:05.', null, 'x')",
    "insert into moments values('2020-01-02 03:04:05 +0000 UTC', '9999-12-31 23:59:59-00:00', '12020-01-01', '', '')",
    "insert into moments values(5, 1.5, x'41', 7, 8)",
    "select * from moments",
    "select a as x, b || '' as y, max(c) from moments",
    "drop table moments",
]
"""Columns declared to hold moments."""
COMMENTED = [
    "select 1; -- c", "select 1; /* c */ ; ", "select 1 as a; select 2 as b -- c", "-- c\nselect 1", "select 1 /* open", "select 1;;;",
    "select 1\0", "\0", "select 1\0; select 2", "select 'a\0b'", "select 1 limit 'a'",
    "select soundex('hello'), soundex(''), soundex(null), soundex('123'), soundex('Tymczak'), soundex('Pfister'), soundex('é x')",
]  # fmt: skip
BAD_TEXT = [
    "select cast(x'ff41' as text) as t, 'é', x'e282', x'f09f98', x'e28241', x'c3', x'eda080'",
    "select cast(x'e282' as text)", "select char(55296)", "select 'ok' union all select cast(x'ff' as text)",
    "select x'e2' where 1; select cast(x'ff' as text); select 2 as z", "select 1; select cast(x'ff' as text) as z",
    "select cast(x'ff' as text); select cast(x'fe41' as text) as z;", "select cast(x'ff' as text); -- c",
    "select cast(x'ff' as text) -- c", "select cast(x'ff' as text) /* c */ ; ; ",
    "with a(b) as (select cast(x'ff' as text)) select * from a", "values(cast(x'ff' as text), 2)",
    "select 1 as a, cast(x'ff' as text) as a", "select cast(x'ff' as text); bad", "select cast(x'ff' as text); insert into nope values(1)",
    "create table bytes(a text, b blob, c date)",
    "insert into bytes values(cast(x'ff41' as text), x'ff41', '2020-01-02'), (cast(x'fe' as text), '', cast(x'ff' as text))",
    "select * from bytes", "select a || 'x', c from bytes where a = cast(x'ff41' as text)", "select max(a) from bytes",
    "insert into bytes values(cast(x'ff' as text), 1, 2) returning a, b", "select count(*) from bytes",
    "update bytes set b = 1 returning a", "delete from bytes where 1 returning *", "drop table bytes; select 1",
]  # fmt: skip
"""Bytes that are no UTF-8, in texts and in blobs."""
QUOTED = [
    "select [[users.id]], [[id]] from users limit 1",
    "select {{users}}.[[id]], {{users.id}} from {{main.users}} limit 1",
    "select [[main.users.id]] from users limit 1",
    "select [[users.*]] from users limit 0",
    "select [[a b]] from users",
    "select [[count(id)]] from users",
    "select '[[x]]' a, '{{y}}' b",
]
MARKS = ["select ?1", "select ?2", "select ?1, ?1", "select ?, ?", "select :a, :b", "select ?3, :b"]


@pytest.mark.parametrize("query", READS, ids=lambda query: str(query)[:60])
def test_reading(query: Any, pair: Pair) -> None:
    """
    Columns, rows and refusals are the same.
    """
    pair.check(sql(query))


def test_writing(pair: Pair) -> None:
    """
    What a chain of statements changes is counted alike.
    """
    pair.check(*map(sql, WRITES))


def test_all_or_nothing(pair: Pair) -> None:
    """
    A chain that begins with a change is carried out as a whole or not at all.
    """
    answers = "?fields=rows,data,message,status"
    pair.check(
        *(
            q(URL + answers, "POST", {"query": text}, who="superuser", name=text)
            for text in TOGETHER
        )
    )


def test_moments(pair: Pair) -> None:
    """
    What is a moment in a column for moments is shown as one, everything else as it is.
    """
    answers = "?fields=columns,rows,data,message,status"
    pair.check(*(q(URL + answers, "POST", {"query": text}, who="superuser") for text in DECLARED))


def test_bad_text(pair: Pair) -> None:
    """
    Each byte that is no UTF-8 is shown as U+FFFD; the rest of the rows is as ever.
    """
    answers = "?fields=columns,rows,data,message,status"
    pair.check(*(q(URL + answers, "POST", {"query": text}, who="superuser") for text in BAD_TEXT))


@pytest.mark.parametrize("query", COMMENTED, ids=repr)
def test_comments_and_endings(query: str, pair: Pair) -> None:
    """
    Comments are no statements, and a NUL is the end.
    """
    pair.check(sql(query))


@pytest.mark.parametrize("query", [*QUOTED, *MARKS], ids=str)
def test_names_and_marks(query: str, pair: Pair) -> None:
    """
    Names in double brackets are quoted part by part; marks for values are refused by their names.
    """
    pair.check(sql(query))


def test_no_more_than_a_thousand_rows(ours: Any) -> None:
    """
    A query without end is cut, quickly.
    """
    query = "with recursive t(n) as (select 1 union all select n+1 from t) select n from t"
    answer = ours.client("superuser").post(URL, {"query": query})

    assert len(answer.json()["rows"]) == 1000


@pytest.mark.parametrize(
    "scenario",
    [
        *as_each(q(URL, "POST", {"query": "select 1"}), "guest", "alice"),
        q(URL, who="superuser"),
        q(URL + KEPT, "POST", json.dumps({"QUERY": "select 1"}), who="superuser", headers={"Content-Type": "application/json"}),
        q(URL + KEPT, "POST", "query=select+1", who="superuser", headers={"Content-Type": "application/x-www-form-urlencoded"}),
        q(URL, "POST", "{bad", who="superuser", headers={"Content-Type": "application/json"}),
    ],
    ids=str,
)  # fmt: skip
def test_who_and_how(scenario: Scenario, pair: Pair) -> None:
    """
    Superusers only; the forms of a body count alike.
    """
    pair.check(scenario)


def test_changed_tables_are_noticed(ours: Any) -> None:
    """
    A collection renamed by hand is known by its new name at once.
    """
    root = ours.client("superuser")
    root.post("/api/collections", {"name": "by_hand", "type": "base", "fields": []})
    root.post(URL, {"query": "update _collections set listRule = '' where name = 'by_hand'"})

    assert ours.client().get("/api/collections/by_hand/records").status == 200
