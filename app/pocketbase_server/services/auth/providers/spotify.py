"""Spotify."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Spotify(OAuth2Provider):
    """Spotify accounts."""

    name = "spotify"
    display_name = "Spotify"
    auth_url = "https://accounts.spotify.com/authorize"
    token_url = "https://accounts.spotify.com/api/token"
    user_info_url = "https://api.spotify.com/v1/me"
    scopes = ("user-read-private",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says; addresses there are not verified."""
        pictures = [image.text("url") for image in facts.items("images")]
        return AuthUser(
            id=facts.text("id"),
            name=facts.text("display_name"),
            avatar_url=pictures[0] if pictures else "",
        )
