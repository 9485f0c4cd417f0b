"""Google."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Google(OAuth2Provider):
    """Google accounts."""

    name = "google"
    display_name = "Google"
    auth_url = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url = "https://oauth2.googleapis.com/token"
    user_info_url = "https://www.googleapis.com/oauth2/v3/userinfo"
    scopes = (
        "https://www.googleapis.com/auth/userinfo.profile",
        "https://www.googleapis.com/auth/userinfo.email",
    )

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("sub"),
            name=facts.text("name"),
            email=facts.text("email") if facts.flag("email_verified") else "",
            avatar_url=facts.text("picture"),
        )
