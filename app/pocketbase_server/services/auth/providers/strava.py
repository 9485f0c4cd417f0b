"""Strava."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Strava(OAuth2Provider):
    """Strava accounts."""

    name = "strava"
    display_name = "Strava"
    auth_url = "https://www.strava.com/oauth/authorize"
    token_url = "https://www.strava.com/api/v3/oauth/token"
    user_info_url = "https://www.strava.com/api/v3/athlete"
    scopes = ("profile:read_all",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says; it tells no address."""
        return AuthUser(
            id=facts.number("id"),
            # COMPAT: a missing half leaves its space
            name=f"{facts.text('firstname')} {facts.text('lastname')}",
            username=facts.text("username"),
            avatar_url=facts.text("profile"),
        )
