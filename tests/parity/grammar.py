"""
Sentences of the filter language over the odd data directory, made by a chooser.

A chooser is anything with `one(options)`: a random generator for long hunts, hypothesis where small
failing examples are wanted. The first option of every choice is the simplest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

OPERATORS = ("=", "!=", "~", "!~", ">", "<", ">=", "<=")
TEXTS = (
    "", "a", "x", "5", "0", "1", "test", "Alice", "red", "p1", "%a%", "%", "_", "a%", "2024", "[]", '["x"]', "item00000000001", "user00000000001", "tag000000000002", "100\\%", "ünï", "\\\\", "O\\'Reilly",
    "null", "true", "3.5", " ", "2024-01-02", "2024-05-05 05:30:00.000Z", "{}", "p1.png", "1e3", "-1", "e1@a.co", "7", "[1,", "not json", "\\%", "a\\_b", "v1", "note 1",
)  # fmt: skip
NUMBERS = (
    "1",
    "0",
    "5",
    "-1",
    "2.5",
    "10",
    "3",
    "-7.25",
    "1.0",
    "007",
    "99999999999999999999",
    "-0",
    "0.1",
    "4",
    "2",
    "40",
)
WORDS = ("null", "true", "false", "NULL", "True")
MACROS = (
    "@now",
    "@todayStart",
    "@todayEnd",
    "@yearStart",
    "@monthEnd",
    "@yesterday",
    "@year",
    "@tomorrow",
    "@monthStart",
    "@yearEnd",
)
VOLATILE = re.compile("@now|@yesterday|@tomorrow")
FORMATS = ("%Y", "%m", "%Y-%m-%d", "%s", "%d", "%w", "%q", "", "%H:%M", "x")
TIME_MODIFIERS = (
    "+1 month",
    "start of month",
    "-1 day",
    "bad",
    "start of year",
    "weekday 1",
    "",
    "+1.5 days",
    "utc",
)


@dataclass(frozen=True)
class Place:
    """What a collection offers to a path."""

    plain: tuple[str, ...]
    lists: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    """Relations and back-relations, with the collection each leads to."""


PLACES = {
    "items": Place(
        ("id", "title", "n", "on", "type", "when", "created", "body", "email", "site", "doc", "author", "safe", "next"),
        ("opts", "tags", "editors", "pics", "type", "near", "author", "doc"),
        ("meta", "loc"),
        (("author", "users"), ("editors", "users"), ("tags", "tags"), ("next", "items"), ("near", "items"), ("safe", "vault"), ("notes_via_item", "notes"), ("cards_via_items", "cards"), ("items_via_next", "items"), ("items_via_near", "items"), ("secrets_via_item", "secrets")),
    ),
    "users": Place(
        ("id", "name", "level", "verified", "email", "born", "org", "boss", "created"),
        ("perms", "friends", "roles"),
        ("prefs", "home"),
        (("org", "orgs"), ("perms", "perms"), ("boss", "users"), ("friends", "users"), ("items_via_author", "items"), ("items_via_editors", "items"), ("notes_via_who", "notes"), ("passports_via_owner", "passports"), ("users_via_boss", "users"), ("users_via_friends", "users")),
    ),
    "orgs": Place(("id", "name", "active", "score"), (), (), (("users_via_org", "users"),)),
    "perms": Place(("id", "name", "active", "weight"), (), (), (("users_via_perms", "users"),)),
    "vault": Place(("id", "name", "n"), (), (), (("items_via_safe", "items"),)),
    "tags": Place(("id", "label", "rank", "parent"), ("kinds",), (), (("parent", "tags"), ("items_via_tags", "items"), ("tags_via_parent", "tags"))),
    "notes": Place(("id", "likes", "text", "item", "who"), (), ("extra",), (("item", "items"), ("who", "users"))),
    "cards": Place(("id", "label", "n"), ("items",), (), (("items", "items"),)),
    "passports": Place(("id", "code", "owner"), ("stamps",), (), (("owner", "users"), ("stamps", "tags"))),
    "secrets": Place(("id", "text", "item"), (), (), (("item", "items"),)),
    "stats": Place(("id", "title", "author", "n", "total", "label", "twice"), ("editors", "opts"), ("meta", "loc"), (("author", "users"), ("editors", "users"))),
}  # fmt: skip
ODD_ENDS = (
    "nope",
    "secret",
    "collectionId",
    "collectionName",
    "expand",
    "password",
    "tokenKey",
    "emailVisibility",
    "pw",
    "shadow",
    "shadow.name",
    "title.x",
    "title:nope",
    "@x",
    "nope_via_x.id",
    "notes_via_nope.id",
    "nope.id",
    "title:isset",
    "n:changed",
    "updated",
    "id:each",
    "meta:each",
)
INSIDE = {
    "meta": ("", ".a", ".b.c", ".b.c.0", ".b", ".0", ".1", ".a.0.b", ".a.b", ":length", ":lower", ".a:lower", ".a:length", ".x", ".lon"),
    "prefs": ("", ".a", ".lang", ".0", ":length"),
    "extra": ("", ".a", ".a.b"),
    "loc": (".lon", ".lat", "", ".x", ".lon.x", ":length"),
    "home": (".lon", ".lat", ""),
}  # fmt: skip
REQUEST = (
    "@request.auth.id", "@request.auth.level", "@request.auth.name", "@request.auth.email", "@request.auth.verified", "@request.auth.collectionName", "@request.auth.nope", "@request.query.q", "@request.query.blank", "@request.query.none", "@request.query.q:lower", "@request.query.q:isset",
    "@request.query.none:isset", "@request.headers.x_fuzz", "@request.headers.none", "@request.method", "@request.context", "@request.body.title", "@request.body.n", "@request.body.nope", "@request.body.title:isset", "@request.body.title:changed", "@request.body.tags:length", "@request.body.tags:each",
    "@request.body.opts:each", "@request.body.opts:length", "@request.body.author.name", "@request.body.editors.level", "@request.body.tags.label", "@request.body.title:lower", "@request.body.meta.a", "@request.body.n:changed", "@request.body.tags:changed", "@request.body.opts:changed", "@request.body.author:changed",
    "@request.body.opts", "@request.body.tags", "@request.body.author", "@request.body.on", "@request.body.type", "@request.body.meta", "@request.body.author:isset", "@request.body.author.perms.weight", "@request.body.editors.perms:length", "@request.body.doc", "@request.body.meta:changed", "@request.body.on:changed",
)  # fmt: skip


class Grammar:
    """Makes sentences; *request* says whether `@request` and `@collection` may stand in them."""

    def __init__(
        self, one: Callable[[Sequence[Any]], Any], base: str = "items", *, request: bool = True
    ) -> None:
        self.one = one
        self.base = base
        self.request = request

    def chance(self, out_of: int) -> bool:
        """Say yes once in a while."""
        return self.one(range(out_of)) == out_of - 1

    # -- paths

    def path(self, base: str | None = None, depth: int = 3) -> str:
        """Return a path from a collection's record to a value."""
        place = PLACES[base or self.base]
        if self.chance(60):
            return self.one(ODD_ENDS)
        if place.steps and depth and self.one((False, True)):
            step, target = self.one(place.steps)
            if self.chance(40):
                return step + self.one(("", ":length", ":each"))
            return f"{step}.{self.path(target, depth - 1)}"
        return self.end(place)

    def end(self, place: Place) -> str:
        """Return the last step of a path."""
        kinds = [kind for kind in ("plain", "plain", "lists", "objects") if getattr(place, kind)]
        kind = self.one(kinds)
        name: str = self.one(getattr(place, kind))
        if kind == "objects":
            return name + self.one(INSIDE[name])
        if kind == "lists":
            return name + self.one((":each", ":length", "", ":each", ":lower"))
        return name + (":lower" if self.chance(8) else "")

    def identifier(self) -> str:
        """Return any identifier that stands for a value."""
        if not self.request or not self.chance(5):
            return self.path()
        if self.one((False, True)):
            alias = self.one(("", "", ":x", ":y"))
            name = self.one(tuple(PLACES))
            return f"@collection.{name}{alias}.{self.path(name, 1)}"
        if self.one((False, True)):
            return "@request.auth." + self.path("users", 2)
        return self.one(REQUEST)

    # -- values

    def literal(self) -> str:
        """Return a literal or a macro."""
        match self.one(("text", "number", "text", "word", "number", "macro")):
            case "text":
                text = self.one(TEXTS)
                return f'"{text}"' if "'" not in text and self.chance(6) else f"'{text}'"
            case "number":
                return self.one(NUMBERS)
            case "word":
                return self.one(WORDS)
        return self.one(MACROS)

    def call(self) -> str:
        """Return a function with its arguments."""
        if self.one((False, True)):
            points = ", ".join(self.number_like() for _ in range(4))
            return f"geoDistance({points})"
        words = [f"'{self.one(FORMATS)}'"]
        if not self.chance(10):
            time = self.one((self.identifier, self.literal))()
            # NOTE: rules with this in a function are refused by us when they are saved, not later
            words.append("when" if ":changed" in time else time)
        words += [f"'{self.one(TIME_MODIFIERS)}'" for _ in range(self.one((0, 0, 1, 2)))]
        return f"strftime({', '.join(words)})"

    def number_like(self) -> str:
        """Return an argument of a distance."""
        options = (
            "13",
            "loc.lon",
            "loc.lat",
            "0",
            "7.5",
            "n",
            "author.level",
            "author.home.lon",
            "editors.home.lat",
            "tags.rank",
            "-3",
        )
        if self.base not in {"items", "stats"} or self.chance(12):
            number = self.one((self.identifier, lambda: self.one(("13", "0", "7.5"))))()
            return "13" if ":changed" in number else number
        return self.one(options)

    def operand(self, *, is_left: bool) -> str:
        """Return one side of a comparison."""
        if self.chance(14):
            return self.call()
        likely = (True, True, True, False) if is_left else (False, False, False, True)
        return self.identifier() if self.one(likely) else self.literal()

    # -- expressions

    def comparison(self) -> str:
        """Return two operands with a sign."""
        sign = ("?" if self.one((False, False, True)) else "") + self.one(OPERATORS)
        space = "" if self.chance(6) else " "
        left, right = self.operand(is_left=True), self.operand(is_left=False)
        if "~" in sign:
            # NOTE: the digits of this moment may be others when the second server is asked
            left, right = (VOLATILE.sub("@todayStart", side) for side in (left, right))
        if "geoDistance" in f"{left}{right}":
            # NOTE: the last digits of a distance are those of each server's own sine and cosine
            sign = sign.replace("!~", ">").replace("~", "<")
        return f"{left}{space}{sign}{space}{right}"

    def expression(self, depth: int = 2) -> str:
        """Return a filter or rule."""
        if not depth or self.one((True, False, True)):
            return self.comparison()
        parts = [self.expression(depth - 1) for _ in range(self.one((2, 2, 3)))]
        text = parts[0]
        for part in parts[1:]:
            join = self.one((" && ", " || ", "&&", " // note\n || "))
            text += join + part
        return f"({text})" if self.one((True, False)) else text

    def tied(self) -> str:
        """Return conditions that speak of the same related records."""
        step, target = self.one(PLACES[self.base].steps)
        prefix = step
        if self.one((False, True)) and PLACES[target].steps:
            more, target = self.one(PLACES[target].steps)
            prefix += f".{more}"
        parts = []
        for _ in range(self.one((2, 2, 3))):
            left = f"{prefix}.{self.end(PLACES[target])}"
            sign = self.one(("?", "")) + self.one(OPERATORS)
            right = self.one(
                (
                    self.literal,
                    self.literal,
                    self.path,
                    lambda: f"{prefix}.{self.end(PLACES[target])}",
                )
            )()
            parts.append(f"{left} {sign} {right}")
        text = parts[0]
        for part in parts[1:]:
            text += self.one((" && ", " || ")) + part
        return text

    # -- sorts

    def sort(self) -> str:
        """Return a sort that ends with the id, so that the order is one."""
        keys = [
            self.one(("", "-", "+")) + self.sort_key() for _ in range(self.one((0, 1, 1, 2, 3)))
        ]
        return ",".join([*keys, self.one(("id", "-id"))])

    def sort_key(self) -> str:
        """Return something to sort by."""
        return (
            "@rowid"
            if self.chance(12) and self.base != "stats"
            else self.path(depth=self.one((0, 0, 1, 2)))
        )
