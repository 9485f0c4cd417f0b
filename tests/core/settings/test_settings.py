"""
The settings: what they are by default, how they are printed, stored, encrypted and noticed.
"""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import orjson
import pytest
from pocketbase_server.core import data_watch
from pocketbase_server.core.config import Config
from pocketbase_server.core.errors import BadRequestError, ValidationErrors
from pocketbase_server.core.hooks import HookTable
from pocketbase_server.core.settings.model import Settings
from pocketbase_server.core.settings.networks import contains, parse_network
from pocketbase_server.core.settings.store import SettingsError, SettingsStore
from pocketbase_server.storage.sql.engine import Engine

KEY = "abcdefghijklmnopqrstuvwxyz012345"
TABLE = """CREATE TABLE `_params` (`id` TEXT PRIMARY KEY, `value` JSON DEFAULT NULL,
`created` TEXT DEFAULT '' NOT NULL, `updated` TEXT DEFAULT '' NOT NULL)"""

PRINTED = (
    '{"superuserIPs":[],'
    '"smtp":{"enabled":false,"port":587,"host":"smtp.example.com","username":"",'
    '"authMethod":"","tls":false,"localName":""},'
    '"backups":{"cron":"","cronMaxKeep":3,"s3":{"enabled":false,"bucket":"","region":"","endpoint":"",'
    '"accessKey":"","forcePathStyle":false}},'
    '"s3":{"enabled":false,"bucket":"","region":"","endpoint":"","accessKey":"","forcePathStyle":false},'
    '"meta":{"accentColor":"#1055c9","appName":"Acme","appURL":"http://localhost:8090",'
    '"senderName":"Support","senderAddress":"support@example.com","hideControls":false},'
    '"rateLimits":{"rules":['
    '{"label":"*:auth","audience":"","duration":3,"maxRequests":2},'
    '{"label":"*:create","audience":"","duration":5,"maxRequests":20},'
    '{"label":"/api/batch","audience":"","duration":1,"maxRequests":3},'
    '{"label":"/api/","audience":"","duration":10,"maxRequests":300}],'
    '"excludedIPs":[],"enabled":false},'
    '"trustedProxy":{"headers":[],"useLeftmostIP":false},'
    '"batch":{"enabled":false,"maxRequests":50,"timeout":3,"maxBodySize":0},'
    '"logs":{"maxDataSize":0,"maxDays":5,"minLevel":0,"logIP":true,"logAuthId":false}}'
)


@pytest.fixture
def make_store(tmp_path):
    """Return a function that opens one more store on the same database, as another process would."""
    opened = []

    def make(encryption_env: str = "") -> SettingsStore:
        engine = Engine(tmp_path / "data.db")
        engine.open()
        if not opened:
            engine.run(TABLE)
        opened.append(engine)
        config = Config(encryption_env=encryption_env)
        return SettingsStore(SimpleNamespace(data=engine, config=config, hooks=HookTable()))

    yield make
    for engine in opened:
        engine.close()


def _row(tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as db:
        return db.execute(
            "SELECT typeof(value), value FROM _params WHERE id = 'settings'"
        ).fetchone()


# -- model


def test_defaults_print_in_the_order_of_the_reference():
    assert orjson.dumps(Settings().export()).decode() == PRINTED


def test_secrets_are_stored_but_never_printed():
    settings = Settings()
    settings.merge(
        {"smtp": {"password": "p"}, "s3": {"secret": "s"}, "backups": {"s3": {"secret": "b"}}}
    )
    stored = settings.export(with_secrets=True)

    assert orjson.dumps(settings.export()).decode() == PRINTED
    assert list(stored["smtp"])[3:5] == ["username", "password"]
    assert list(stored["s3"])[4:6] == ["accessKey", "secret"]
    assert (stored["s3"]["secret"], stored["backups"]["s3"]["secret"]) == ("s", "b")
    assert "secret" not in Settings().export(with_secrets=True)["s3"]


def test_a_part_changes_only_what_it_names():
    settings = Settings()
    settings.merge(
        {
            "meta": {"appName": "X", "unknown": 1},
            "rateLimits": {"rules": [{"label": "a"}]},
            "batch": None,
        }
    )

    assert settings.meta.app_name == "X"
    assert settings.meta.app_url == "http://localhost:8090"
    assert [rule.export() for rule in settings.rate_limits.rules] == [
        {"label": "a", "audience": "", "duration": 0, "maxRequests": 0}
    ]
    assert settings.batch.max_requests == 0, "null makes blank, as in the reference"


@pytest.mark.parametrize(
    "raw",
    [
        [],
        {"meta": 5},
        {"meta": {"appName": 5}},
        {"smtp": {"port": "25"}},
        {"superuserIPs": [1]},
        {"rateLimits": {"rules": {}}},
        {"rateLimits": {"rules": [5]}},
    ],
    ids=str,
)
def test_a_wrong_type_is_refused(raw):
    with pytest.raises(BadRequestError):
        Settings().merge(raw)


def test_a_clone_shares_nothing():
    settings = Settings()
    clone = settings.clone()
    clone.superuser_ips.append("x")
    clone.rate_limits.rules[0].label = "x"
    clone.backups.s3.bucket = "x"

    assert orjson.dumps(settings.export()).decode() == PRINTED


# -- store


def test_first_reload_stores_the_defaults_as_bytes(make_store, tmp_path):
    make_store().reload()
    kind, value = _row(tmp_path)

    assert kind == "blob"
    assert value == orjson.dumps(Settings().export(with_secrets=True))


def test_saved_settings_are_current_and_survive(make_store):
    store = make_store()
    store.reload()
    settings = store.current.clone()
    settings.meta.app_name = "Renamed"
    store.save(settings)
    settings.meta.app_name = "changed after saving"
    other = make_store()
    other.reload()

    assert (store.current.meta.app_name, other.current.meta.app_name) == ("Renamed", "Renamed")


def test_a_rolled_back_save_changes_nothing(make_store):
    store = make_store()
    store.reload()
    settings = store.current.clone()
    settings.meta.app_name = "Renamed"
    with pytest.raises(RuntimeError), store._app.data.transaction():
        store.save(settings)
        raise RuntimeError

    assert store.current.meta.app_name == "Acme"


def test_changes_of_another_process_are_noticed(make_store, monkeypatch):
    monkeypatch.setattr(data_watch, "LOOK_EVERY", 0.0)
    ours, theirs = make_store(), make_store()
    ours.reload()
    theirs.reload()
    settings = theirs.current.clone()
    settings.meta.app_name = "Renamed"
    theirs.save(settings)

    assert ours.current.meta.app_name == "Renamed"


def test_missing_keys_are_defaults(make_store, tmp_path):
    make_store().reload()
    with sqlite3.connect(tmp_path / "data.db") as db:
        db.execute("UPDATE _params SET value = ?", (b'{"meta":{"appName":"Old"}}',))
    store = make_store()
    store.reload()

    assert (store.current.meta.app_name, store.current.logs.max_days) == ("Old", 5)


@pytest.mark.parametrize(
    "value", [b'{"meta"', b'{"meta":{"appName":5}}', b"[]", "garbage"], ids=str
)
def test_damaged_settings_are_refused(make_store, tmp_path, value):
    make_store().reload()
    with sqlite3.connect(tmp_path / "data.db") as db:
        db.execute("UPDATE _params SET value = ?", (value,))

    with pytest.raises(SettingsError, match='missing encryption key ""'):
        make_store().reload()


def test_settings_are_encrypted_when_a_key_is_named(make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    make_store("THE_KEY").reload()
    kind, value = _row(tmp_path)
    store = make_store("THE_KEY")
    store.reload()

    assert kind == "text"
    assert "Acme" not in value
    assert store.current.meta.app_name == "Acme"


@pytest.mark.parametrize(
    ("env", "key", "message"),
    [
        ("", "", 'invalid settings db data or missing encryption key ""'),
        ("OTHER", "", 'invalid settings db data or missing encryption key "OTHER"'),
        ("OTHER", KEY[::-1], "cipher: message authentication failed"),
        ("OTHER", "short", "crypto/aes: invalid key size 5"),
    ],
)
def test_the_wrong_key_is_refused_and_nothing_is_touched(
    make_store, tmp_path, monkeypatch, env, key, message
):
    monkeypatch.setenv("THE_KEY", KEY)
    monkeypatch.setenv("OTHER", key)
    make_store("THE_KEY").reload()
    before = _row(tmp_path)

    with pytest.raises(SettingsError) as caught:
        make_store(env).reload()
    assert str(caught.value) == message
    assert _row(tmp_path) == before


def test_plain_settings_become_encrypted_when_saved_with_a_key(make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    make_store().reload()
    store = make_store("THE_KEY")
    store.reload()
    store.save(store.current)

    assert _row(tmp_path)[0] == "text"


def test_superuser_addresses_are_checked(make_store):
    store = make_store()
    store.reload()
    settings = store.current.clone()
    settings.superuser_ips = ["1.2.3.4", "x", "1.2.3.4/99"]

    with pytest.raises(ValidationErrors) as caught:
        store.save(settings)
    assert set(caught.value.issues["superuserIPs"]) == {"1", "2"}


# -- networks


@pytest.mark.parametrize("text", ["1.2.3.4", "10.0.0.0/8", "10.1.2.3/8", "::1", "::/0"])
def test_networks_are_understood(text):
    assert parse_network(text) is not None


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/255.0.0.0", "1.2.3.4 "]
)
def test_other_texts_are_no_networks(text):
    assert parse_network(text) is None


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("10.9.9.9", True),
        ("::ffff:10.9.9.9", False),
        ("11.0.0.1", False),
        ("fd00::1", True),
        ("0000:0000:0000:0000:0000:0000:0000:0001", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_addresses_in_networks(ip, expected):
    assert contains(["10.0.0.0/8", "fd00::/8", "broken"], ip) is expected
