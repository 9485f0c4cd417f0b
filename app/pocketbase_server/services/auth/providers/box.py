"""Box."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)


class Box(OAuth2Provider):
    """Box accounts."""

    name = "box"
    display_name = "Box"
    auth_url = "https://account.box.com/api/oauth2/authorize"
    token_url = "https://api.box.com/oauth2/token"
    user_info_url = "https://api.box.com/2.0/users/me"
    scopes = ("root_readonly",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says about an active user."""
        if facts.text("status") != "active":
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("id"),
            name=facts.text("name"),
            email=facts.text("login"),
            avatar_url=facts.text("avatar_url"),
        )
