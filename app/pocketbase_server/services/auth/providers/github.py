"""GitHub."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
    parse_json,
)

_NO_PERMISSION: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
)


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
            email=self._primary_email(token),
            avatar_url=facts.text("avatar_url"),
        )

    def _primary_email(self, token: Token) -> str:
        """Return the primary address if it is verified; "" when the scope does not allow to ask."""
        answer = self.get(f"{self.user_info_url}/emails", token)
        if answer.status in _NO_PERMISSION:
            return ""
        emails = parse_json(answer)
        if not isinstance(emails, list):
            raise ProviderError("expected a list of addresses")
        known = (Facts(email) for email in emails)
        primary = (e.text("email") for e in known if e.flag("primary") and e.flag("verified"))
        return next(primary, "")
