"""Any provider that speaks OpenID Connect."""

from __future__ import annotations

from typing import Any

from pocketbase_server.kit.cast import to_bool
from pocketbase_server.services.auth.id_tokens import IdTokenError, read_id_token
from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)


class Oidc(OAuth2Provider):
    """A provider of one's own; a collection says where it is.

    Without a URL for the user's information that is read from the token itself. Then `extra` may
    name `jwksURL` (where the keys of signatures are) and `issuers` (which are accepted).
    """

    name = "oidc"
    display_name = "OIDC"
    scopes = ("openid", "email", "profile")

    def fetch_facts(self, token: Token) -> Facts:
        """Return what the provider says: at a place of its own, or in the token."""
        if self.user_info_url:
            return OAuth2Provider.fetch_facts(self, token)
        try:
            return Facts(
                read_id_token(
                    str(token.raw.get("id_token") or ""),
                    audience=self.client_id,
                    keys_url=_text(self.extra.get("jwksURL")),
                    issuers=_texts(self.extra.get("issuers")),
                )
            )
        except IdTokenError as ex:
            raise ProviderError(f"id_token: {ex}") from ex

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return the standard claims."""
        # NOTE: some providers send the flag as text
        is_verified = to_bool(facts.raw.get("email_verified"))
        email = facts.text("email")
        return AuthUser(
            id=facts.text("sub"),
            name=facts.text("name"),
            username=facts.text("preferred_username"),
            email=email if is_verified else "",
            avatar_url=facts.text("picture"),
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    # SECURITY: one issuer written as a text must not mean that all are good
    items = value if isinstance(value, list) else [value] if value else []
    return [str(item) for item in items]
