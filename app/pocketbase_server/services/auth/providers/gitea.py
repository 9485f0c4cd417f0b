"""Gitea and Forgejo."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, ProviderError, Token
from pocketbase_server.services.auth.providers.github import GitHub


class Gitea(GitHub):
    """Accounts of Gitea and Forgejo, on gitea.com or elsewhere; they speak as GitHub does."""

    name = "gitea"
    display_name = "Gitea/Forgejo"
    auth_url = "https://gitea.com/login/oauth/authorize"
    token_url = "https://gitea.com/login/oauth/access_token"
    user_info_url = "https://gitea.com/api/v1/user"
    name_field = "full_name"

    def user(self, facts: Facts, token: Token) -> AuthUser:
        """Return what the provider says about an active user."""
        if not facts.flag("active"):
            raise ProviderError("the user is not active")
        return GitHub.user(self, facts, token)
