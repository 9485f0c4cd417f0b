"""Yandex."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Yandex(OAuth2Provider):
    """Yandex accounts."""

    name = "yandex"
    display_name = "Yandex"
    auth_url = "https://oauth.yandex.com/authorize"
    token_url = "https://oauth.yandex.com/token"
    user_info_url = "https://login.yandex.ru/info"
    scopes = ("login:email", "login:avatar", "login:info")

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        avatar = (
            f"https://avatars.yandex.net/get-yapic/{facts.text('default_avatar_id')}/islands-200"
        )
        return AuthUser(
            id=facts.text("id"),
            name=facts.text("real_name"),
            username=facts.text("login"),
            email=facts.text("default_email"),
            avatar_url="" if facts.flag("is_avatar_empty") else avatar,
        )
