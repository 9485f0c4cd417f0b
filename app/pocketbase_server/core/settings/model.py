"""The settings: everything an administrator can change while the server runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.options import Section

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Smtp(Section):
    """How letters are sent; without it the system's `sendmail` is used."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})

    enabled: bool = False
    port: int = 587
    host: str = "smtp.example.com"
    username: str = ""
    password: str = ""
    auth_method: str = ""
    """PLAIN or LOGIN; "" for PLAIN."""
    tls: bool = False
    local_name: str = ""


@dataclass(slots=True)
class S3(Section):
    """A bucket that holds files instead of the data directory."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})
    SPARSE: ClassVar[frozenset[str]] = frozenset({"secret"})

    enabled: bool = False
    bucket: str = ""
    region: str = ""
    endpoint: str = ""
    access_key: str = ""
    secret: str = ""
    force_path_style: bool = False


@dataclass(slots=True)
class Backups(Section):
    """When backups are made by themselves, how many of those are kept, and where."""

    cron: str = ""
    cron_max_keep: int = 3
    s3: S3 = field(default_factory=S3)


@dataclass(slots=True)
class Meta(Section):
    """What the application is called, where it lives and who signs its letters."""

    WIRE: ClassVar[Mapping[str, str]] = {"app_url": "appURL"}

    accent_color: str = "#1055c9"
    app_name: str = "Acme"
    app_url: str = "http://localhost:8090"
    sender_name: str = "Support"
    sender_address: str = "support@example.com"
    hide_controls: bool = False


@dataclass(slots=True)
class RateLimitRule(Section):
    """How often requests with one label may come from one client."""

    label: str = ""
    audience: str = ""
    """"" for everyone, @guest or @auth."""
    duration: int = 0
    """Seconds."""
    max_requests: int = 0


def _default_rules() -> list[RateLimitRule]:
    return [
        RateLimitRule("*:auth", "", 3, 2),
        RateLimitRule("*:create", "", 5, 20),
        RateLimitRule("/api/batch", "", 1, 3),
        RateLimitRule("/api/", "", 10, 300),
    ]


@dataclass(slots=True)
class RateLimits(Section):
    """The limits on how often clients may ask."""

    WIRE: ClassVar[Mapping[str, str]] = {"excluded_ips": "excludedIPs"}

    rules: list[RateLimitRule] = field(default_factory=_default_rules)
    excluded_ips: list[str] = field(default_factory=list)
    enabled: bool = False

    def merge(self, raw: Any) -> None:
        """Take over what the JSON object *raw* holds; rules are replaced as a whole."""
        if not isinstance(raw, dict) or raw.get("rules") is None:
            Section.merge(self, raw)
            return
        rules = [_read_rule(item) for item in _as_list(raw["rules"])]
        Section.merge(self, {**raw, "rules": None})
        self.rules = rules


def _as_list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise BadRequestError
    return raw


def _read_rule(raw: Any) -> RateLimitRule:
    rule = RateLimitRule()
    rule.merge(raw)
    return rule


@dataclass(slots=True)
class TrustedProxy(Section):
    """Which headers tell the client's address."""

    WIRE: ClassVar[Mapping[str, str]] = {"use_leftmost_ip": "useLeftmostIP"}

    headers: list[str] = field(default_factory=list)
    use_leftmost_ip: bool = False


@dataclass(slots=True)
class Batch(Section):
    """Whether several record requests may come as one, and how much of it."""

    enabled: bool = False
    max_requests: int = 50
    timeout: int = 3
    """Seconds."""
    max_body_size: int = 0
    """Bytes; 0 for 128 MB."""


@dataclass(slots=True)
class Logs(Section):
    """What is kept of what happened."""

    WIRE: ClassVar[Mapping[str, str]] = {"log_ip": "logIP"}

    max_data_size: int = 0
    """Bytes of one entry's data; 0 for 16 kB."""
    max_days: int = 5
    min_level: int = 0
    log_ip: bool = True
    log_auth_id: bool = False


@dataclass(slots=True)
class Settings(Section):
    """All settings, in the order in which they are printed and stored.

    Treat those that came from the store as frozen: they are shared by all requests. Change a
    `clone()` and save that. `export()` leaves secrets out; with them it gives what is stored.
    """

    WIRE: ClassVar[Mapping[str, str]] = {"superuser_ips": "superuserIPs"}

    superuser_ips: list[str] = field(default_factory=list)
    """Addresses and networks from which superusers may ask; empty for everywhere."""
    smtp: Smtp = field(default_factory=Smtp)
    backups: Backups = field(default_factory=Backups)
    s3: S3 = field(default_factory=S3)
    meta: Meta = field(default_factory=Meta)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    trusted_proxy: TrustedProxy = field(default_factory=TrustedProxy)
    batch: Batch = field(default_factory=Batch)
    logs: Logs = field(default_factory=Logs)
