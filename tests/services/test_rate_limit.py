"""
The rate limiter as a service: who is counted, and what is told of it.
"""

from __future__ import annotations

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.core.errors import TooManyRequestsError
from pocketbase_server.core.settings.model import RateLimitRule
from pocketbase_server.services.rate_limit import Asked


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


@pytest.fixture
def limit(app):
    def set_rules(*rules, **more):
        settings = app.settings.current.clone()
        settings.rate_limits.enabled = True
        settings.rate_limits.rules = [RateLimitRule(*rule) for rule in rules]
        for name, value in more.items():
            setattr(settings.rate_limits, name, value)
        app.settings.save(settings)

    return set_rules


def asked(path="/api/health", ip="1.1.1.1", **more):
    return Asked("GET", path, ip, **more)


def passes(app, *requests):
    found = []
    for request in requests:
        try:
            app.rate_limits.check(request)
            found.append(True)
        except TooManyRequestsError:
            found.append(False)
    return found


def test_the_cause_names_the_rule(app, limit):
    limit(("/api/health", "", 600, 1))
    app.rate_limits.check(asked())
    with pytest.raises(TooManyRequestsError) as caught:
        app.rate_limits.check(asked())

    assert caught.value.message == "Too Many Requests."
    assert str(caught.value.__cause__) == (
        'triggered rate limit rule: {"label":"/api/health","audience":"","duration":600,"maxRequests":1}'
    )


def test_a_scope_is_counted_apart(app, limit):
    limit(("*:create", "", 600, 1))
    users = app.collections.find("users")
    one = asked(collection=users, action="create")
    batched = asked(collection=users, action="create", scope="batch")

    assert passes(app, one, batched, one, batched) == [True, True, False, False]


def test_clients_are_counted_apart(app, limit):
    limit(("/api/", "", 600, 1))

    assert passes(app, asked(), asked(ip="2.2.2.2"), asked()) == [True, True, False]


def test_superusers_are_free(app, limit):
    limit(("/", "", 600, 1))
    root = app.records.new("_superusers")

    assert passes(app, *[asked(caller=root)] * 3, asked(), asked()) == [
        True,
        True,
        True,
        True,
        False,
    ]


def test_an_unreadable_address_is_not_excluded(app, limit):
    limit(("/", "", 600, 1), excluded_ips=["0.0.0.0/0", "::/0"])

    found = passes(app, *[asked()] * 3, *[asked(ip="nonsense")] * 2, *[asked(ip="")] * 2)

    assert found == [True, True, True, True, False, True, False]


def test_no_file_without_workers(app, limit):
    limit(("/", "", 600, 1))
    passes(app, asked())

    assert not (app.dir.path / ".rate_limits").exists()
