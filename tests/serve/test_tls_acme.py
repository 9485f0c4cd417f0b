"""
Certificates: asked for over the real protocol, kept, renewed in time, and what becomes of failures.

The plain port answers for real; only the clock is ours.
"""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pocketbase_server.serve.acme import renewer as renewing
from pocketbase_server.serve.acme.authority import Authority as Client
from pocketbase_server.serve.acme.authority import RefusedError
from pocketbase_server.serve.acme.cache import Cache, write_private
from pocketbase_server.serve.acme.certificates import PemError, read_pem, self_signed
from pocketbase_server.serve.acme.plain_port import HEAD_BYTES, PlainPort
from pocketbase_server.serve.acme.plan import Directory
from pocketbase_server.serve.acme.renewer import Renewer, Wish

from scripts.servers import LIMIT
from tests.serve.acme_server import Authority, running_authority

NAMES = ("app.example", "www.app.example")
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Authority, dict[str, str]]]:
    tokens: dict[str, str] = {}
    with running_authority() as authority, plain_port(tokens) as port:
        authority.proof_port = port
        yield authority, tokens


class plain_port:
    """A plain port on a loop of its own."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self._port = PlainPort(NAMES, tokens, ports=(80, 443))

    def __enter__(self) -> int:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._port.serve, "127.0.0.1", 0, limit=HEAD_BYTES)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)


@pytest.fixture
def authority(running: tuple[Authority, dict[str, str]]) -> Authority:
    found, fresh = running[0], Authority()
    for name in (
        "is_down",
        "refused",
        "unreachable",
        "is_limited",
        "wrong_names",
        "bad_nonces",
        "lifetime",
        "issued",
        "asked",
        "orders",
    ):
        setattr(found, name, getattr(fresh, name))
    return found


class Trial:
    """A renewer on a folder, with all that it said and did."""

    def __init__(
        self,
        authority: Authority,
        folder: Path,
        tokens: dict[str, str],
        names: Sequence[str] = NAMES,
    ) -> None:
        self.cache = Cache(folder, names[0])
        self.cache.prepare()
        self.said: list[str] = []
        self.new = 0
        directory = Directory(authority.url)
        order = lambda wanted: Client(directory, self.cache.account_key(), tokens).order(wanted)  # noqa: E731
        wish = Wish(tuple(names), authority.url)
        self.renewer = Renewer(wish, self.cache, order, on_new=self._count, say=self.said.append)

    def _count(self) -> None:
        self.new += 1

    def step(self, now: float) -> float:
        return self.renewer.step(now)


@pytest.fixture
def trial(
    authority: Authority,
    running: tuple[Authority, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Trial]:
    # the library waits a second between two looks at an order
    sleep = time.sleep
    monkeypatch.setattr("acme.client.time.sleep", lambda _: sleep(0.01))
    return partial(Trial, authority, tmp_path / "cache", running[1])


def test_a_certificate_is_obtained_and_kept(
    trial: Callable[..., Trial], authority: Authority
) -> None:
    """All names are proved over HTTP; key, certificate and account lie there for nobody else to read."""
    authority.bad_nonces = 1
    first = trial()
    wait = first.step(time.time())
    mine = first.cache.folder
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in mine.iterdir()}
    held = first.cache.certificate()

    assert held is not None
    assert held.covers(NAMES)
    assert first.new == 1
    assert modes == {"acme_account+key": 0o600, "app.example": 0o600, "renewal.json": 0o600}
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700
    assert 59 * DAY < wait < 61 * DAY
    assert first.said == []


def test_renewal(trial: Callable[..., Trial], authority: Authority) -> None:
    """30 days before the end there is a new key and certificate; the account stays."""
    first = trial()
    now = time.time()
    first.step(now)
    accounts, before = len(authority.accounts), first.cache.certificate_path.read_bytes()
    early = first.step(now + 59 * DAY)
    untouched = first.cache.certificate_path.read_bytes()
    again = trial()
    again.step(now + 61 * DAY)
    after = again.cache.certificate_path.read_bytes()

    assert early > 0
    assert untouched == before
    assert after.split(b"-----END")[0] != before.split(b"-----END")[0]
    assert len(authority.accounts) == accounts
    assert len(authority.issued) == 2


def test_short_lived_certificates_are_no_storm(
    trial: Callable[..., Trial], authority: Authority
) -> None:
    """A certificate for six days is renewed when a third of its time is left, not at once."""
    authority.lifetime = timedelta(days=6)
    short = trial()
    wait = short.step(time.time())

    assert 3 * DAY < wait < 4.5 * DAY


def test_a_dead_authority_is_not_hammered(
    trial: Callable[..., Trial], authority: Authority
) -> None:
    """Waits grow from a minute to six hours, are said once, and a restart does not forget them."""
    authority.is_down = True
    dead = trial()
    now, waits = time.time(), []
    for _ in range(8):
        waits.append(round(dead.step(now)))
        now += waits[-1]
    asked = authority.asked
    restarted = trial()
    after_restart = restarted.step(now - 21_600 + 600)

    assert waits == [60, 300, 900, 3600, 10_800, 21_600, 21_600, 21_600]
    assert len(dead.said) == 1
    assert "Next try in 1 min" in dead.said[0]
    assert after_restart == pytest.approx(300, abs=1)
    assert authority.asked == asked
    authority.is_down = False
    restarted.step(now)
    assert restarted.new == 1
    assert restarted.cache.progress().failures == 0


def test_nobody_listens(tmp_path: Path) -> None:
    """An authority that cannot be reached is a failure like others."""
    nowhere = Authority(url="http://127.0.0.1:9")
    lost = Trial(nowhere, tmp_path, {})

    assert lost.step(time.time()) == pytest.approx(60, abs=1)
    assert "ConnectionError" in lost.said[0]


def test_rate_limits_are_respected(trial: Callable[..., Trial], authority: Authority) -> None:
    """An authority that has had too much of us is left alone for an hour."""
    authority.is_limited = True
    limited = trial()

    assert limited.step(time.time()) == pytest.approx(HOUR, abs=1)
    assert "too many orders" in limited.said[0]


@pytest.mark.parametrize("way", ["refused", "unreachable"])
def test_one_name_does_not_spoil_the_others(
    way: str, trial: Callable[..., Trial], authority: Authority
) -> None:
    """Without its `www.` the domain gets its certificate; the missing name is tried again, nothing else."""
    setattr(authority, way, {"www.app.example"})
    some = trial()
    now = time.time()
    waits = []
    for _ in range(4):
        waits.append(round(some.step(now)))
        now += waits[-1]
    held = some.cache.certificate()

    assert held is not None
    assert held.names == {"app.example"}
    assert authority.issued == [["app.example"]]
    assert waits == [60, 300, 900, 3600]
    assert "www.app.example" in some.said[0]
    assert some.new == 1
    setattr(authority, way, set())
    some.step(now)
    assert some.cache.certificate().covers(NAMES)


@pytest.mark.parametrize("way", ["refused", "unreachable"])
def test_all_names_fail(way: str, trial: Callable[..., Trial], authority: Authority) -> None:
    """When no name is left there is no certificate, and a pause."""
    setattr(authority, way, set(NAMES))
    none = trial()

    assert none.step(time.time()) == pytest.approx(60, abs=1)
    assert none.cache.certificate() is None
    assert none.new == 0
    assert none.said[0].startswith("no certificate for app.example, www.app.example: ")


def test_a_certificate_for_others_is_not_taken(
    trial: Callable[..., Trial], authority: Authority
) -> None:
    """What an authority sends must name what was asked for."""
    authority.wrong_names = ("evil.example",)
    wrong = trial()
    wrong.step(time.time())

    assert wrong.cache.certificate() is None
    assert "a certificate for evil.example" in wrong.said[0]


DAMAGE = {
    "empty": b"",
    "noise": os.urandom(900),
    "text": b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
    "other names": self_signed(["else.example"]),
    "another's key": self_signed(["a"]).split(b"-----BEGIN CERT")[0]
    + b"-----BEGIN CERT"
    + self_signed(["a"]).split(b"-----BEGIN CERT")[1],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_cache(damage: str, trial: Callable[..., Trial]) -> None:
    """Whatever lies in the folder, a new certificate takes its place; a broken account key is set aside."""
    first = trial()
    for name in ("app.example", "acme_account+key", "renewal.json"):
        write_private(first.cache.folder / name, DAMAGE[damage])
    first.step(time.time())
    again = first.cache.certificate()

    assert again is not None
    assert again.covers(NAMES)


def test_expired(trial: Callable[..., Trial], authority: Authority) -> None:
    """An expired certificate is replaced at once."""
    authority.lifetime = timedelta(seconds=-1)
    first = trial()
    first.step(time.time())
    authority.lifetime = timedelta(days=90)
    wait = first.step(time.time() + 1)

    assert wait > 59 * DAY
    assert first.new == 2


def test_another_authority(trial: Callable[..., Trial], authority: Authority) -> None:
    """A certificate by the authority used before, say one for trials, is replaced."""
    first = trial()
    first.step(time.time())
    progress = first.cache.progress()
    progress.directory = "https://trials.example/dir"
    first.cache.save_progress(progress)
    first.step(time.time())

    assert first.new == 2
    assert first.cache.progress().directory == authority.url


def test_a_full_disk_keeps_what_there_is(
    trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new certificate cannot be written, the old one stays whole and no draft is left."""
    first = trial()
    first.step(time.time())
    before = first.cache.certificate_path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    wait = first.step(time.time() + 61 * DAY)

    assert first.cache.certificate_path.read_bytes() == before
    assert wait > 0
    assert not [path for path in first.cache.folder.iterdir() if path.name.startswith(".")]
    assert "No space left" in first.said[0]


def test_refusals_name_the_guilty(
    authority: Authority, running: tuple[Authority, dict[str, str]], tmp_path: Path
) -> None:
    """Who asks learns which names were refused."""
    authority.refused = {"www.app.example"}
    cache = Cache(tmp_path, "app.example")

    with pytest.raises(RefusedError, match="not by us") as refused:
        Client(Directory(authority.url), cache.account_key(), running[1]).order(NAMES)
    assert refused.value.names == {"www.app.example"}


def test_pem_needs_key_and_certificate() -> None:
    """Half of a pair is none."""
    key, _, certificate = self_signed(["a.example"]).partition(b"-----BEGIN CERT")

    for half in (key, b"-----BEGIN CERT" + certificate, b""):
        with pytest.raises(PemError):
            read_pem(half)
    assert read_pem(self_signed(["a.example", "127.0.0.1"])).names == {"a.example", "127.0.0.1"}


def test_waits_are_bounded() -> None:
    """A machine that slept, or whose clock was set, looks again within the hour."""
    assert renewing._NAP <= HOUR
