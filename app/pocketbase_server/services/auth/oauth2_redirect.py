"""The page that providers send people back to: it hands the code to the client that waits for it."""

from __future__ import annotations

import threading
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from pocketbase_server.app import App

TOPIC: Final = "@oauth2"
_NAME_SECONDS: Final = 60.0
_MOST_NAMES: Final = 1000
_LONGEST_NAME: Final = 255


def hand_over(app: App, ip: str, state: str, code: str, error: str) -> bool:
    """Send code or error to the client whose id is *state*; tell whether it can sign in now.

    It must have asked for that, come from *ip*, and not have been sent anything yet: each state
    is good for one time.
    """
    if not state:
        return False
    message = {"state": state, "code": code, **({"error": error} if error else {})}
    is_sent = app.realtime.send_to(state, TOPIC, orjson.dumps(message), ip, is_last=True)
    return is_sent and bool(code) and not error


class AppleNames:
    """Names of people from Apple, which come with the form and not with the code's exchange."""

    def __init__(self) -> None:
        self._names: dict[bytes, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def keep(self, code: str, user: str) -> None:
        """Remember the name in Apple's JSON for a minute, for when the code is exchanged."""
        name = _full_name(user)
        if not code or not name:
            return
        with self._lock:
            self._drop_old()
            if len(self._names) < _MOST_NAMES:
                self._names[_key(code)] = (monotonic() + _NAME_SECONDS, name)

    def take(self, code: str) -> str:
        """Return the name that came with *code*, "" when there was none."""
        with self._lock:
            self._drop_old()
            return self._names.pop(_key(code), (0.0, ""))[1]

    def _drop_old(self) -> None:
        now = monotonic()
        old = [key for key, (until, _) in self._names.items() if until < now]
        for key in old:
            del self._names[key]


def _key(code: str) -> bytes:
    return sha256(code.encode(errors="replace")).digest()


def _full_name(user: str) -> str:
    try:
        name = orjson.loads(user)["name"]
        parts = [str(name.get("firstName") or ""), str(name.get("lastName") or "")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return " ".join(parts).strip()[:_LONGEST_NAME]
