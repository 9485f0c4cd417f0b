"""The activity log as superusers read it: pages, one line, totals per hour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.errors import BadRequestError, NotFoundError, RuleSyntaxError
from pocketbase_server.core.fields import JsonField, NumberField, TextField
from pocketbase_server.core.records.plans import Question
from pocketbase_server.core.records.query import QueryPlanner
from pocketbase_server.core.rules.ast import identifiers
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import Purpose
from pocketbase_server.core.rules.parser import parse
from pocketbase_server.core.rules.resolver import Facts
from pocketbase_server.services.page import Page
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.log_rows import delete_logs, totals_by_hour
from pocketbase_server.storage.sql.nodes import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pocketbase_server.app import App

Row = tuple[Any, ...]


def _listing() -> Collection:
    """Return the table of the log as a collection, with what one may filter and sort by."""
    texts = [TextField(name=name) for name in ("id", "created", "message")]
    fields = [*texts, NumberField(name="level"), JsonField(name="data")]
    return Collection(id="_logs", name="_logs", fields=[*fields])


LISTING: Final = _listing()


class _Plans(QueryPlanner):
    """Plans over the log: its own database, no callers, no rules."""

    def page(self, filter: str, sort: str, page: Page) -> list[Row]:
        """Return the rows of one page."""
        question = Question(Purpose.ROWS, LISTING, None)
        question.sort = sort
        place = {"limit": page.per_page, "offset": page.offset}
        return self._run(question, Inputs(None, self._lift(question, filter), place), filter)

    def total(self, filter: str) -> int:
        """Return how many rows match."""
        question = Question(Purpose.COUNT, LISTING, None)
        rows = self._run(question, Inputs(None, self._lift(question, filter)), filter)
        return int(rows[0][0])

    def hours(self, filter: str) -> list[Row]:
        """Return hour and number of rows, in order."""
        question = Question(Purpose.ROWS, LISTING, None)
        inputs = Inputs(None, (), {"limit": -1, "offset": 0})
        compiler = self._compiler(question, inputs, Facts(inputs))
        compiler.add_filter(parse(filter) if filter else None)
        statement = render(compiler.statement(("created",)))
        params = [param.read(inputs) for param in statement.params]
        return self._app.data.all(totals_by_hour(statement.text), params)


class LogReader:
    """Reads what the log writer has stored."""

    def __init__(self, app: App) -> None:
        self._app = app
        source: Any = SimpleNamespace(data=app.auxiliary, collections=app.collections)
        self._plans = _Plans(source)
        self._names = self._plans.columns(LISTING)

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of lines, in the order of writing unless sorted otherwise.

        Raises `BadRequestError` for parameters that make no sense.
        """
        page = Page.asked(query)
        filter = query.get("filter", "")
        try:
            _refuse_joins(filter)
            order = query.get("sort", "") or "@rowid"
            _refuse_odd([*_names(filter), *(key.strip(" +-") for key in order.split(","))])
            rows = self._plans.page(filter, order, page)
            if not page.is_known(len(rows)):
                page.total_items = self._plans.total(filter)
        except (RuleSyntaxError, DatabaseError) as ex:
            raise BadRequestError from ex
        return page.export([self._line(row) for row in rows])

    def view(self, log_id: str) -> dict[str, Any]:
        """Return one line; raises `NotFoundError`."""
        rows = self._plans.find(LISTING, "id = {:id}", params={"id": log_id}, limit=1)
        if not rows:
            raise NotFoundError
        return self._line(rows[0])

    def stats(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return how many lines there are in each hour that has any; raises `BadRequestError`."""
        filter = query.get("filter", "")
        try:
            _refuse_joins(filter)
            _refuse_odd(_names(filter))
            rows = self._plans.hours(filter)
        except (RuleSyntaxError, DatabaseError) as ex:
            raise BadRequestError("Invalid filter format.") from ex
        return [{"date": f"{hour}:00:00.000Z", "total": total} for hour, total in rows]

    def truncate(self) -> None:
        """Delete every stored line."""
        delete_logs(self._app.auxiliary)

    def _line(self, row: Row) -> dict[str, Any]:
        value = dict(zip(self._names, row, strict=True))
        return {
            "id": value["id"],
            "created": value["created"],
            "data": _loaded(value["data"]),
            "message": value["message"],
            "level": value["level"],
        }


def _loaded(text: str | None) -> Any:
    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}


def _names(filter: str) -> set[str]:
    return identifiers(parse(filter)) if filter else set()


def _refuse_odd(names: Iterable[str]) -> None:
    """Raise `RuleSyntaxError` for a name without an end, or with a modifier outside of `data`."""
    for name in names:
        field, colon, _ = name.partition(":")
        is_modified = bool(colon) and "." not in field and not field.startswith("@")
        if is_modified or name.endswith("."):
            raise RuleSyntaxError(f"unknown field {name!r}")


def _refuse_joins(filter: str) -> None:
    if any(name.startswith(("@request", "@collection")) for name in _names(filter)):
        raise RuleSyntaxError("the log has nothing to do with requests and collections")
