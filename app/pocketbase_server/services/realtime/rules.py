"""May a client see a record, by the rule of its topic and the filter of its subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.records.plans import Question
from pocketbase_server.core.records.query import QueryPlanner, _row_values
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import Purpose
from pocketbase_server.services.rule_checks import holds

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.services.realtime.topics import Subscription

RESERVED = ("@collection.", "@request.")


class Watch(QueryPlanner):
    """Asks the questions; it keeps plans of its own, which are few."""

    def is_seen(
        self, record: Record, request: RequestInfo, rule: str | None, *, is_stored: bool
    ) -> bool:
        """Tell whether *request* sees the record under a rule and its own `?filter=`.

        With *is_stored* the database is asked, else the record is taken as it is.
        """
        filter = request.query.get("filter", "")
        if not request.is_superuser:
            if rule is None or any(name in filter for name in RESERVED):
                return False
        else:
            rule = ""
        if not rule and not filter:
            return True
        asked = rule or ""
        return holds(lambda: self._matches(record, request, asked, filter, is_stored=is_stored))

    def _matches(
        self, record: Record, request: RequestInfo, rule: str, filter: str, *, is_stored: bool
    ) -> bool:
        purpose = Purpose.ONE if is_stored else Purpose.UNSAVED
        question = Question(purpose, record.collection, request)
        question.rule = rule
        # COMPAT: hidden fields are no business of a subscription's filter, not even a superuser's
        question.is_trusted = False
        values = {"id": record.id} if is_stored else _row_values(record)
        inputs = Inputs(request, self._lift(question, filter), values)
        plan = self._plan(question, inputs, filter)
        return self._app.data.one(plan.sql, plan.bind(inputs)) is not None


def request_of(subscription: Subscription, auth: Record | None) -> RequestInfo:
    """Return the request that a subscription stands for."""
    return RequestInfo(
        method="GET",
        query=dict(subscription.query),
        auth=auth,
        context="realtime",
        read_headers=lambda: subscription.headers,
    )
