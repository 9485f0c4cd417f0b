"""
Records: every field type under friendly and hostile values, modifiers, ids, uniqueness, deletes.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

KINDS = "/api/collections/kinds/records"
MUST = "/api/collections/must/records"
T1, T2, T3, T4 = (f"tag00000000000{i}" for i in range(1, 5))

ANY: list[Any] = [
    None, "", " ", "text", "  padded  ", 0, 1, -1, 1.5, 12345678901234567890, 1e300, True, False,
    [], ["a"], ["a", "b"], [1, 2], [None], [[]], {}, {"a": 1}, {"lon": 1}, "null", "true", "1", "0", "[]", "{}", '["a"]', '{"a":1}', '"q"', "ünï😀", "a\nb\tc", "<b>x</b>", "a'b\"c`d\\e", "%", "x" * 5001, "e\u0301", "\u200b",
]  # fmt: skip

OWN: dict[str, list[Any]] = {
    "text": ["x" * 5000, "ä" * 5000, "ä" * 5001, "😀" * 2500, -0.0, 1.0, 1e21, 1e-7, 123456789012345.678],
    "text_strict": ["a", "ab", "abcde", "abcdef", "AB", "ab1", "äb", "abc\n", 123, None],
    "text_auto": ["own", "", None],
    "editor": ["<p>a</p><script>x</script>", "&amp;&nbsp;", "x" * 10000],
    "editor_small": ["x" * 20, "x" * 21, "ä" * 10, "ä" * 11],
    "number": ["5", "5.5", "-3", "+3", "1e3", "0x10", "1_000", "1,5", " 5 ", "5a", "Infinity", "NaN", "-0", ".5", "5.", 9007199254740993, 1e-320, 0.1, 123456.789, -1e15, 1e16, 1e21],
    "number_strict": [-5, -6, 10, 11, 2.5, "3", "3.0", 3.0, 0, "x", -5.0001],
    "bool": ["t", "f", "T", "F", "TRUE", "False", "yes", "on", 2, -1, 0.5, "maybe", "1.0", "tRUE"],
    "email": ["a@b.co", "A@B.CO", "a@b", "a b@c.co", "ä@b.co", "a@ä.co", "a+b@c.co", '"a b"@c.co', "a@b.co ", "a@@b.co", "x" * 64 + "@b.co", "x" * 65 + "@b.co", "a@" + "b" * 250 + ".co", "a@127.0.0.1", "a@[127.0.0.1]", "a.@b.co", ".a@b.co", "a..b@c.co", "Name <a@b.co>"],
    "email_strict": ["a@example.com", "a@EXAMPLE.com", "a@sub.example.com", "a@example.net", "nope"],
    "url": ["http://a.co", "https://a.co/x?y#z", "a.co", "//a.co", "ftp://a.co", "javascript:alert(1)", "http://", "http://a", "http://localhost:80", "http://127.0.0.1", "http://ä.co", "http://a b.co", "mailto:a@b.co", "HTTP://A.CO", "http://user:pw@a.co", "http://[::1]/", "http://a.co:99999", "http://a_b.co", "http://-a.co", "tel:1", "/path", "x://y"],
    "url_strict": ["http://example.com", "http://sub.example.com", "http://example.org", "http://EXAMPLE.com/x"],
    "date": ["2024-01-02", "2024-01-02 03:04", "2024-01-02 03:04:05", "2024-01-02 03:04:05.6", "2024-01-02 03:04:05.678Z", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05+02:00", "2024-01-02 03:04:05.678+02:00", "2024-13-01", "2024-02-30", "2023-02-29", "24-01-02", "01/02/2024", "1704164645", 1704164645, 1704164645000, 0, "0000-01-01", "9999-12-31 23:59:59.999Z", "10000-01-01", "-0001-01-01", "now", "Mon, 02 Jan 2006 15:04:05 MST", "2024-01-02 03:04:05.6789123Z", "2024-1-2", "20240102", "2024-01-02T03:04:05.678", "2024-01-02 24:00:00", "2024-01-02 03:04:60", "2024", "2024-01", "Jan 2 2024", "2024-01-02 03:04:05 +0000 UTC", "0001-01-01 00:00:00.000Z", "1970-01-01"],
    "date_strict": ["2020-01-01", "2019-12-31 23:59:59.999Z", "2030-01-01", "2030-01-01 00:00:00.001Z", "2025-01-01"],
    "created": ["2020-01-01 00:00:00.000Z", 5],
    "updated": ["2020-01-01 00:00:00.000Z"],
    "select_one": ["a", "A", " a ", "d", ["a"], ["a", "b"], ["b", "nope"], ["nope"], '["a"]', "a,b", {"0": "a"}],
    "select_many": ["a", ["a", "a"], ["b", "a"], ["a", "b", "c"], ["a", "b", "c", "d"], ["a", "x"], '["a","b"]', "a,b", ["a", ""], ["", ""], ["a", None], {"x": "a"}, '["a"', [["a"]]],
    "json": ["[1,2]", '{"a":{"b":[1]}}', '"text"', "12", "1.50", "null", "true", "not json", '{"a":', "", " ", "[1,", {"a": [1, {"b": None}]}, [[[[]]]], 1e308, "1e5", "007", "-", '{"b":1,"a":2}', {"z": 1, "a": 2}, '"\\u00e4"', {"ä": "😀"}, 1.0, 100000000000000000000, "100000000000000000000", "<>&", {"h": "<>&\u2028"}],
    "json_small": ["x" * 18, "x" * 19, "x" * 20, {"a": "x" * 30}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 12345678901234567890],
    "geo": [{"lon": 10, "lat": 20}, {"lon": 0, "lat": 0}, {"lon": 181, "lat": 0}, {"lon": -181, "lat": 0}, {"lon": 0, "lat": 91}, {"lon": 0, "lat": -91}, {"lon": 180, "lat": 90}, {"lon": "1.5", "lat": "2"}, {"LON": 1, "LAT": 2}, {"lat": 5}, '{"lon":3,"lat":4}', '{"lon":3', [1, 2], [1], {"lon": None, "lat": 1}, {"lon": 1, "lat": 2, "alt": 3}, {"lon": 1.123456789, "lat": -2.5}, "1,2", {"lon": [1]}],
    "rel_one": [T1, "nope", [T1], [T1, T2], ["nope", T1], [T1, "nope"], T1.upper(), f" {T1} ", f'["{T1}"]', "user00000000001"],
    "rel_many": [T1, [T1, T1], [T2, T1], [T1, T2, T3], [T1, T2, T3, T4], [T1, "nope"], f'["{T1}","{T2}"]', f"{T1},{T2}", [T1, ""], [T1, None], ["nope", "nope"], {"a": T1}],
    "rel_min": [T1, [T1], [T1, T2], [T1, T1], [T1, T2, T3, T4], []],
    "password": ["1234", "123", "x" * 20, "x" * 21, "ä" * 10, "x" * 72, 12345],
    "hidden": ["x"],
    "id": ["own000000000001", "OWN000000000001", "short", "x" * 16, "own-00000000001", "own0000000000/1", "", None, 5, "kind00000000001", "con", " own00000000002", "own00000000000ä", "../../../../../a"],
    "collectionId": ["x"], "collectionName": ["x"], "expand": [{"a": 1}], "unknown": [1], "TEXT": ["x"],
}  # fmt: skip


def _rows() -> list[Any]:
    rows = []
    for field, own in OWN.items():
        shared = (
            []
            if field
            in {
                "text_auto",
                "created",
                "updated",
                "id",
                "collectionId",
                "collectionName",
                "expand",
                "unknown",
                "TEXT",
                "hidden",
            }
            else ANY
        )
        rows += [
            pytest.param(field, value, id=f"{field}-{i}-{str(value)[:30]!r}")
            for i, value in enumerate([*own, *shared])
        ]
    return rows


@pytest.mark.parametrize(("field", "value"), _rows())
def test_value(field: str, value: Any, pair: Pair) -> None:
    """A value is stored, normalised or refused on create and on update as by the reference."""
    made = {"id": "value0000000001", field: value} if field != "id" else {"id": value}
    where = f"{KINDS}/{made['id'] if field == 'id' and isinstance(value, str) and value.isalnum() and value.isascii() else 'value0000000001'}"
    steps = [
        q(KINDS, "POST", made),
        q(where, "PATCH", {"text": "again"}),
        q(where, who="superuser"),
        q(f"{KINDS}/kind00000000002", "PATCH", {field: value}),
        q(f"{KINDS}/kind00000000002"),
    ]
    if where != f"{KINDS}/kind00000000001":
        steps.append(q(where, "DELETE"))
    pair.check(*steps)


EMPTY: list[Any] = [None, "", 0, False, [], {}, "x", 1, True]


@pytest.mark.parametrize("value", EMPTY, ids=repr)
@pytest.mark.parametrize(
    "field",
    [
        "text",
        "editor",
        "number",
        "bool",
        "email",
        "url",
        "date",
        "select_one",
        "select_many",
        "json",
        "geo",
        "rel_one",
        "rel_many",
        "password",
    ],
)
def test_required(field: str, value: Any, pair: Pair) -> None:
    """What counts as empty when a field is required."""
    full = {
        "text": "a", "editor": "a", "number": 1, "bool": True, "email": "a@b.co", "url": "http://a.co", "date": "2024-01-01",
        "select_one": "a", "select_many": ["a"], "json": {"a": 1}, "geo": {"lon": 1, "lat": 1}, "rel_one": T1, "rel_many": [T1], "password": "12345",
    }  # fmt: skip
    pair.check(
        q(MUST, "POST", {"id": "must00000000001", **full, field: value}),
        q(f"{MUST}/must00000000001", "DELETE"),
    )


def test_required_all(pair: Pair) -> None:
    """An empty body names every required field."""
    pair.check(q(MUST, "POST", {}))


# -- modifiers -------------------------------------------------------------------------------------

K1 = f"{KINDS}/kind00000000001"
MODIFIERS: list[dict[str, Any]] = [
    {"number+": 1}, {"number+": -2.5}, {"number-": 1}, {"number+": "3"}, {"number+": "x"}, {"number+": None}, {"number+": [1]}, {"number-": "x"}, {"+number": 1}, {"number+": True},
    {"number+": 1, "number": 10}, {"number": 10, "number+": 1}, {"number+": 1, "number-": 5}, {"number_strict+": 5}, {"number_strict+": 50}, {"number_strict+": 0.5},
    {"select_many+": "c"}, {"select_many+": ["c", "d"]}, {"+select_many": "c"}, {"+select_many": ["c"]}, {"select_many-": "a"}, {"select_many-": ["a", "b"]}, {"select_many-": "nope"}, {"select_many+": "nope"}, {"select_many+": ["a"]}, {"select_many+": ["b", "c", "d"]}, {"select_many+": None}, {"select_many-": None}, {"select_many+": ""}, {"select_many+": 5},
    {"select_many": ["c"], "select_many+": "d"}, {"select_many-": "a", "select_many+": "d"}, {"+select_many": ["d", "a"]},
    {"select_one+": "b"}, {"select_one-": "a"}, {"+select_one": "c"}, {"select_one": "a", "select_one-": "a"},
    {"rel_many+": T2}, {"rel_many+": [T2, T3]}, {"+rel_many": [T3]}, {"rel_many-": T1}, {"rel_many-": [T1]}, {"rel_many+": "nope"}, {"rel_many-": "nope"}, {"rel_many+": [T1, T2, T3, T4]}, {"rel_one+": T1}, {"rel_one-": T1},
    {"text+": "x"}, {"text-": "x"}, {"+text": "x"}, {"bool+": True}, {"json+": 1}, {"date+": "2024-01-01"}, {"geo+": {"lon": 1, "lat": 1}},
    {"text:autogenerate": ""}, {"text_auto:autogenerate": ""}, {"text_auto:autogenerate": "pre-"}, {"text_auto:autogenerate": 5}, {"text_auto": "x", "text_auto:autogenerate": "y-"}, {"id:autogenerate": ""}, {"number:autogenerate": ""},
    {"number++": 1}, {"number+-": 1}, {"-number": 1}, {"unknown+": 1}, {"+": 1}, {"created+": 1}, {"text:lower": "A"}, {"select_many:each": "a"}, {"select_many:length": 1},
]  # fmt: skip


@pytest.mark.parametrize("body", MODIFIERS, ids=str)
def test_modifiers(body: dict[str, Any], pair: Pair) -> None:
    """`f+`, `f-`, `+f` and `:autogenerate` on create and on update."""
    blur = r"(y|pre|5)?-?[a-z]{4}-[0-9]{3}"
    fresh = {"id": "modif0000000001", "number": 5, "select_many": ["a"], "rel_many": [T1]}
    pair.check(
        q(KINDS, "POST", {**fresh, **body}, blur=blur),
        q(f"{KINDS}/modif0000000001", "PATCH", body, blur=blur),
        q(f"{KINDS}/modif0000000001", "PATCH", body, blur=blur, who="superuser"),
        q(f"{KINDS}/modif0000000001", "DELETE"),
        q(K1, "PATCH", body, blur=blur),
        q(
            K1,
            "PATCH",
            {
                "number": 1,
                "select_many": ["a", "b"],
                "select_one": "a",
                "rel_many": [T1],
                "rel_one": "",
                "text_auto": "auto-1",
                "number_strict": 0,
            },
        ),
    )


# -- uniqueness, ids, deletes ----------------------------------------------------------------------

UNIQ = "/api/collections/uniq/records"
STORIES: dict[str, list[Scenario]] = {
    "unique": [
        q(UNIQ, "POST", {"id": "uniq00000000009", "one": "one 1"}),
        q(UNIQ, "POST", {"id": "uniq00000000009", "one": "ONE 1", "two": "x"}),
        q(UNIQ, "POST", {"one": "other", "two": "same", "num": 1}),
        q(UNIQ, "POST", {"id": "uniq00000000001", "one": "z"}),
        q(f"{UNIQ}/uniq00000000009", "PATCH", {"one": "one 2"}),
        q(f"{UNIQ}/uniq00000000009", "PATCH", {"two": "same", "num": 2}),
        q(f"{UNIQ}/uniq00000000009", "PATCH", {"id": "uniq00000000008"}),
        q(f"{UNIQ}/uniq00000000009", "PATCH", {"id": "uniq00000000009"}),
        q(f"{UNIQ}/uniq00000000009", "PATCH", {"id": ""}),
        q(f"{UNIQ}?sort=id"),
    ],
    "random ids": [
        q(UNIQ, "POST", {"one": "r1", "num": 101}, save={"a": "id"}),
        q(f"{UNIQ}/{{a}}"),
        q(f"{UNIQ}/{{a}}", "PATCH", {"one": "r2"}),
        q(f"{UNIQ}?filter=id='{{a}}'"),
        q(f"{UNIQ}/{{a}}", "DELETE"),
        q(f"{UNIQ}/{{a}}", "DELETE"),
        q(f"{UNIQ}/{{a}}"),
    ],
    "cascade": [
        q("/api/collections/parents/records/parent000000001", "DELETE"),
        q("/api/collections/kids_cascade/records?sort=id"),
        q("/api/collections/grandkids/records?sort=id"),
        q("/api/collections/parents/records/parent000000002", "DELETE"),
        q("/api/collections/kids_unset/records?sort=id"),
        q("/api/collections/parents/records/parent000000003", "DELETE"),
        q("/api/collections/kids_required/records?sort=id"),
        q("/api/collections/parents/records/parent000000004", "DELETE"),
        q("/api/collections/kids_many/records?sort=id"),
        q("/api/collections/parents/records/parent000000005", "DELETE"),
        q("/api/collections/kids_many_cascade/records?sort=id"),
        q("/api/collections/parents/records/parent000000006", "DELETE"),
        q("/api/collections/kids_many_required/records?sort=id"),
        q("/api/collections/parents/records/parent000000008", "DELETE"),
        q("/api/collections/kids_many_required/records?sort=id"),
        q("/api/collections/kids_many_cascade/records?sort=id"),
        q("/api/collections/parents/records?sort=id"),
    ],
    "users deleted": [
        q("/api/collections/users/records/user00000000003", "DELETE"),
        q("/api/collections/users/records/user00000000003", "DELETE", who="bob"),
        q("/api/collections/users/records/user00000000003", "DELETE", who="carol"),
        q("/api/collections/users/records?sort=id", who="alice"),
        q("/api/collections/posts/records?sort=id&fields=id,author,editors"),
        q("/api/collections/comments/records?sort=id&fields=id,user", who="carol"),
        q("/api/collections/comments/records?sort=id&fields=id,user"),
    ],
    "posts deleted": [
        q("/api/collections/posts/records/post00000000001", "DELETE"),
        q("/api/collections/comments/records?sort=id&fields=id,post"),
        q("/api/collections/stats/records?sort=id"),
    ],
    "create with expand and fields": [
        q(f"{KINDS}?expand=rel_one,rel_many&fields=id,expand", "POST", {"id": "expand000000001", "rel_one": T1, "rel_many": [T2, T3]}),
        q(f"{KINDS}/expand000000001?expand=rel_one&fields=*,expand.rel_one.label", "PATCH", {"text": "x"}),
        q(f"{KINDS}/expand000000001?expand=rel_one", "DELETE"),
    ],
    "hidden fields": [
        q(KINDS, "POST", {"id": "hidden000000001", "hidden": "by guest"}),
        q(f"{KINDS}/hidden000000001", who="superuser"),
        q(f"{KINDS}/hidden000000001", "PATCH", {"hidden": "changed by guest"}),
        q(f"{KINDS}/hidden000000001", "PATCH", {"hidden": "changed by superuser"}, who="superuser"),
        q(f"{KINDS}/hidden000000001", who="superuser"),
        q(f"{KINDS}/hidden000000001", "DELETE"),
    ],
    "views are read only": [
        q("/api/collections/stats/records/post00000000002", "PATCH", {"title": "x"}, who="superuser"),
        q("/api/collections/stats/records/post00000000002", "DELETE", who="superuser"),
        q("/api/collections/stats/records", "POST", {"title": "x"}),
        q("/api/collections/stats/records/post00000000002"),
        q("/api/collections/stats/records?filter=total%3E2&sort=-amount,id"),
        q("/api/collections/stats/records?expand=author&perPage=3&sort=id"),
    ],
    "odd ids in the path": [
        q(f"{UNIQ}/%27"),
        q(f"{UNIQ}/%20"),
        q(f"{UNIQ}/" + "x" * 300),
        q(f"{UNIQ}/%C3%A4"),
        q(f"{UNIQ}/UNIQ00000000002"),
        q(f"{UNIQ}/uniq00000000002%20"),
        q(f"{UNIQ}/uniq00000000002%00"),
    ],
    "system collections": [
        q("/api/collections/_superusers/records"),
        q("/api/collections/_superusers/records", who="alice"),
        q("/api/collections/_superusers/records", who="superuser"),
        q("/api/collections/_superusers/records", "POST", {"email": "new@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}, who="alice"),
        q("/api/collections/_superusers/records", "POST", {"id": "super0000000001", "email": "new@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}, who="superuser"),
        q("/api/collections/_superusers/records/super0000000001", "DELETE", who="superuser"),
        q("/api/collections/_authOrigins/records?fields=totalItems", who="superuser"),
        q("/api/collections/_authOrigins/records?fields=recordRef", who="alice"),
        q("/api/collections/_authOrigins/records"),
        q("/api/collections/_mfas/records", who="superuser"),
        q("/api/collections/_otps/records", "POST", {}, who="superuser"),
        q("/api/collections/_externalAuths/records", "POST", {"provider": "x"}, who="superuser"),
        q("/api/collections/_externalAuths/records", who="alice"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, pair: Pair) -> None:
    """Steps that build on each other end in the same state on both sides."""
    pair.check(*STORIES[name])
