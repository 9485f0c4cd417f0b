"""monday.com."""

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

_QUERY: Final = "query { me { id enabled name email is_verified photo_small }}"


class Monday(OAuth2Provider):
    """Accounts of monday.com."""

    name = "monday"
    display_name = "monday.com"
    auth_url = "https://auth.monday.com/oauth2/authorize"
    token_url = "https://auth.monday.com/oauth2/token"
    user_info_url = "https://api.monday.com/v2"
    scopes = ("me:read",)

    def fetch_facts(self, token: Token) -> Facts:
        """Return what the provider says about the user."""
        return Facts(parse_json(self.post_json(self.user_info_url, token, {"query": _QUERY})))

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says about an active user."""
        if not facts.flag("data", "me", "enabled"):
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("data", "me", "id"),
            name=facts.text("data", "me", "name"),
            email=facts.text("data", "me", "email")
            if facts.flag("data", "me", "is_verified")
            else "",
            avatar_url=facts.text("data", "me", "photo_small"),
        )
