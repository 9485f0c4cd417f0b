"""
Compare an answer of ours with the reference's answer to the same question.

Object keys have an order in errors only. Values that are new in each answer (random ids, fresh time stamps,
tokens, generated names) only have to be of one kind, and the same pairing has to hold through all
answers that share one `Ties`.

From the command line it asks both servers one question on copies of one data directory:
`python scripts/parity.py [-d BODY] [-H NAME:VALUE] [--as TOKEN] [--dir PB_DATA] METHOD PATH…`
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import servers
from scripts.http_client import Answer, Client

HEADERS = ("content-type", "location")
STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$")
RANDOM = re.compile(
    r"(?P<clone>^_clone_\w{4}$)"
    r"|(?P<id>^[a-z0-9]{15}$)"
    r"|(?P<auto>^[a-z]{4}-[0-9]{3}$)"
    r"|(?P<key>^[A-Za-z0-9]{50}$)"
    r"|(?P<hash>^\$2[aby]\$\d\d\$.{53}$)"
)
NAMED = re.compile(r"^[a-z]+0{3,}\d+$")
"""Ids that a test has chosen, like `post00000000001`: they stand for nothing else."""
INDEX = re.compile(r"(idx_\w+?_)[a-z0-9]{10}\b")
MISSING = "<missing>"
REFUSED = 400
"""Statuses from here on are errors, whose members come in alphabetical order."""


@dataclass(slots=True)
class Ties:
    """Which random value of the reference stands for which of ours, through one story."""

    since: float = field(default_factory=time.time)
    pairs: dict[str, str] = field(default_factory=dict)

    def same(self, expected: str, got: str) -> bool:
        """Say whether two texts are equal, or new values of one kind that may be paired."""
        if expected == got:
            return True
        if _is_token(expected) and _is_token(got):
            return _claims(expected) == _claims(got)
        if STAMP.match(expected) and STAMP.match(got):
            return self._fresh(expected) and self._fresh(got)
        one, other = RANDOM.match(expected), RANDOM.match(got)
        if one and other and one.lastgroup == other.lastgroup:
            return not NAMED.match(expected) and self.pairs.setdefault(expected, got) == got
        return "idx_" in expected and INDEX.sub(r"\1", expected) == INDEX.sub(r"\1", got)

    def _fresh(self, stamp: str) -> bool:
        then = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
        return self.since - 2 <= then <= time.time() + 2


def _is_token(text: str) -> bool:
    return text.count(".") == 2 and text.startswith("ey")


def _claims(token: str) -> dict[str, Any]:
    """The claims of a token, its end rounded to what two servers can agree on."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    claims["exp"] = round((claims.get("exp", 0) - time.time()) / 60)
    return claims


def differences(
    expected: Answer, got: Answer, ties: Ties, headers: tuple[str, ...] = HEADERS
) -> list[str]:
    """Return what differs between two answers, one readable line each; nothing when equal."""
    found = []
    if expected.status != got.status:
        found.append(f"status: expected {expected.status}, got {got.status}")
    for name in headers:
        one, other = expected.headers.get(name, MISSING), got.headers.get(name, MISSING)
        if not ties.same(one, other):
            found.append(f"header {name}: expected {one!r}, got {other!r}")
    found += value_differences(expected.value, got.value, ties)
    if expected.status >= REFUSED and not found:
        found += order_differences(expected.value, got.value)
    return found


def value_differences(expected: Any, got: Any, ties: Ties, path: str = "") -> list[str]:
    """Return what differs between two JSON values, with the path of each difference."""
    if isinstance(expected, dict) and isinstance(got, dict):
        keys = [*expected, *(key for key in got if key not in expected)]
        return [
            line
            for key in keys
            for line in value_differences(
                expected.get(key, MISSING), got.get(key, MISSING), ties, f"{path}.{key}"
            )
        ]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = enumerate(zip(expected, got, strict=True))
        return [
            line
            for i, (one, other) in pairs
            for line in value_differences(one, other, ties, f"{path}[{i}]")
        ]
    if isinstance(expected, str) and isinstance(got, str) and ties.same(expected, got):
        return []
    if type(expected) is type(got) and expected == got:
        return []
    return [f"body{path}: expected {_short(expected)}, got {_short(got)}"]


def order_differences(expected: Any, got: Any, path: str = "") -> list[str]:
    """Return where the members of two equal JSON values stand in another order."""
    if isinstance(expected, list):
        pairs = zip(map(str, range(len(expected))), expected, got, strict=True)
    elif isinstance(expected, dict):
        if list(expected) != list(got):
            return [f"order of body{path}: expected {list(expected)}, got {list(got)}"]
        pairs = ((key, value, got[key]) for key, value in expected.items())
    else:
        return []
    return [
        line for key, one, other in pairs for line in order_differences(one, other, f"{path}.{key}")
    ]


def _short(value: Any) -> str:
    text = value if value == MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


# -- command line ----------------------------------------------------------------------------------


def main() -> int:
    """Ask both servers the questions of the command line and print how they differ."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="pb_parity_") as scratch:
        sides = [
            _side(command, Path(scratch) / name, options.dir)
            for name, command in (
                ("reference", servers.reference_command()),
                ("ours", servers.ours_command()),
            )
        ]
        try:
            return _ask_all(sides, options)
        finally:
            for side in sides:
                side.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method")
    parser.add_argument("paths", nargs="+", help="one or more paths, asked in turn")
    parser.add_argument("-d", dest="body", help="request body, sent as JSON")
    parser.add_argument("-H", dest="headers", action="append", default=[], help="NAME:VALUE")
    parser.add_argument("--guest", action="store_true", help="do not speak as a superuser")
    parser.add_argument("--dir", type=Path, help="start both from a copy of this pb_data")
    return parser.parse_args()


def _side(command: list[str], data: Path, source: Path | None) -> servers.Server:
    if source:
        shutil.copytree(source, data)
    servers.make_superuser(command, data)
    return servers.Server(command, data).start()


def _ask_all(sides: list[servers.Server], options: argparse.Namespace) -> int:
    headers = dict(line.split(":", 1) for line in options.headers)
    if options.body:
        headers.setdefault("Content-Type", "application/json")
    clients = [_client(side, options.guest) for side in sides]
    ties, worst = Ties(), 0
    for path in options.paths:
        answers = [client.ask(options.method, path, options.body, headers) for client in clients]
        print(f"{options.method} {path}")
        for name, answer in zip(("reference", "ours"), answers, strict=True):
            print(f"  {name:9} {answer.status} {answer.text.strip()[:2000]}")
        found = differences(answers[0], answers[1], ties)
        print(*(f"  ! {line}" for line in found), sep="\n")
        worst = max(worst, len(found))
    return 1 if worst else 0


def _client(side: servers.Server, guest: bool) -> Client:
    client = Client(side.port)
    return client if guest else client.login(servers.EMAIL, servers.PASSWORD)


if __name__ == "__main__":
    sys.exit(main())
