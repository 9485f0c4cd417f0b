"""GitLab."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class GitLab(OAuth2Provider):
    """GitLab accounts, on gitlab.com or elsewhere."""

    name = "gitlab"
    display_name = "GitLab"
    auth_url = "https://gitlab.com/oauth/authorize"
    token_url = "https://gitlab.com/oauth/token"
    user_info_url = "https://gitlab.com/api/v4/user"
    scopes = ("read_user",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        return AuthUser(
            id=facts.number("id"),
            name=facts.text("name"),
            username=facts.text("username"),
            email=facts.text("email") if facts.text("confirmed_at") else "",
            avatar_url=facts.text("avatar_url"),
        )
