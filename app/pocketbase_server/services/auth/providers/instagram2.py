"""Instagram."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Instagram(OAuth2Provider):
    """Instagram accounts of businesses and creators."""

    name = "instagram2"
    display_name = "Instagram"
    auth_url = "https://www.instagram.com/oauth/authorize"
    token_url = "https://api.instagram.com/oauth/access_token"
    user_info_url = "https://graph.instagram.com/me?fields=id,username,account_type,user_id,name,profile_picture_url"
    scopes = ("instagram_business_basic",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("user_id"),
            name=facts.text("name"),
            username=facts.text("username"),
            avatar_url=facts.text("profile_picture_url"),
        )
