"""Settings given at start by a file and by variables."""

from __future__ import annotations

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.services.start_settings import StartSettingsError

BUCKET = """
s3:
  enabled: true
  bucket: files
  region: eu-central-1
  endpoint: https://s3.example.com
  access_key: me
  secret: "5"
meta: {appName: Zed}
"""


@pytest.fixture
def start(tmp_path):
    """Return a function that opens the data directory with a file of that text."""
    opened = []

    def begin(text=""):
        (tmp_path / "pb_config.yaml").write_text(text)
        app = App(Config(data_dir=tmp_path / "pb_data"))
        opened.append(app)
        app.bootstrap()
        return app.settings.current

    yield begin
    for app in opened:
        app.terminate()


def test_a_file(start):
    """
    What it says is stored; the rest stays as it was.
    """
    settings = start(BUCKET)

    assert (settings.s3.bucket, settings.s3.access_key, settings.s3.secret) == ("files", "me", "5")
    assert settings.meta.app_name == "Zed"
    assert settings.meta.sender_name == "Support"


def test_variables_win(start, monkeypatch):
    """
    A variable counts more than the file; the settings outlive both.
    """
    monkeypatch.setenv("PB_META_APP_NAME", "Yan")
    monkeypatch.setenv("PB_BACKUPS_CRON_MAX_KEEP", "7")
    monkeypatch.setenv("PB_LOGS_LOG_IP", "false")
    monkeypatch.setenv("PB_SUPERUSER_IPS", "10.0.0.1, 10.1.0.0/16")
    settings = start(BUCKET)

    assert settings.meta.app_name == "Yan"
    assert settings.backups.cron_max_keep == 7
    assert settings.logs.log_ip is False
    assert settings.superuser_ips == ["10.0.0.1", "10.1.0.0/16"]
    for name in ("META_APP_NAME", "BACKUPS_CRON_MAX_KEEP", "LOGS_LOG_IP", "SUPERUSER_IPS"):
        monkeypatch.delenv(f"PB_{name}")
    assert start("").meta.app_name == "Yan"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3: [", "is no YAML"),
        ("- a", "expected names with values"),
        ("s4: {}", "there is no setting 's4'"),
        ("s3: {enabeld: true}", "there is no setting 'enabeld'"),
        ("s3: {enabled: 5}", "must be of type bool"),
        ("smtp: {port: many}", "must be of type int"),
        ("backups: {cron: bad}", "backups.cron: Invalid cron expression"),
        ("s3: {enabled: true}", "s3.bucket: Cannot be blank"),
        ("!!python/object/apply:os.system [id]", "is no YAML"),
    ],
)
def test_mistakes_in_the_file(start, text, told):
    """
    The server does not start, and says what is wrong.
    """
    with pytest.raises(StartSettingsError, match=told):
        start(text)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PB_S3_BUKET", "x", "names no setting"),
        ("PB_SMTP_PORT", "many", "must be a int"),
        ("PB_S3_ENABLED", "maybe", "must be a bool"),
        ("PB_CONFIG", "/nowhere.yaml", "does not exist"),
    ],
)
def test_mistakes_in_variables(start, monkeypatch, name, value, told):
    """
    The server does not start, and names the variable.
    """
    monkeypatch.setenv(name, value)
    with pytest.raises(StartSettingsError, match=told):
        start()
