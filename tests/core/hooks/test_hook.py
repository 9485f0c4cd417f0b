"""Hooks are onions: handlers around one act, in order, stoppable."""

from __future__ import annotations

import pytest
from pocketbase_server.core.hooks.hook import Event, Hook, trigger_refined


class Told(Event):
    """An event with tags that writes down what happened."""

    def __init__(self, *tags):
        super().__init__(app=None)
        self.log = []
        self._tags = tags

    def tags(self):
        return self._tags


def noting(name, *, stop=False):
    def handler(event):
        event.log.append(name)
        if not stop:
            event.next()
            event.log.append(name + "'")

    return handler


CASES = [
    ("nobody bound", [], (), ["act"]),
    ("one around the act", [("a", {}, ())], (), ["a", "act", "a'"]),
    ("binding order", [("a", {}, ()), ("b", {}, ())], (), ["a", "b", "act", "b'", "a'"]),
    (
        "priority before order",
        [("a", {"priority": 5}, ()), ("b", {"priority": -1}, ())],
        (),
        ["b", "a", "act", "a'", "b'"],
    ),
    ("a stop keeps the act away", [("a", {"stop": True}, ()), ("b", {}, ())], (), ["a"]),
    (
        "tags narrow",
        [("a", {}, ("posts",)), ("b", {}, ("users",))],
        ("x1", "posts"),
        ["a", "act", "a'"],
    ),
    (
        "no tags hear everything",
        [("a", {}, ()), ("b", {}, ("users",))],
        ("posts",),
        ["a", "act", "a'"],
    ),
    (
        "the same id replaces",
        [("a", {"id": "x"}, ()), ("b", {"id": "x"}, ())],
        (),
        ["b", "act", "b'"],
    ),
]


@pytest.mark.parametrize(("name", "handlers", "tags", "expected"), CASES, ids=[c[0] for c in CASES])
def test_trigger(name, handlers, tags, expected):
    """
    Handlers run around the act in order of priority, then binding, narrowed by tags.
    """
    hook = Hook(Told)
    for label, options, only in handlers:
        stop = options.pop("stop", False) if "stop" in options else False
        hook.bind(
            noting(label, stop=stop), *only, **{k: v for k, v in options.items() if k != "stop"}
        )
    event = Told(*tags)

    hook.trigger(event, lambda e: e.log.append("act"))

    assert expected == event.log


def test_narrow_handlers_run_around_the_broad_ones():
    """
    A record hook's handlers are outside the model hook's.
    """
    broad, narrow = Hook(Told), Hook(Told)
    broad.bind(noting("model"))
    narrow.bind(noting("record"))
    event = Told()

    trigger_refined(broad, narrow, event, lambda e: e.log.append("act"))

    assert event.log == ["record", "model", "act", "model'", "record'"]


def test_an_exception_passes_through_and_leaves_the_event_usable():
    """
    A failing handler stops the chain; the same event can be triggered again.
    """
    hook = Hook(Told)

    def fail(event):
        raise ValueError("no")

    name = hook.bind(fail)
    event = Told()
    with pytest.raises(ValueError, match="no"):
        hook.trigger(event, lambda e: e.log.append("act"))
    hook.unbind(name)
    hook.trigger(event, lambda e: e.log.append("act"))

    assert event.log == ["act"]


def test_nested_triggers_on_one_event_are_safe():
    """
    A handler may trigger another hook with the event it was given.
    """
    outer, inner = Hook(Told), Hook(Told)
    inner.bind(noting("inner"))

    def nest(event):
        inner.trigger(event, lambda e: e.log.append("deep"))
        event.next()

    outer.bind(nest)
    event = Told()
    outer.trigger(event, lambda e: e.log.append("act"))

    assert event.log == ["inner", "deep", "inner'", "act"]


def test_our_own_handlers_are_told_from_the_users():
    """
    Ids `__pb…__` are ours and do not count as user handlers.
    """
    hook = Hook(Told)
    hook.bind(noting("ours"), id="__pbInternal__")

    assert not hook.has_user_handlers
    hook.bind(noting("theirs"))
    assert hook.has_user_handlers
