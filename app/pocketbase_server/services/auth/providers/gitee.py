"""Gitee."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
    parse_json,
)

_EMAILS_URL: Final = "https://gitee.com/api/v5/emails"
_NO_PERMISSION: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
)


class Gitee(OAuth2Provider):
    """Gitee accounts."""

    name = "gitee"
    display_name = "Gitee"
    auth_url = "https://gitee.com/oauth/authorize"
    token_url = "https://gitee.com/oauth/token"
    user_info_url = "https://gitee.com/api/v5/user"
    scopes = ("user_info", "emails")

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Return what the provider says; a hidden address is asked for apart."""
        email = facts.text("email")
        return AuthUser(
            id=facts.number("id"),
            name=facts.text("name"),
            username=facts.text("login"),
            email=email or self._primary_email(token),
            avatar_url=facts.text("avatar_url"),
        )

    def _primary_email(self, token: Token) -> str:
        answer = self.get(_EMAILS_URL, token)
        if answer.status in _NO_PERMISSION:
            return ""
        emails = parse_json(answer)
        if not isinstance(emails, list):
            raise ProviderError("expected a list of addresses")
        known = (Facts(email) for email in emails)
        return next((e.text("email") for e in known if _is_primary(e)), "")


def _is_primary(email: Facts) -> bool:
    return email.text("state") == "confirmed" and "primary" in email.raw.get("scope", ())
