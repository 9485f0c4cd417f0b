"""Conditions that are asked again and again beside others: the records they find are kept for a while."""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.rules.compile import KEPT
from pocketbase_server.storage.sql.engine import MODE

if TYPE_CHECKING:
    from pocketbase_server.core.records.plans import Part, Plan
    from pocketbase_server.core.rules.binding import Inputs
    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.kept_rows import KeptRows, KeptSet, Key

Row = tuple[Any, ...]
Rows = list[Row]

_SLOW: Final = 0.001
"""Seconds of computing from which a question is worth it."""
_PATIENCE: Final = 2.0
"""How many times as long as the whole question it may take to set one condition's records aside."""
_KEPT: Final = str(KEPT.key[1])


class KeptParts:
    """Answers questions of several conditions from the records that one of them is known to find.

    The second time that a condition is asked with the same values, and nothing was written in
    between, its records are set aside; from then on only those are looked at.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def first(self, plan: Plan, inputs: Inputs) -> Row | None:
        """Return the first row that a plan gives, or None."""
        if not plan.parts:
            return self._engine.one(plan.sql, plan.bind(inputs))
        return next(iter(self.find(plan, inputs)[0]), None)

    def find(self, plan: Plan, inputs: Inputs) -> tuple[Rows, float]:
        """Return what a plan gives, and the seconds it computed; 0 where it was quicker than usual."""
        kept = self._engine.kept_rows() if plan.parts else None
        if kept is None:
            return self._ask(plan, inputs)
        inside = inputs.adding(_KEPT, 0)
        keys = [_key(part, inside) for part in plan.parts]
        known = self._known(kept, plan, keys, inside)
        rows = self._go_on(kept, *known, inputs) if known is not None else None
        if rows is not None:
            return rows, 0.0
        rows, seconds = self._ask(plan, inputs)
        if seconds > _SLOW:
            for key in keys:
                kept.note(key, seconds)
        return rows, seconds

    def _ask(self, plan: Plan, inputs: Inputs) -> tuple[Rows, float]:
        began = thread_time()
        rows = self._engine.all(plan.sql, plan.bind(inputs))
        return rows, thread_time() - began

    def _known(
        self, kept: KeptRows, plan: Plan, keys: list[Key], inputs: Inputs
    ) -> tuple[Part, KeptSet] | None:
        """Return the condition that finds the fewest records, among those that are known."""
        if not MODE.active:
            for part, key in zip(plan.parts, keys, strict=True):
                if kept.is_worth(key):
                    patience = kept.sets[key].seconds * _PATIENCE
                    kept.keep(key, part.keeping.sql, part.keeping.bind(inputs), patience)
        # NOTE: only now, because a new set may have taken the place of the others
        known = [(part, kept.sets.get(key)) for part, key in zip(plan.parts, keys, strict=True)]
        found = [(part, rows) for part, rows in known if rows is not None and rows.number]
        return min(found, key=lambda one: one[1].rows, default=None)

    def _go_on(self, kept: KeptRows, part: Part, known: KeptSet, inputs: Inputs) -> Rows | None:
        """Return the answer that begins with what is known; None when somebody wrote meanwhile."""
        began = thread_time()
        values = part.rest.bind(inputs.adding(_KEPT, known.number))
        rows = self._engine.all(part.rest.sql, values)
        kept.took(known, thread_time() - began)
        # NOTE: what was kept and what it was joined with must be of one state of the database
        return rows if self._engine.seen_version() == kept.version else None


def _key(part: Part, inputs: Inputs) -> Key:
    # NOTE: as text, because True, 1 and 1.0 are equal but not the same beside texts
    return part.keeping.sql, repr(part.keeping.bind(inputs))
