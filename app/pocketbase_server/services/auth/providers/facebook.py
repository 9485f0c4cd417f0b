"""Facebook."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Facebook(OAuth2Provider):
    """Facebook accounts."""

    name = "facebook"
    display_name = "Facebook"
    auth_url = "https://www.facebook.com/v3.2/dialog/oauth"
    token_url = "https://graph.facebook.com/v3.2/oauth/access_token"
    user_info_url = "https://graph.facebook.com/me?fields=name,email,picture.type(large)"
    scopes = ("email",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("id"),
            name=facts.text("name"),
            email=facts.text("email"),
            avatar_url=facts.text("picture", "data", "url"),
        )
