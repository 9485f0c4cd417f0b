"""What every OAuth2 provider is: where to send people, and how to learn who came back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl, quote_plus, urlencode

import orjson

from pocketbase_server.kit.http import HttpAnswer, HttpError, ask

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import Provider

_FORM = "application/x-www-form-urlencoded"
_FORMS = (_FORM, "text/plain")
_BEARER = "bearer"


_NO_PERMISSION: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
)


class ProviderError(Exception):
    """The provider refused, or said something that makes no sense; the message says what."""


@dataclass(slots=True, frozen=True)
class Token:
    """What a code was exchanged for."""

    access: str
    kind: str = ""
    refresh: str = ""
    expiry: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    """All that came with it."""

    @property
    def authorization(self) -> str:
        """The header by which requests carry the token."""
        kind = self.kind if self.kind and self.kind.lower() != _BEARER else "Bearer"
        return f"{kind} {self.access}"


@dataclass(slots=True)
class AuthUser:
    """Who someone is at a provider; `email` only when the provider says that it is theirs."""

    id: str
    name: str = ""
    username: str = ""
    email: str = ""
    avatar_url: str = ""
    raw: dict[str, Any] = field(default_factory=dict)
    access_token: str = ""
    refresh_token: str = ""
    expiry: datetime | None = None

    def export(self) -> dict[str, Any]:
        """Return the user as the API prints it."""
        expiry = self.expiry
        return {
            "id": self.id,
            "name": self.name,
            "username": self.username,
            "email": self.email,
            "avatarURL": self.avatar_url,
            # COMPAT: the name it had before 0.23
            "avatarUrl": self.avatar_url,
            "rawUser": self.raw,
            "accessToken": self.access_token,
            "refreshToken": self.refresh_token,
            "expiry": ""
            if expiry is None
            else f"{expiry:%Y-%m-%d %H:%M:%S}.{expiry.microsecond // 1000:03d}Z",
        }


class Facts:
    """A JSON object read by paths: what is absent is empty, what has another type is refused.

    Its verbs raise `ProviderError`.
    """

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise ProviderError("expected a JSON object")
        self.raw: dict[str, Any] = raw

    def text(self, *path: str) -> str:
        """Return a text, "" when there is none."""
        value: str = self._typed(path, str, "")
        return value

    def flag(self, *path: str) -> bool:
        """Return a boolean, False when there is none."""
        value: bool = self._typed(path, bool, False)  # noqa: FBT003 - when it is absent
        return value

    def number(self, *path: str) -> str:
        """Return a whole number as text, "" when there is none or it is 0."""
        value = self._typed(path, int, 0)
        if isinstance(value, bool):
            raise ProviderError(f"{'.'.join(path)} is no number")
        return str(value) if value else ""

    def items(self, *path: str) -> list[Facts]:
        """Return the objects of a list."""
        return [Facts(item) for item in self._typed(path, list, [])]

    def _typed(self, path: tuple[str, ...], kind: type, empty: Any) -> Any:
        value: Any = self.raw
        for name in path:
            if not isinstance(value, dict):
                raise ProviderError(f"{'.'.join(path)}: not inside an object")
            value = value.get(name)
            if value is None:
                return empty
        if not isinstance(value, kind):
            raise ProviderError(f"{'.'.join(path)} is no {kind.__name__}")
        return value


class OAuth2Provider:
    """One provider as a collection has set it up; made anew for each use."""

    name: ClassVar[str] = ""
    display_name: ClassVar[str] = ""
    auth_url: str = ""
    token_url: str = ""
    user_info_url: str = ""
    scopes: ClassVar[tuple[str, ...]] = ()
    auth_params: ClassVar[Mapping[str, str]] = {}
    """What the authorization URL has on top of the usual."""
    pkce: bool = True

    def __init__(self, options: Provider) -> None:
        self.client_id = options.client_id
        self.client_secret = options.client_secret
        self.extra = options.extra
        self.shown_name = options.display_name or self.display_name
        self.auth_url = options.auth_url or self.auth_url
        self.token_url = options.token_url or self.token_url
        self.user_info_url = options.user_info_url or self.user_info_url
        self.pkce = self.pkce if options.pkce is None else options.pkce

    def authorization_url(self, state: str, challenge: str = "") -> str:
        """Return where to send people; the caller appends where they are to come back to."""
        params = {"client_id": self.client_id, "response_type": "code", "state": state}
        if self.scopes:
            params["scope"] = " ".join(self.scopes)
        if challenge:
            params["code_challenge"] = challenge
            params["code_challenge_method"] = "S256"
        query = urlencode(sorted({**params, **self.auth_params}.items()))
        return f"{self.auth_url}{'&' if '?' in self.auth_url else '?'}{query}"

    # -- the token

    def fetch_token(self, code: str, verifier: str, redirect_url: str) -> Token:
        """Exchange a code; raises `ProviderError`."""
        body = self._exchange_params(code, verifier, redirect_url)
        try:
            return self._exchange(body, {"Authorization": self._basic()})
        except ProviderError:
            # COMPAT: some providers know the client only by what stands in the body
            secrets = {"client_id": self.client_id}
            if self.client_secret:
                secrets["client_secret"] = self.client_secret
            return self._exchange({**body, **secrets}, {})

    def _exchange_params(self, code: str, verifier: str, redirect_url: str) -> dict[str, str]:
        params = {"grant_type": "authorization_code", "code": code}
        if redirect_url:
            params["redirect_uri"] = redirect_url
        if self.pkce:
            params["code_verifier"] = verifier
        return params

    def _basic(self) -> str:
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def _exchange(self, params: Mapping[str, str], headers: Mapping[str, str]) -> Token:
        sent = {**headers, "Content-Type": _FORM, "Accept": "application/json"}
        body = urlencode(sorted(params.items())).encode()
        return parse_token(self.ask("POST", self.token_url, sent, body))

    # -- the user

    def fetch_user(self, token: Token) -> AuthUser:
        """Return who the token belongs to; raises `ProviderError`."""
        raw = self.fetch_facts(token).raw
        user = self.user(Facts(raw), token)
        user.raw = raw
        user.access_token, user.refresh_token = token.access, token.refresh
        user.expiry = token.expiry
        return user

    def fetch_facts(self, token: Token) -> Facts:
        """Return what the provider says about the user."""
        return Facts(parse_json(self.get(self.user_info_url, token)))

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Make sense of what the provider says."""
        raise NotImplementedError

    def user_headers(self) -> dict[str, str]:
        """Return the headers of requests about the user, on top of the usual."""
        return {}

    # -- asking

    def get(self, url: str, token: Token) -> HttpAnswer:
        """Return what the provider answers to the bearer of *token*."""
        headers = {"Authorization": token.authorization, **self.user_headers()}
        return self.ask("GET", url, headers)

    def email_from_list(self, url: str, token: Token, is_wanted: Callable[[Facts], bool]) -> str:
        """Return the first address of a list that *is_wanted*; "" when the scope does not allow to ask."""
        answer = self.get(url, token)
        if answer.status in _NO_PERMISSION:
            return ""
        emails = parse_json(answer)
        if not isinstance(emails, list):
            raise ProviderError("expected a list of addresses")
        known = (Facts(email) for email in emails)
        return next((email.text("email") for email in known if is_wanted(email)), "")

    def post_json(self, url: str, token: Token, value: Any) -> HttpAnswer:
        """Send JSON as the bearer of *token*."""
        headers = {"Authorization": token.authorization, "Content-Type": "application/json"}
        return self.ask("POST", url, {**headers, **self.user_headers()}, orjson.dumps(value))

    @staticmethod
    def ask(
        method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer:
        """Return an answer of whatever status; raises `ProviderError` without one."""
        try:
            return ask(method, url, headers, body)
        except HttpError as ex:
            raise ProviderError(str(ex)) from ex


def parse_json(answer: HttpAnswer) -> Any:
    """Return the JSON of a good answer; raises `ProviderError`."""
    if not answer.is_good:
        text = answer.body[:500].decode(errors="replace")
        raise ProviderError(f"the provider answered {answer.status}: {text}")
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as ex:
        raise ProviderError(f"the provider answered no JSON: {ex}") from ex


def parse_token(answer: HttpAnswer) -> Token:
    """Return the token of an answer, JSON or a form; raises `ProviderError`."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind in _FORMS and answer.is_good:
        raw: Any = dict(parse_qsl(answer.body.decode(errors="replace")))
    else:
        raw = parse_json(answer)
    facts = Facts(raw)
    access = facts.text("access_token")
    if facts.raw.get("error") or not access:
        raise ProviderError(f"no access token: {facts.raw.get('error') or 'none was sent'}")
    expiry = _expiry(facts.raw.get("expires_in"))
    return Token(access, facts.text("token_type"), facts.text("refresh_token"), expiry, facts.raw)


def _expiry(seconds: Any) -> datetime | None:
    try:
        whole = int(seconds or 0)
        return datetime.now(UTC) + timedelta(seconds=whole) if whole > 0 else None
    except (TypeError, ValueError, OverflowError):
        return None
