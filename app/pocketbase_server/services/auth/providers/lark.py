"""Lark."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Lark(OAuth2Provider):
    """Accounts of Lark and Feishu."""

    name = "lark"
    display_name = "Lark"
    auth_url = "https://accounts.feishu.cn/open-apis/authen/v1/authorize"
    token_url = "https://open.feishu.cn/open-apis/authen/v2/oauth/token"
    user_info_url = "https://open.feishu.cn/open-apis/authen/v1/user_info"

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says; it does not say whether the address is verified."""
        return AuthUser(
            id=facts.text("data", "union_id"),
            name=facts.text("data", "name"),
            avatar_url=facts.text("data", "avatar_url"),
        )
