"""Linear."""

from __future__ import annotations

from typing import Final

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
    parse_json,
)

_QUERY: Final = "query Me { viewer { id displayName name email avatarUrl active } }"


class Linear(OAuth2Provider):
    """Linear accounts."""

    name = "linear"
    display_name = "Linear"
    auth_url = "https://linear.app/oauth/authorize"
    token_url = "https://api.linear.app/oauth/token"
    user_info_url = "https://api.linear.app/graphql"
    scopes = ("read",)
    pkce = False

    def fetch_facts(self, token: Token) -> Facts:
        """Return what the provider says about the user."""
        return Facts(parse_json(self.post_json(self.user_info_url, token, {"query": _QUERY})))

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says about an active user."""
        if not facts.flag("data", "viewer", "active"):
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("data", "viewer", "id"),
            name=facts.text("data", "viewer", "name"),
            username=facts.text("data", "viewer", "displayName"),
            email=facts.text("data", "viewer", "email"),
            avatar_url=facts.text("data", "viewer", "avatarUrl"),
        )
