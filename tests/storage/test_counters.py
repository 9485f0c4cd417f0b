"""
Counters in windows: exact, bounded, shared between processes.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.storage.counters import SIZE, Counters


class Clock:
    now = 1000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "file"])
def counters(request, tmp_path):
    path = tmp_path / "counters" if request.param == "file" else None
    made = Counters(path, Clock())
    yield made
    made.close()


def test_a_window_begins_with_the_first_hit_and_ends_on_a_whole_second(counters):
    seen = []
    for now in (1000.5, 1001.9, 1001.95, 1002.0, 1003.9, 1003.99, 1004.0):
        counters._clock.now = now
        seen.append(counters.hit("a", 2, 2))

    assert seen == [True, True, False, True, True, False, True]


def test_names_are_counted_apart(counters):
    assert [counters.hit(name, 1, 9) for name in ("a", "b", "a", "b", "c")] == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_no_limit_is_no_permission(counters):
    assert not counters.hit("a", 0, 0)
    assert [counters.hit("b", 3, 0) for _ in range(9)] == [True] * 9


def test_what_is_forgotten_starts_a_window(counters):
    for name in ("a", "b"):
        assert counters.hit(name, 1, 9)
    counters.forget("a")
    counters.forget("c")

    assert [counters.hit(name, 1, 9) for name in ("a", "b")] == [True, False]


def test_a_clock_that_starts_anew_starts_a_window(counters):
    assert counters.hit("a", 1, 3600)
    counters._clock.now = 5.0

    assert counters.hit("a", 1, 3600)
    assert not counters.hit("a", 1, 3600)


def test_a_flood_of_names_takes_no_more_room(counters):
    counters.hit("mine", 2, 9)
    for number in range(60_000):
        counters.hit(f"name {number}", 1, 5)

    assert len(counters._table) == SIZE
    assert [counters.hit("mine", 2, 9) for _ in range(3)][-1] is False


def test_threads_lose_nothing(counters):
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: counters.hit("a", 500, 60), range(1000)))

    assert sum(allowed) == 500


def _hits(path, times: int) -> int:
    mine = Counters(path)
    return sum(mine.hit("a", 500, 600) for _ in range(times))


def test_processes_share_a_file(tmp_path):
    with multiprocessing.get_context("fork").Pool(3) as pool:
        allowed = pool.starmap(_hits, [(tmp_path / "counters", 400)] * 3)

    assert sum(allowed) == 500
    assert (tmp_path / "counters").stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_means_counting_alone(tmp_path):
    counters = Counters(tmp_path / "missing" / "counters")

    assert [counters.hit("a", 1, 9) for _ in range(2)] == [True, False]


def test_closing_twice_is_fine(counters):
    counters.hit("a", 1, 9)
    counters.close()
    counters.close()
