"""Kakao."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Kakao(OAuth2Provider):
    """Kakao accounts."""

    name = "kakao"
    display_name = "Kakao"
    auth_url = "https://kauth.kakao.com/oauth/authorize"
    token_url = "https://kauth.kakao.com/oauth/token"
    user_info_url = "https://kapi.kakao.com/v2/user/me"
    scopes = ("account_email", "profile_nickname", "profile_image")

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        is_verified = facts.flag("kakao_account", "is_email_verified")
        is_valid = facts.flag("kakao_account", "is_email_valid")
        return AuthUser(
            id=facts.number("id"),
            username=facts.text("properties", "nickname"),
            email=facts.text("kakao_account", "email") if is_verified and is_valid else "",
            avatar_url=facts.text("properties", "profile_image"),
        )
