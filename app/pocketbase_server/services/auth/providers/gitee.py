"""Gitee."""

from __future__ import annotations

from typing import Final

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token

_EMAILS_URL: Final = "https://gitee.com/api/v5/emails"


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
            email=email or self.email_from_list(_EMAILS_URL, token, _is_primary),
            avatar_url=facts.text("avatar_url"),
        )


def _is_primary(email: Facts) -> bool:
    return email.text("state") == "confirmed" and "primary" in email.raw.get("scope", ())
