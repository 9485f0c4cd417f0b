"""mailcow."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)


class Mailcow(OAuth2Provider):
    """Mailboxes of a mailcow server; a collection says where it is."""

    name = "mailcow"
    display_name = "mailcow"
    scopes = ("profile",)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says about an active user."""
        if facts.number("active") != "1":
            raise ProviderError("the user is not active")
        return AuthUser(
            id=facts.text("id"),
            name=facts.text("full_name"),
            username=facts.text("username").partition("@")[0],
            email=facts.text("email"),
        )
