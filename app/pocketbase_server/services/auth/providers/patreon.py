"""Patreon."""

from __future__ import annotations

from typing import Final

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token

_ABOUT: Final = ("data", "attributes")


class Patreon(OAuth2Provider):
    """Patreon accounts."""

    name = "patreon"
    display_name = "Patreon"
    auth_url = "https://www.patreon.com/oauth2/authorize"
    token_url = "https://www.patreon.com/api/oauth2/token"
    user_info_url = "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,vanity,image_url,is_email_verified"
    scopes = ("identity", "identity[email]")

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("data", "id"),
            name=facts.text(*_ABOUT, "full_name"),
            username=facts.text(*_ABOUT, "vanity"),
            email=facts.text(*_ABOUT, "email") if facts.flag(*_ABOUT, "is_email_verified") else "",
            avatar_url=facts.text(*_ABOUT, "image_url"),
        )
