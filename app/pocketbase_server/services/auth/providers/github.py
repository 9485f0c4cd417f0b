"""GitHub."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class GitHub(OAuth2Provider):
    """GitHub accounts."""

    name = "github"
    display_name = "GitHub"
    auth_url = "https://github.com/login/oauth/authorize"
    token_url = "https://github.com/login/oauth/access_token"
    user_info_url = "https://api.github.com/user"
    scopes = ("read:user", "user:email")
    name_field = "name"

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Return what the provider says; addresses are asked for apart."""
        return AuthUser(
            id=facts.number("id"),
            name=facts.text(self.name_field),
            username=facts.text("login"),
            # SECURITY: the address in the profile may be anybody's
            email=self.email_from_list(f"{self.user_info_url}/emails", token, _is_primary),
            avatar_url=facts.text("avatar_url"),
        )


def _is_primary(email: Facts) -> bool:
    return email.flag("primary") and email.flag("verified")
