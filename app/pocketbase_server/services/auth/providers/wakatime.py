"""WakaTime."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class WakaTime(OAuth2Provider):
    """WakaTime accounts."""

    name = "wakatime"
    display_name = "WakaTime"
    auth_url = "https://wakatime.com/oauth/authorize"
    token_url = "https://wakatime.com/oauth/token"
    user_info_url = "https://wakatime.com/api/v1/users/current"
    scopes = ("email",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        is_confirmed = facts.flag("data", "is_email_confirmed")
        return AuthUser(
            id=facts.text("data", "id"),
            name=facts.text("data", "display_name"),
            username=facts.text("data", "username"),
            email=facts.text("data", "email") if is_confirmed else "",
        )
