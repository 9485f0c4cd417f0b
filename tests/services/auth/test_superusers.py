"""
Superusers: always verified, never none left, and how the first one comes to be.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.errors import BadRequestError, ValidationErrors
from pocketbase_server.core.records.auth import INSTALLER_EMAIL
from pocketbase_server.services.auth.tokens import AUTH, read_claims, record_by_token
from pocketbase_server.services.installer import installer_link, needs_installer


def emails(app) -> list[str]:
    return [row[0] for row in app.data.all("SELECT email FROM _superusers ORDER BY email")]


def test_superusers_are_verified(app, add):
    record = add(SUPERUSERS, "a@b.co", verified=False)
    record.set("verified", False)
    app.records.update(record)

    assert app.records.get(SUPERUSERS, record.id).get("verified") is True


def test_the_only_superuser_stays(app, add):
    record = add(SUPERUSERS, "a@b.co")
    with pytest.raises(BadRequestError, match=r"You can't delete the only existing superuser\."):
        app.records.delete(record)

    assert emails(app) == ["a@b.co"]


def test_of_two_deleted_at_once_one_stays(app, add):
    both = [add(SUPERUSERS, "a@b.co"), add(SUPERUSERS, "c@d.co")]
    with ThreadPoolExecutor(2) as callers:
        errors = [
            job.exception() for job in [callers.submit(app.records.delete, one) for one in both]
        ]

    assert [type(error) for error in errors].count(BadRequestError) == 1
    assert len(emails(app)) == 1


def test_the_link_signs_in_the_hidden_account_for_half_an_hour(app):
    link = installer_link(app, "http://127.0.0.1:8090/")
    start, _, token = link.rpartition("/")
    again = installer_link(app, "http://127.0.0.1:8090").rpartition("/")[2]

    assert start == "http://127.0.0.1:8090/_/#/pbinstall"
    assert record_by_token(app, token, AUTH).get("email") == INSTALLER_EMAIL
    assert record_by_token(app, again, AUTH).get("email") == INSTALLER_EMAIL
    assert not read_claims(token).is_refreshable
    assert emails(app) == [INSTALLER_EMAIL]


def test_the_first_superuser_replaces_the_hidden_account(app, add):
    token = installer_link(app, "http://127.0.0.1:8090").rpartition("/")[2]
    assert needs_installer(app)
    add(SUPERUSERS, "a@b.co")

    assert emails(app) == ["a@b.co"]
    assert not needs_installer(app)
    assert installer_link(app, "http://127.0.0.1:8090") is None
    assert record_by_token(app, token, AUTH) is None


def test_a_refused_superuser_leaves_the_hidden_account(app, add):
    installer_link(app, "http://127.0.0.1:8090")
    with pytest.raises(ValidationErrors):
        add(SUPERUSERS, "no address")

    assert emails(app) == [INSTALLER_EMAIL]
