"""
Many at once over HTTP, and mail servers that are slow or dead.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from scripts.http_client import Client
from tests.data.seed import PASSWORD
from tests.postbox import Postbox

if TYPE_CHECKING:
    from tests.scenario import Side

USERS = "/api/collections/users"
MANY = 20


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


def test_nobody_waits_for_a_slow_server(ours: Side, box: Postbox) -> None:
    """Only who wants another address, and who tries letters out, waits for the mail server."""
    email = user(ours, "slow", verified=True)
    other = user(ours, "slow-other")
    root, guest = ours.client("superuser"), ours.client()
    root.must("PATCH", USERS, {"authAlert": {"enabled": True}})
    login = {"identity": email, "password": PASSWORD}
    guest.post(f"{USERS}/auth-with-password", login)
    box.take(0)
    box.is_held = True
    try:
        answers = [
            guest.post(f"{USERS}/request-otp", {"email": email}),
            guest.post(f"{USERS}/request-verification", {"email": other}),
            guest.post(f"{USERS}/request-password-reset", {"email": email}),
            guest.ask("POST", f"{USERS}/auth-with-password", login, {"User-Agent": "elsewhere"}),
        ]
        early = list(box.letters)
    finally:
        box.is_held = False
        root.must("PATCH", USERS, {"authAlert": {"enabled": False}})

    assert [answer.status for answer in answers] == [200, 204, 204, 200]
    assert early == []
    assert len(box.take(4)) == 4


def test_health_under_a_dead_server(ours: Side, box: Postbox) -> None:
    """Letters that hang hold up nothing else."""
    emails = [user(ours, f"hang{n}") for n in range(8)]
    box.is_held = True
    try:
        for email in emails:
            ours.client().ask("POST", f"{USERS}/request-password-reset", {"email": email})
        found = [ours.client().get("/api/health").status for _ in range(20)]
        early = list(box.letters)
    finally:
        box.is_held = False

    assert found == [200] * 20
    assert early == []
    assert len(box.take(8)) == 8


QUESTIONS = {
    "auth-with-password": ({"password": "wrong"}, "identity"),
    "request-otp": ({}, "email"),
    "request-password-reset": ({}, "email"),
    "request-verification": ({}, "email"),
}


@pytest.mark.parametrize("action", QUESTIONS)
def test_time_tells_nothing(
    action: str, ours: Side, box: Postbox, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Known and unknown people are answered alike; how long it takes is reported, not judged."""
    more, name = QUESTIONS[action]
    people = {"known": user(ours, f"timing-{action}"), "unknown": "nobody@example.com"}
    client = ours.client()
    times: dict[str, list[float]] = {who: [] for who in people}
    statuses = set()
    for _ in range(15):
        for who, address in people.items():
            form = {**more, name: address}
            began = time.perf_counter()
            statuses.add(client.post(f"{USERS}/{action}", form).status)
            times[who].append(time.perf_counter() - began)
    medians = {who: f"{1000 * statistics.median(values):.1f} ms" for who, values in times.items()}
    record_property("median", medians)
    with capsys.disabled():
        print(f"\n{action}, median of 15: {medians}")

    assert len(statuses) == 1
    box.take(0)


def test_workers_share_the_throttle(launch: Any, ours_command: list[str], box: Postbox) -> None:
    """Of twenty who ask two workers for the same letter, one causes it."""
    side = launch(ours_command)
    side.client("superuser").must("PATCH", "/api/settings", box.settings())
    email = user(side, "two-workers")
    # NOTE: started anew, so that both workers know where letters go from the beginning
    side.server.stop()
    side.server.args = ("--workers=2",)
    side.server.start()
    for path in ("request-verification", "request-password-reset"):
        assert storm(side, path, {"email": email}) == [204] * MANY
        box.take(1, 60)

        assert box.take(0) == []
