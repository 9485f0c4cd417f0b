"""X/Twitter."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Twitter(OAuth2Provider):
    """Accounts of X."""

    name = "twitter"
    display_name = "X/Twitter"
    auth_url = "https://x.com/i/oauth2/authorize"
    token_url = "https://api.x.com/2/oauth2/token"
    user_info_url = "https://api.x.com/2/users/me?user.fields=id,name,username,profile_image_url,confirmed_email"
    scopes = ("users.read", "users.email", "tweet.read")

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("data", "id"),
            name=facts.text("data", "name"),
            username=facts.text("data", "username"),
            email=facts.text("data", "confirmed_email"),
            avatar_url=facts.text("data", "profile_image_url"),
        )
