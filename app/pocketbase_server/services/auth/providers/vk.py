"""ВКонтакте."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)


class VK(OAuth2Provider):
    """VK accounts; their address comes with the token."""

    name = "vk"
    display_name = "ВКонтакте"
    auth_url = "https://oauth.vk.com/authorize"
    token_url = "https://oauth.vk.com/access_token"
    user_info_url = "https://api.vk.com/method/users.get?fields=photo_max,screen_name&v=5.131"
    scopes = ("email",)
    pkce = False

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Return what the provider says."""
        found = facts.items("response")
        if not found:
            raise ProviderError("the provider knows no such user")
        first = found[0]
        email = token.raw.get("email")
        return AuthUser(
            id=first.number("id"),
            name=f"{first.text('first_name')} {first.text('last_name')}".strip(),
            username=first.text("screen_name"),
            email=email if isinstance(email, str) else "",
            avatar_url=first.text("photo_max"),
        )
