"""Trakt."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Trakt(OAuth2Provider):
    """Trakt accounts."""

    name = "trakt"
    display_name = "Trakt"
    auth_url = "https://trakt.tv/oauth/authorize"
    token_url = "https://api.trakt.tv/oauth/token"
    user_info_url = "https://api.trakt.tv/users/settings"

    def user_headers(self) -> dict[str, str]:
        """Return what every request to the API needs."""
        return {
            "Content-Type": "application/json",
            "trakt-api-key": self.client_id,
            "trakt-api-version": "2",
        }

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("user", "ids", "uuid"),
            name=facts.text("user", "name"),
            username=facts.text("user", "username"),
            avatar_url=facts.text("user", "images", "avatar", "full"),
        )
