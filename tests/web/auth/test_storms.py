"""
Many at once over HTTP, and mail servers that are slow or dead.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from scripts.http_client import Answer, Client
from tests.data.seed import PASSWORD
from tests.postbox import Postbox

if TYPE_CHECKING:
    from tests.scenario import Side

USERS = "/api/collections/users"
MANY = 20
SLOW = 1.0


@pytest.fixture(scope="module")
def box(ours: Side) -> Iterator[Postbox]:
    """Return the postbox our server writes to."""
    with Postbox() as made:
        root = ours.client("superuser")
        root.must("PATCH", "/api/settings", made.settings())
        root.must("PATCH", USERS, {"otp": {"enabled": True}, "authAlert": {"enabled": False}})
        yield made


def user(ours: Side, name: str, **values: Any) -> str:
    email = f"{name}@example.com"
    body = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, **values}
    ours.client("superuser").must("POST", f"{USERS}/records", body)
    return email


def storm(ours: Side, path: str, body: Any) -> list[int]:
    """Return how many equal requests at the same time were answered."""

    def ask(_: int) -> int:
        return Client(ours.server.port).post(f"{USERS}/{path}", body).status

    with ThreadPoolExecutor(MANY) as callers:
        return list(callers.map(ask, range(MANY)))


def test_a_code_signs_in_once(ours: Side, box: Postbox) -> None:
    """Of twenty with the right code at once, exactly one gets in."""
    email = user(ours, "storm-otp", verified=True)
    asked = ours.client().must("POST", f"{USERS}/request-otp", {"email": email})
    form = {"otpId": asked["otpId"], "password": box.take()[0].code}

    assert storm(ours, "auth-with-otp", form).count(200) == 1


def test_a_session_is_finished_once(ours: Side, box: Postbox) -> None:
    """Of twenty with both methods at once, exactly one gets in."""
    email = user(ours, "storm-mfa", verified=True)
    root = ours.client("superuser")
    root.must("PATCH", USERS, {"mfa": {"enabled": True}})
    try:
        asked = ours.client().must("POST", f"{USERS}/request-otp", {"email": email})
        form = {"otpId": asked["otpId"], "password": box.take()[0].code}
        session = ours.client().post(f"{USERS}/auth-with-otp", form).json()["mfaId"]
        form = {"identity": email, "password": PASSWORD, "mfaId": session}

        assert storm(ours, "auth-with-password", form).count(200) == 1
    finally:
        root.must("PATCH", USERS, {"mfa": {"enabled": False}})


def test_a_reset_works_once(ours: Side, box: Postbox) -> None:
    """Of twenty with one token at once, exactly one sets a password."""
    email = user(ours, "storm-reset")
    ours.client().ask("POST", f"{USERS}/request-password-reset", {"email": email})
    form = {"token": box.take()[0].token, "password": "new-one-1", "passwordConfirm": "new-one-1"}

    assert storm(ours, "confirm-password-reset", form).count(204) == 1


def test_a_change_works_once(ours: Side, box: Postbox) -> None:
    """Of twenty with one token at once, exactly one changes the address."""
    email = user(ours, "storm-change")
    me = Client(ours.server.port).login(email, PASSWORD, "users")
    me.ask("POST", f"{USERS}/request-email-change", {"newEmail": f"new-{email}"})
    form = {"token": box.take()[0].token, "password": PASSWORD}

    assert storm(ours, "confirm-email-change", form).count(204) == 1


def test_one_letter_however_many_ask(ours: Side, box: Postbox) -> None:
    """Twenty who ask for the same letter at once cause one."""
    email = user(ours, "storm-letter")
    for path in ("request-verification", "request-password-reset"):
        assert storm(ours, path, {"email": email}) == [204] * MANY
        box.take()

        assert box.take(0) == []


def timed(act: Callable[[], Answer]) -> tuple[int, float]:
    began = time.perf_counter()
    return act().status, time.perf_counter() - began


def test_nobody_waits_for_a_slow_server(ours: Side, box: Postbox) -> None:
    """Only who wants another address, and who tries letters out, waits for the mail server."""
    email = user(ours, "slow", verified=True)
    other = user(ours, "slow-other")
    root, guest = ours.client("superuser"), ours.client()
    root.must("PATCH", USERS, {"authAlert": {"enabled": True}})
    login = {"identity": email, "password": PASSWORD}
    guest.post(f"{USERS}/auth-with-password", login)
    box.delay = SLOW
    try:
        quick = [
            timed(lambda: guest.post(f"{USERS}/request-otp", {"email": email})),
            timed(lambda: guest.post(f"{USERS}/request-verification", {"email": other})),
            timed(lambda: guest.post(f"{USERS}/request-password-reset", {"email": email})),
            timed(
                lambda: guest.ask(
                    "POST", f"{USERS}/auth-with-password", login, {"User-Agent": "elsewhere"}
                )
            ),
        ]
        taken = box.take(4, 10)
    finally:
        box.delay = 0.0
        root.must("PATCH", USERS, {"authAlert": {"enabled": False}})

    assert [status for status, _ in quick] == [200, 204, 204, 200]
    assert max(seconds for _, seconds in quick) < SLOW * 0.8
    assert len(taken) == 4


def test_health_under_a_dead_server(ours: Side, box: Postbox) -> None:
    """Letters that hang hold up nothing else."""
    emails = [user(ours, f"hang{n}") for n in range(8)]
    box.delay = SLOW
    try:
        for email in emails:
            ours.client().ask("POST", f"{USERS}/request-password-reset", {"email": email})
        times = [timed(lambda: ours.client().get("/api/health"))[1] for _ in range(20)]
    finally:
        box.delay = 0.0

    assert statistics.median(times) < 0.1
    assert len(box.take(8, 10)) == 8


def test_time_tells_nothing(ours: Side, box: Postbox, record_property: Any) -> None:
    """How long answers take for known and for unknown people; reported, with a wide margin asserted."""
    email = user(ours, "timing", verified=True)
    known = {"identity": email, "password": "wrong"}
    unknown = {"identity": "nobody@example.com", "password": "wrong"}
    path = f"{USERS}/auth-with-password"
    client = ours.client()
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(15):
        times["known"].append(timed(lambda: client.post(path, known))[1])
        times["unknown"].append(timed(lambda: client.post(path, unknown))[1])
    one, other = (statistics.median(values) for values in times.values())
    record_property("median seconds, known and unknown", (round(one, 4), round(other, 4)))

    assert 0.4 < one / other < 2.5
