"""A hook is an onion of handlers around one act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pocketbase_server.kit.ids import random_id

if TYPE_CHECKING:
    from pocketbase_server.app import App


class Event:
    """Something that is about to happen; a handler lets it go on with `next()`."""

    __slots__ = ("_chain", "_pos", "app")

    def __init__(self, app: App) -> None:
        self.app = app
        self._chain: tuple[Callable[[Any], object], ...] = ()
        self._pos = 0

    def tags(self) -> tuple[str, ...]:
        """Return the names by which handlers may narrow the event: collection id and name."""
        return ()

    def next(self) -> None:
        """Run the next handler, or nothing when the chain has ended."""
        pos = self._pos
        if pos < len(self._chain):
            self._pos = pos + 1
            self._chain[pos](self)


E = TypeVar("E", bound=Event)
_MOST_TAGS: Final = 1024
Handler = Callable[[E], object]


@dataclass(slots=True, frozen=True)
class Binding(Generic[E]):
    """One handler with what orders and finds it."""

    id: str
    handler: Handler[E]
    priority: int
    tags: frozenset[str]


class Hook(Generic[E]):
    """Handlers in order of priority (lower first), then of binding."""

    __slots__ = ("_bindings", "_found", "_plain", "event_type", "has_user_handlers", "is_bound")

    def __init__(self, event_type: type[E]) -> None:
        self.event_type = event_type
        self._bindings: tuple[Binding[E], ...] = ()
        self.is_bound = False
        """Whether there is any handler."""
        self.has_user_handlers = False
        """Whether anyone but our own internals (ids `__pb…__`) is bound."""
        self._plain: tuple[Handler[E], ...] | None = ()
        """All handlers when none has tags, else None."""
        self._found: dict[tuple[str, ...], tuple[Handler[E], ...]] = {}
        """Handlers by the tags of events, where some have tags."""

    def __call__(
        self, *tags: str, id: str = "", priority: int = 0
    ) -> Callable[[Handler[E]], Handler[E]]:
        """Bind the decorated function: `@app.hooks.record_create("posts")`."""

        def decorate(handler: Handler[E]) -> Handler[E]:
            self.bind(handler, *tags, id=id, priority=priority)
            return handler

        return decorate

    def bind(self, handler: Handler[E], *tags: str, id: str = "", priority: int = 0) -> str:
        """Add *handler* (in place of one with the same id) and return its id."""
        name = id or random_id(20)
        kept = tuple(b for b in self._bindings if b.id != name)
        added = Binding(name, handler, priority, frozenset(tags))
        self._set(sorted((*kept, added), key=lambda b: b.priority))
        return name

    def unbind(self, *ids: str) -> None:
        """Remove the handlers with these ids; unknown ids are ignored."""
        self._set(b for b in self._bindings if b.id not in ids)

    def unbind_all(self) -> None:
        """Remove every handler, ours too."""
        self._set(())

    def _set(self, bindings: Iterable[Binding[E]]) -> None:
        self._bindings = tuple(bindings)
        self.is_bound = bool(self._bindings)
        self.has_user_handlers = any(not b.id.startswith("__pb") for b in self._bindings)
        tagged = any(b.tags for b in self._bindings)
        self._plain = None if tagged else tuple(b.handler for b in self._bindings)
        self._found = {}

    def handlers_for(self, event: E) -> tuple[Handler[E], ...]:
        """Return the handlers that concern *event*, in order."""
        if self._plain is not None:
            return self._plain
        tags = event.tags()
        known = self._found.get(tags)
        if known is None:
            known = tuple(
                b.handler for b in self._bindings if not b.tags or not b.tags.isdisjoint(tags)
            )
            if len(self._found) >= _MOST_TAGS:
                self._found.clear()
            self._found[tags] = known
        return known

    def trigger(self, event: E, act: Handler[E] | None = None) -> None:
        """Run the handlers around *act*; a handler that does not call `next()` stops the rest.

        An exception of a handler or of *act* passes through.
        """
        if not self._bindings:
            if act is not None:
                act(event)
            return
        run_chain(event, self.handlers_for(event), act)


def run_chain(event: E, handlers: tuple[Handler[E], ...], act: Handler[E] | None) -> None:
    """Run *handlers* around *act* on *event*; nested runs on one event are safe."""
    outer = event._chain, event._pos
    event._chain = handlers if act is None else (*handlers, act)
    event._pos = 0
    try:
        event.next()
    finally:
        event._chain, event._pos = outer


def trigger_refined(
    broad: Hook[Any], narrow: Hook[Any], event: E, act: Handler[E] | None = None
) -> None:
    """Run *act* inside a model hook and the record or collection hook that refines it.

    COMPAT: the reference runs the narrow hook's handlers first and the model hook's inside them.
    """
    if not broad._bindings and not narrow._bindings:
        if act is not None:
            act(event)
        return
    run_chain(event, (*narrow.handlers_for(event), *broad.handlers_for(event)), act)
