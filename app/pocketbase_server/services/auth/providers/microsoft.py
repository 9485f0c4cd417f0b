"""Microsoft."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Microsoft(OAuth2Provider):
    """Microsoft accounts, of work and school too."""

    name = "microsoft"
    display_name = "Microsoft"
    auth_url = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    token_url = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    user_info_url = "https://graph.microsoft.com/v1.0/me"
    scopes = ("User.Read",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.text("id"), name=facts.text("displayName"), email=facts.text("mail")
        )
