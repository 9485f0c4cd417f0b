"""Twitch."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)


class Twitch(OAuth2Provider):
    """Twitch accounts."""

    name = "twitch"
    display_name = "Twitch"
    auth_url = "https://id.twitch.tv/oauth2/authorize"
    token_url = "https://id.twitch.tv/oauth2/token"
    user_info_url = "https://api.twitch.tv/helix/users"
    scopes = ("user:read:email",)

    def user_headers(self) -> dict[str, str]:
        """Return what every request to the API needs."""
        return {"Client-Id": self.client_id}

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        found = facts.items("data")
        if not found:
            raise ProviderError("the provider knows no such user")
        first = found[0]
        return AuthUser(
            id=first.text("id"),
            name=first.text("display_name"),
            username=first.text("login"),
            email=first.text("email"),
            avatar_url=first.text("profile_image_url"),
        )
