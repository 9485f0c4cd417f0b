"""How the records of an auth collection sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar, Self

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.ids import random_string

SECRET_LENGTH = 50


@dataclass(slots=True)
class Section:
    """A group of options: printed in the order of definition, merged from partial JSON objects."""

    WIRE: ClassVar[Mapping[str, str]] = {}
    SECRETS: ClassVar[frozenset[str]] = frozenset()
    """Options that the API never shows."""
    SPARSE: ClassVar[frozenset[str]] = frozenset()
    """Options that are left out while they are blank."""

    def merge(self, raw: Any) -> None:
        """Take over what the JSON object *raw* holds; the rest stays.

        Raises `BadRequestError` when an option has the wrong JSON type.
        """
        if raw is None:
            return
        if not isinstance(raw, dict):
            raise BadRequestError
        for item in dataclass_fields(self):
            wire = self.wire(item.name)
            if wire in raw:
                self._merge_one(item.name, str(item.type), raw[wire])

    def _merge_one(self, name: str, kind: str, raw: Any) -> None:
        current = getattr(self, name)
        if isinstance(current, Section):
            current.merge(raw)
        elif raw is None:
            if kind.endswith("None"):
                setattr(self, name, None)
        else:
            setattr(self, name, _read(kind, raw))

    def export(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """Return the options as a JSON object, secrets only when asked for."""
        body = {}
        for item in dataclass_fields(self):
            name, value = item.name, getattr(self, item.name)
            if (name in self.SECRETS and not with_secrets) or (name in self.SPARSE and not value):
                continue
            body[self.wire(name)] = _exported(value, with_secrets=with_secrets)
        return body

    def clone(self) -> Self:
        """Return a copy that shares nothing changeable."""
        copies = {f.name: _cloned(getattr(self, f.name)) for f in dataclass_fields(self)}
        return type(self)(**copies)

    @classmethod
    def wire(cls, name: str) -> str:
        """Return the JSON name of an option."""
        return cls.WIRE.get(name) or _camel(name)


def _exported(value: Any, *, with_secrets: bool) -> Any:
    if isinstance(value, Section):
        return value.export(with_secrets=with_secrets)
    if isinstance(value, list):
        return [_exported(item, with_secrets=with_secrets) for item in value]
    return value


def _cloned(value: Any) -> Any:
    if isinstance(value, Section):
        return value.clone()
    if isinstance(value, list):
        return [_cloned(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _read(kind: str, raw: Any) -> Any:
    if kind == "list[Provider]":
        return _read_providers(raw)
    if kind == "list[str]":
        return _read_texts(raw)
    if type(raw).__name__ != kind.partition(" ")[0].partition("[")[0]:
        raise BadRequestError
    return raw


def _read_texts(raw: Any) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise BadRequestError
    return list(raw)


def _read_providers(raw: Any) -> list[Provider]:
    if not isinstance(raw, list):
        raise BadRequestError
    return [_read_provider(item) for item in raw]


def _read_provider(raw: Any) -> Provider:
    provider = Provider()
    provider.merge(raw)
    return provider


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


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
    extra: dict[str, Any] | None = None


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

    WIRE: ClassVar[Mapping[str, str]] = {"oauth2": "oauth2"}

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


def _token(duration: int) -> TokenOptions:
    return TokenOptions(random_string(SECRET_LENGTH), duration)
