"""Planning Center."""

from __future__ import annotations

from typing import Final

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)

_ABOUT: Final = ("data", "attributes")


class PlanningCenter(OAuth2Provider):
    """Planning Center accounts."""

    name = "planningcenter"
    display_name = "Planning Center"
    auth_url = "https://api.planningcenteronline.com/oauth/authorize"
    token_url = "https://api.planningcenteronline.com/oauth/token"
    user_info_url = "https://api.planningcenteronline.com/people/v2/me"
    scopes = ("people",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says about an active user; people may have several addresses."""
        if facts.text(*_ABOUT, "status") != "active":
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("data", "id"),
            name=facts.text(*_ABOUT, "name"),
            avatar_url=facts.text(*_ABOUT, "avatar"),
        )
