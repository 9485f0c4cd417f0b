"""What the settings must be before they are stored."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import MATCH_INVALID, at_least, at_most, length_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.settings.networks import issues_of
from pocketbase_server.kit.addresses import is_email, is_url
from pocketbase_server.kit.cron import CronError, parse_cron
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.core.settings.model import (
        S3,
        Backups,
        Batch,
        Logs,
        Meta,
        RateLimitRule,
        RateLimits,
        Settings,
        Smtp,
    )

Tree = dict[str, Any]

MAX_SAFE: Final = (1 << 53) - 1
_MAX_TEXT: Final = 255
_MAX_NAME: Final = 1000
_HEX_LENGTH: Final = 7
AUDIENCES: Final = frozenset({"", "@guest", "@auth"})
AUTH_METHODS: Final = frozenset({"", "PLAIN", "LOGIN"})

IN_INVALID: Final = Issue("validation_in_invalid", "Must be a valid value.")
NOT_URL: Final = Issue("validation_is_url", "Must be a valid URL.")
NOT_EMAIL: Final = Issue("validation_is_email", "Must be a valid email address.")
_NOT_HOST: Final = Issue("validation_is_host", "Must be a valid IP address or DNS name.")
_NOT_COLOR: Final = Issue("validation_is_hex_color", "Must be a valid hexadecimal color code.")

_LABEL: Final = re.compile(r"(?:\w+ /[\w/-]*|/[\w/-]*|\w+:\w+|\*:\w+|\w+)\Z", re.ASCII)
_HEX: Final = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_WORD: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_DNS_NAME: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*[._]?\Z")


def issues_in(settings: Settings) -> Tree:
    """Return why *settings* cannot be stored, by section and option; {} when they can."""
    return without_blanks(
        {
            "superuserIPs": _networks(settings.superuser_ips),
            "smtp": _smtp(settings.smtp),
            "backups": _backups(settings.backups),
            "s3": _s3(settings.s3),
            "meta": _meta(settings.meta),
            "rateLimits": _rate_limits(settings.rate_limits),
            "batch": _batch(settings.batch),
            "logs": _logs(settings.logs),
        }
    )


def without_blanks(tree: Mapping[str, Any]) -> Tree:
    """Return the tree without options that have no issue."""
    return {name: issue for name, issue in tree.items() if issue}


def _networks(texts: list[str]) -> Tree:
    issues: Tree = dict(issues_of(texts))
    return issues | {str(at): REQUIRED for at, text in enumerate(texts) if not text}


def text_issue(value: str, *, required: bool = False, longest: int = _MAX_TEXT) -> Issue | None:
    """Return the issue of a text that is missing or too long."""
    if not value:
        return REQUIRED if required else None
    return length_issue(value, longest)


def _number(
    value: int, low: int = 0, high: int | None = None, *, required: bool = False
) -> Issue | None:
    if not value:
        return REQUIRED if required else None
    if value < low:
        return at_least(low)
    return at_most(high) if high is not None and value > high else None


def _url(value: str, *, required: bool) -> Issue | None:
    if not value:
        return REQUIRED if required else None
    return None if is_url(value) else NOT_URL


def _host(value: str, *, required: bool = False) -> Issue | None:
    if not value:
        return REQUIRED if required else None
    return None if is_host(value) else _NOT_HOST


def is_host(text: str) -> bool:
    """Tell whether a text is an IP address or could be a name of DNS."""
    try:
        ip_address(text)
    except ValueError:
        return len(text.replace(".", "")) <= _MAX_TEXT and bool(_DNS_NAME.match(text))
    return True


def email_issue(value: str, *, required: bool = True) -> Issue | None:
    """Return the issue of an address that is missing, too long or none."""
    issue = text_issue(value, required=required)
    return issue or (None if not value or is_email(value) else NOT_EMAIL)


def _smtp(smtp: Smtp) -> Tree:
    return without_blanks(
        {
            "host": _host(smtp.host, required=smtp.enabled),
            "port": _number(smtp.port, required=smtp.enabled),
            "authMethod": None if smtp.auth_method in AUTH_METHODS else IN_INVALID,
            "localName": _host(smtp.local_name),
        }
    )


def _s3(s3: S3) -> Tree:
    needed = ("bucket", "region", "access_key", "secret") if s3.enabled else ()
    wire = {"access_key": "accessKey"}
    issues: Tree = {wire.get(name, name): REQUIRED for name in needed if not getattr(s3, name)}
    return issues | without_blanks({"endpoint": _url(s3.endpoint, required=s3.enabled)})


def _backups(backups: Backups) -> Tree:
    return without_blanks(
        {
            "s3": _s3(backups.s3),
            "cron": _cron(backups.cron),
            "cronMaxKeep": _number(backups.cron_max_keep, 1, required=bool(backups.cron)),
        }
    )


def _cron(expression: str) -> Issue | None:
    if not expression:
        return None
    try:
        parse_cron(expression)
    except CronError as ex:
        return Issue("validation_invalid_cron", sentence(str(ex)))
    return None


def _meta(meta: Meta) -> Tree:
    return without_blanks(
        {
            "accentColor": _color(meta.accent_color),
            "appName": text_issue(meta.app_name, required=True),
            "appURL": _url(meta.app_url, required=True),
            "senderName": text_issue(meta.sender_name, required=True),
            "senderAddress": None
            if is_email(meta.sender_address)
            else (NOT_EMAIL if meta.sender_address else REQUIRED),
        }
    )


def _color(value: str) -> Issue | None:
    if not value:
        return None
    if len(value.encode()) != _HEX_LENGTH:
        return exactly(_HEX_LENGTH)
    return None if _HEX.match(value) else _NOT_COLOR


def exactly(length: int) -> Issue:
    """Return the issue of a text that has not that one length."""
    params = {"max": length, "min": length}
    return Issue("validation_length_invalid", f"The length must be exactly {length}.", params)


def _batch(batch: Batch) -> Tree:
    return without_blanks(
        {
            "maxRequests": _number(batch.max_requests, required=batch.enabled),
            "timeout": _number(batch.timeout, required=batch.enabled),
            "maxBodySize": _number(batch.max_body_size),
        }
    )


def _logs(logs: Logs) -> Tree:
    return without_blanks(
        {
            "maxDays": _number(logs.max_days, high=MAX_SAFE),
            "maxDataSize": _number(logs.max_data_size, high=MAX_SAFE),
        }
    )


# -- rate limits


def _rate_limits(limits: RateLimits) -> Tree:
    return without_blanks(
        {
            "rules": REQUIRED if limits.enabled and not limits.rules else _rules(limits.rules),
            "excludedIPs": _networks(limits.excluded_ips),
        }
    )


def _rules(rules: list[RateLimitRule]) -> Tree:
    issues = without_blanks({str(at): _rule(rule) for at, rule in enumerate(rules)})
    return issues or _conflicts(rules)


def _rule(rule: RateLimitRule) -> Tree:
    label = REQUIRED if not rule.label else None
    if rule.label and not _LABEL.match(rule.label):
        label = MATCH_INVALID
    return without_blanks(
        {
            "label": label,
            "audience": None if rule.audience in AUDIENCES else IN_INVALID,
            "duration": _number(rule.duration, 1, required=True),
            "maxRequests": _number(rule.max_requests, 1, required=True),
        }
    )


def _conflicts(rules: list[RateLimitRule]) -> Tree:
    """Return the issue of the first rule that speaks of the same requests as an earlier one."""
    seen: dict[str, set[str]] = {}
    for at, rule in enumerate(rules):
        audiences = seen.setdefault(rule.label, set())
        if audiences and (rule.audience in audiences or "" in {rule.audience, *audiences}):
            return {str(at): {"label": _conflict(rule.label)}}
        audiences.add(rule.audience)
    return {}


def _conflict(label: str) -> Issue:
    return Issue(
        "validation_conflicting_rate_limit_rule",
        f"Rate limit rule configuration with label {label} already exists"
        " or conflicts with another rule.",
        {"label": label},
    )
