"""
The password pool: right answers, equal time for unknown identities, and no harm to others.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.core.errors import TooManyRequestsError
from pocketbase_server.services.auth import password
from pocketbase_server.services.auth.password import PasswordPool
from pocketbase_server.storage.sql.engine import WouldBlock, inline_mode

from scripts.servers import LIMIT
from tests.waiting import eventually


@pytest.fixture
def pool():
    made = PasswordPool()
    yield made
    made.close()


@pytest.mark.parametrize("plain", ["1234567890", "pässwörd", "x", "a\0b", "x" * 72, " "])
def test_a_hash_knows_its_password(pool, plain):
    hashed = pool.hash(plain, 4)

    assert hashed.startswith("$2a$04$")
    assert pool.verify(plain, hashed)
    assert not pool.verify("other", hashed)


@pytest.mark.parametrize("hashed", ["", "x", "$2a$04$", "$2a$xx$" + "." * 53, "$9z$04$" + "." * 53])
def test_what_is_no_hash_has_no_password(pool, hashed):
    assert not pool.verify("x", hashed)


def test_hashes_of_the_reference_are_known(pool):
    hashed = "$2a$10$DGXdqGAXUrXRbbKGT/s2SO32ODqY.3///6FpGeSppr5aGXrzGXSS2"

    assert pool.verify("1234567890", hashed)


def _cost(act) -> float:
    """Return the CPU time of all threads; on a busy machine the time on the clock lies."""
    began = time.process_time()
    act()
    return time.process_time() - began


def test_an_unknown_identity_takes_as_long_as_a_wrong_password(pool):
    hashed = pool.hash("right", 8)
    pairs = [
        (
            _cost(lambda: pool.verify("wrong", hashed)),
            _cost(lambda: pool.verify_nothing("wrong", 8)),
        )
        for _ in range(9)
    ]
    known, unknown = (sorted(times)[4] for times in zip(*pairs, strict=True))
    print(f"unknown / known: {unknown / known:.2f}")

    assert pool.verify_nothing("right", 8) is False
    assert 0.3 < unknown / known < 3


def test_too_many_waiting_are_refused(monkeypatch):
    pool, gate = PasswordPool(threads=1, waiting_per_thread=3), threading.Event()
    monkeypatch.setattr(password, "verify_password", lambda *_: gate.wait(LIMIT))
    with ThreadPoolExecutor(8) as callers:
        jobs = [callers.submit(pool.verify, "right", "x") for _ in range(8)]
        eventually(lambda: sum(job.done() for job in jobs) == 5)
        gate.set()
        outcomes = [type(job.exception()) for job in jobs]
    pool.close()

    assert outcomes.count(TooManyRequestsError) == 5
    assert outcomes.count(type(None)) == 3


def test_the_event_loop_is_never_made_to_wait(pool):
    with inline_mode(), pytest.raises(WouldBlock):
        pool.verify("x", "y")


def test_a_closed_pool_can_be_used_again(pool):
    assert pool.hash("x", 4)
    pool.close()
    pool.close()

    assert pool.hash("x", 4)


def test_logins_in_flight_do_not_slow_others(pool):
    hashed = pool.hash("right", 10)
    logins = [threading.Thread(target=pool.verify, args=("wrong", hashed)) for _ in range(20)]
    for login in logins:
        login.start()
    while_they_run = 0
    while any(login.is_alive() for login in logins):
        time.sleep(0.001)
        while_they_run += 1
    for login in logins:
        login.join()

    assert while_they_run >= len(logins), "one of our turns for each of theirs at the very least"
