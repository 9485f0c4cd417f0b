"""How the records of an auth collection sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pocketbase_server.core.options import Option, Section, refuse_body

SECRET_LENGTH = 50


@dataclass(slots=True)
class EmailTemplate(Section):
    """A letter with placeholders such as `{TOKEN}`."""

    subject: str = ""
    body: str = ""


@dataclass(slots=True)
class AuthAlert(Section):
    """Whether to write to a record that signs in from a new place."""

    enabled: bool = False
    email_template: EmailTemplate = field(default_factory=EmailTemplate)


@dataclass(slots=True)
class Provider(Section):
    """One OAuth2 provider: its name and what it gave us."""

    WIRE: ClassVar[Mapping[str, str]] = {
        "auth_url": "authURL",
        "token_url": "tokenURL",
        "user_info_url": "userInfoURL",
    }
    SECRETS: ClassVar[frozenset[str]] = frozenset({"client_secret"})
    SPARSE: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    pkce: bool | None = None
    name: str = ""
    client_id: str = ""
    client_secret: str = ""
    auth_url: str = ""
    token_url: str = ""
    user_info_url: str = ""
    display_name: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def merge_option(self, option: Option, raw: Any) -> None:
        """Take over one option; what is not said of `extra` stays."""
        if option.attribute == "extra" and isinstance(raw, dict):
            raw = _merged(self.extra, raw)
        Section.merge_option(self, option, raw)


def _merged(known: Any, raw: Any) -> Any:
    """Return a JSON value put over another; objects keep what is not said of them, sorted by key.

    Raises `BadRequestError` when the two are of different types.
    """
    if known is None or raw is None:
        return raw
    if _json_type(known) is not _json_type(raw):
        raise refuse_body()
    if not isinstance(raw, dict):
        return raw
    both = {**known, **{key: _merged(known.get(key), item) for key, item in raw.items()}}
    return dict(sorted(both.items()))


def _json_type(value: Any) -> type:
    return float if type(value) is int else type(value)


@dataclass(slots=True)
class MappedFields(Section):
    """Which fields take what a provider says of a user."""

    WIRE: ClassVar[Mapping[str, str]] = {"avatar_url": "avatarURL"}

    id: str = ""
    name: str = ""
    username: str = ""
    avatar_url: str = ""


@dataclass(slots=True)
class OAuth2(Section):
    """Signing in through providers."""

    providers: list[Provider] = field(default_factory=list)
    mapped_fields: MappedFields = field(default_factory=MappedFields)
    enabled: bool = False

    def merge_option(self, option: Option, raw: Any) -> None:
        """Take over one option; providers keep what is not said of them, found by their names."""
        if option.attribute != "providers":
            Section.merge_option(self, option, raw)
            return
        known = {provider.name: provider for provider in self.providers}
        self.providers = [_read_provider(item, known) for item in _as_list(raw)]


def _as_list(raw: Any) -> list[Any]:
    if raw is not None and not isinstance(raw, list):
        raise refuse_body()
    return raw or []


def _read_provider(raw: Any, known: Mapping[str, Provider]) -> Provider:
    # NOTE: the API never shows secrets, so what comes back from it lacks them
    name = raw.get("name") if isinstance(raw, dict) else None
    twin = known.get(name) if isinstance(name, str) else None
    provider = twin.clone() if twin is not None else Provider()
    provider.merge(raw if raw is not None else {})
    return provider


@dataclass(slots=True)
class PasswordAuth(Section):
    """Signing in with identity and password."""

    enabled: bool = False
    identity_fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Mfa(Section):
    """Asking for a second method."""

    enabled: bool = False
    duration: int = 0
    rule: str = ""


@dataclass(slots=True)
class Otp(Section):
    """Signing in with a one-time password sent by e-mail."""

    enabled: bool = False
    duration: int = 0
    length: int = 0
    email_template: EmailTemplate = field(default_factory=EmailTemplate)


@dataclass(slots=True)
class TokenOptions(Section):
    """How long tokens of one kind live (seconds), and the secret half of their key."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})
    SPARSE: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: str = ""
    duration: int = 0


TOKENS = (
    "auth_token",
    "password_reset_token",
    "email_change_token",
    "verification_token",
    "file_token",
)
"""The options that are `TokenOptions`."""


@dataclass(slots=True)
class AuthOptions(Section):
    """All options of an auth collection."""

    auth_rule: str | None = ""
    """Which records may sign in; "" for all, None for none."""
    manage_rule: str | None = None
    """Who may change e-mail, password and so on of others without asking."""
    auth_alert: AuthAlert = field(default_factory=AuthAlert)
    oauth2: OAuth2 = field(default_factory=OAuth2)
    password_auth: PasswordAuth = field(default_factory=PasswordAuth)
    mfa: Mfa = field(default_factory=Mfa)
    otp: Otp = field(default_factory=Otp)
    auth_token: TokenOptions = field(default_factory=TokenOptions)
    password_reset_token: TokenOptions = field(default_factory=TokenOptions)
    email_change_token: TokenOptions = field(default_factory=TokenOptions)
    verification_token: TokenOptions = field(default_factory=TokenOptions)
    file_token: TokenOptions = field(default_factory=TokenOptions)
    verification_template: EmailTemplate = field(default_factory=EmailTemplate)
    reset_password_template: EmailTemplate = field(default_factory=EmailTemplate)
    confirm_email_change_template: EmailTemplate = field(default_factory=EmailTemplate)

    def tokens(self) -> dict[str, TokenOptions]:
        """Return the token options by name."""
        return {name: getattr(self, name) for name in TOKENS}
