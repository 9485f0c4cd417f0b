"""Fixtures of the tests that ask both servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.oidc import Oidc
from tests.parity.post import USERS, Post
from tests.postbox import Postbox

if TYPE_CHECKING:
    from tests.scenario import Pair


@pytest.fixture(scope="module")
def oidc() -> Iterator[Oidc]:
    """Return the provider that both servers ask."""
    made = Oidc()
    yield made
    made.close()


@pytest.fixture(scope="module")
def post(pair: Pair) -> Iterator[Post]:
    """Return both servers, writing to postboxes."""
    with Postbox() as theirs, Postbox() as ours:
        for side, box in ((pair.reference, theirs), (pair.ours, ours)):
            side.client("superuser").must("PATCH", "/api/settings", box.settings())
            body = {"otp": {"enabled": True}, "authAlert": {"enabled": False}}
            side.client("superuser").must("PATCH", USERS, body)
        yield Post(pair, (theirs, ours))
