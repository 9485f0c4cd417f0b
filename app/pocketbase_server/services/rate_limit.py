"""How often clients may ask: the rules of the settings, applied to one request after the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from pocketbase_server.core.errors import TooManyRequestsError
from pocketbase_server.core.settings.networks import contains
from pocketbase_server.core.settings.store import PARAM
from pocketbase_server.storage.counters import Counters
from pocketbase_server.storage.sql.params import param_updated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.settings.model import RateLimitRule, Settings

GUEST: Final = "@guest"
AUTH: Final = "@auth"
_AUTH_ACTIONS: Final = "authWith"
_AUTH_TAG: Final = "auth"
_FILE: Final = ".rate_limits"


class LimitReachedError(Exception):
    """Which rule was broken; stands as the cause in the activity log, not in the answer."""


@dataclass(slots=True, frozen=True)
class Asked:
    """A request as rules see it."""

    method: str
    path: str
    ip: str
    caller: Record | None = None
    collection: Collection | None = None
    """Set together with `action`: rules such as `users:create` look at both."""
    action: str = ""
    scope: str = ""
    """What is counted apart from the rest: requests in a batch."""


class RateLimiter:
    """The rate limits of one application; correct with several workers, which share the counts."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings: Settings | None = None
        self._content = b""
        self._rules = _Rules((), "")
        self._counters: Counters | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether there is anything to check."""
        return self._app.settings.current.rate_limits.enabled

    def check(self, asked: Asked) -> None:
        """Count the request; raises `TooManyRequestsError` when a rule says that it is one too many.

        Superusers and excluded addresses are never limited.
        """
        settings = self._app.settings.current
        limits = settings.rate_limits
        if not limits.enabled or (asked.caller is not None and asked.caller.is_superuser):
            return
        if limits.excluded_ips and contains(limits.excluded_ips, asked.ip):
            return
        if settings is not self._settings:
            self._renew(settings)
        rule = self._rules.find(asked)
        if rule is not None:
            self._count(rule, asked)

    def _renew(self, settings: Settings) -> None:
        """Take over changed settings.

        COMPAT: counting begins anew with them. All workers must agree on when that is, so it goes
        by what is stored; a save that changes nothing goes unnoticed.
        """
        content = orjson.dumps(settings.export(with_secrets=True))
        if content != self._content:
            # NOTE: counters may outlive us, but not the server
            seed = f"{os.getppid()} {param_updated(self._app.data, PARAM)}"
            self._rules = _Rules(settings.rate_limits.rules, seed)
            self._content = content
        self._settings = settings

    def _count(self, rule: RateLimitRule, asked: Asked) -> None:
        if self._counters is None:
            self._counters = self._make_counters()
        name = self._rules.counter_name(rule, asked)
        if not self._counters.hit(name, rule.max_requests, rule.duration):
            cause = orjson.dumps(rule.export()).decode()
            raise TooManyRequestsError from LimitReachedError(f"triggered rate limit rule: {cause}")

    def _make_counters(self) -> Counters:
        is_alone = self._app.config.workers <= 1
        return Counters(None if is_alone else self._app.dir.path / _FILE)

    def close(self) -> None:
        """Let go of the counters."""
        if self._counters is not None:
            self._counters.close()


class _Rules:
    """The rules, arranged for look-ups."""

    def __init__(self, rules: Iterable[RateLimitRule], seed: str) -> None:
        self._seed = seed
        self._exact: dict[str, list[RateLimitRule]] = {}
        self._prefixes: list[RateLimitRule] = []
        for rule in rules:
            self._exact.setdefault(rule.label, []).append(rule)
            if rule.label.endswith("/"):
                self._prefixes.append(rule)

    def find(self, asked: Asked) -> RateLimitRule | None:
        """Return the rule that the request is subject to: of its labels the first that has one."""
        audience = GUEST if asked.caller is None else AUTH
        found = (self._by_label(label, audience) for label in _tags(asked))
        tagged = next((rule for rule in found if rule is not None), None)
        return tagged or self._by_path(asked, audience)

    def _by_path(self, asked: Asked, audience: str) -> RateLimitRule | None:
        path = asked.path
        for label in (f"{asked.method} {path}", path):
            rule = self._by_label(label, audience) or self._by_prefix(label + "/", audience)
            if rule is not None:
                return rule
        return None

    def _by_label(self, label: str, audience: str) -> RateLimitRule | None:
        return _for_audience(self._exact.get(label, ()), audience)

    def _by_prefix(self, label: str, audience: str) -> RateLimitRule | None:
        fitting = (rule for rule in self._prefixes if label.startswith(rule.label))
        return _for_audience(fitting, audience)

    def counter_name(self, rule: RateLimitRule, asked: Asked) -> str:
        """Return what the request is counted under.

        COMPAT: a rule counts each action of each collection by itself, and all else together.
        """
        what = asked.collection.id + asked.action if asked.collection is not None else ""
        return f"{self._seed}\n{rule.label}\n{rule.audience}\n{what}\n{asked.scope}\n{asked.ip}"


def _for_audience(rules: Iterable[RateLimitRule], audience: str) -> RateLimitRule | None:
    return next((rule for rule in rules if not rule.audience or rule.audience == audience), None)


def _tags(asked: Asked) -> Iterator[str]:
    """Yield the labels of the request's action: those that name the collection come first."""
    if asked.collection is None:
        return
    actions = [asked.action]
    if asked.action.startswith(_AUTH_ACTIONS):
        actions.append(_AUTH_TAG)
    for name in (asked.collection.name, "*"):
        for action in actions:
            yield f"{name}:{action}"
