"""In which order hooks, field types and the act have their turn when a record is saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.fields.base import Field, Intercepts
from pocketbase_server.core.hooks.hook import run_chain
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks.events import ModelEvent
    from pocketbase_server.core.hooks.hook import Hook
    from pocketbase_server.core.records.model import Record

Act = Callable[[], None]


class patience:  # noqa: N801 - reads as the function that it is
    """Allow waiting inside: what was written must not be written again on another thread."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before, MODE.active = MODE.active, False

    def __exit__(self, *_: object) -> None:
        MODE.active = self._before


def intercepting(collection: Collection, action: str) -> tuple[Intercepts, ...]:
    """Return the fields that act when their record goes through *action*."""
    known: tuple[Intercepts, ...] | None = collection.cache.get(action)
    if known is None:
        known = collection.cache[action] = tuple(
            field for field in collection.fields if _acts(field, action)
        )
    return known


def _acts(field: Field, action: str) -> bool:
    if not isinstance(field, Intercepts):
        return False
    # PERF: a type that says when it acts is left alone at all other times
    actions = getattr(field, "actions", None)
    return actions is None or action in actions


def intercept(record: Record, action: str, act: Act) -> None:
    """Run *act* with the work of the record's fields around it, the first field's outermost."""
    for field in reversed(intercepting(record.collection, action)):
        act = partial(field.intercept, record, action, act)
    act()


def run_outside(
    event: ModelEvent, hooks: tuple[Hook[Any], Hook[Any]], action: str, act: Act
) -> None:
    """Run *act* inside the handlers of both hooks, and these inside the fields' work."""
    model_hook, record_hook = hooks
    handlers = (*record_hook.handlers_for(event), *model_hook.handlers_for(event))
    if not handlers:
        intercept(event.model, action, act)
        return

    def inner() -> None:
        run_chain(event, handlers, lambda _: act())

    intercept(event.model, action, inner)


def run_inside(
    event: ModelEvent,
    hooks: tuple[Hook[Any], Hook[Any]],
    action: str,
    act: Act,
    system: Callable[[Act], None] | None = None,
) -> None:
    """Run *act* inside the model hook's handlers, these in our own work, that in the record hook's.

    Our own work is that of the fields and, inside it, *system*, which is given what to do next.
    COMPAT: so a record handler sees what the caller sent, a model handler what will be written.
    """
    model_hook, record_hook = hooks
    model_handlers = model_hook.handlers_for(event)
    record_handlers = record_hook.handlers_for(event)
    if not record_handlers and not model_handlers:
        # PERF: nearly always, and with every write
        intercept(event.model, action, act if system is None else partial(system, act))
        return

    def inner() -> None:
        run_chain(event, model_handlers, lambda _: act())

    def middle() -> None:
        rest = inner if model_handlers else act
        intercept(event.model, action, rest if system is None else lambda: system(rest))

    if record_handlers:
        run_chain(event, record_handlers, lambda _: middle())
    else:
        middle()
