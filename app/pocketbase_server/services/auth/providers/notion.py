"""Notion."""

from __future__ import annotations

from typing import Final

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token

_USER: Final = ("bot", "owner", "user")


class Notion(OAuth2Provider):
    """Notion accounts."""

    name = "notion"
    display_name = "Notion"
    auth_url = "https://api.notion.com/v1/oauth/authorize"
    token_url = "https://api.notion.com/v1/oauth/token"
    user_info_url = "https://api.notion.com/v1/users/me"

    def user_headers(self) -> dict[str, str]:
        """Return the version of the API that we speak."""
        return {"Notion-Version": "2022-06-28"}

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says of the owner of the integration."""
        return AuthUser(
            id=facts.text(*_USER, "id"),
            name=facts.text(*_USER, "name"),
            email=facts.text(*_USER, "person", "email"),
            avatar_url=facts.text(*_USER, "avatar_url"),
        )
