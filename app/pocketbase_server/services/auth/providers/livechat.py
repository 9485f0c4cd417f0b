"""LiveChat."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class LiveChat(OAuth2Provider):
    """LiveChat accounts."""

    name = "livechat"
    display_name = "LiveChat"
    auth_url = "https://accounts.livechat.com/"
    token_url = "https://accounts.livechat.com/token"
    user_info_url = "https://accounts.livechat.com/v2/accounts/me"

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("account_id"),
            name=facts.text("name"),
            email=facts.text("email") if facts.flag("email_verified") else "",
            avatar_url=facts.text("avatar_url"),
        )
