"""Bitbucket."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
    parse_json,
)


class Bitbucket(OAuth2Provider):
    """Bitbucket accounts."""

    name = "bitbucket"
    display_name = "Bitbucket"
    auth_url = "https://bitbucket.org/site/oauth2/authorize"
    token_url = "https://bitbucket.org/site/oauth2/access_token"
    user_info_url = "https://api.bitbucket.org/2.0/user"
    scopes = ("account",)
    pkce = False

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Return what the provider says about an active user; addresses are asked for apart."""
        if facts.text("account_status") != "active":
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("uuid"),
            name=facts.text("display_name"),
            username=facts.text("username"),
            email=self._primary_email(token),
            avatar_url=facts.text("links", "avatar", "href"),
        )

    def _primary_email(self, token: Token) -> str:
        answer = self.get(f"{self.user_info_url}/emails", token)
        if not answer.is_good:
            return ""
        emails = Facts(parse_json(answer)).items("values")
        primary = (
            e.text("email") for e in emails if e.flag("is_primary") and e.flag("is_confirmed")
        )
        return next(primary, "")
