"""Apple."""

from __future__ import annotations

from typing import Any, Final

from pocketbase_server.kit.cast import to_bool
from pocketbase_server.services.auth.id_tokens import IdTokenError, read_id_token
from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
)

ISSUER: Final = "https://appleid.apple.com"


class Apple(OAuth2Provider):
    """Apple accounts; who it is stands in the signed token."""

    name = "apple"
    display_name = "Apple"
    auth_url = "https://appleid.apple.com/auth/authorize"
    token_url = "https://appleid.apple.com/auth/token"
    scopes = ("name", "email")
    auth_params = {"response_mode": "form_post"}  # noqa: RUF012 - read-only
    keys_url = "https://appleid.apple.com/auth/keys"

    def fetch_facts(self, token: Token) -> Facts:
        """Return the claims of the token."""
        try:
            claims: dict[str, Any] = read_id_token(
                str(token.raw.get("id_token") or ""),
                audience=self.client_id,
                keys_url=self.keys_url,
                issuers=[ISSUER],
                needs_expiry=True,
            )
        except IdTokenError as ex:
            raise ProviderError(f"id_token: {ex}") from ex
        return Facts(claims)

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the token says; the name comes once, with the form after the first consent."""
        # NOTE: Apple sends the flag as text or as boolean
        is_verified = to_bool(facts.raw.get("email_verified"))
        email = facts.text("email")
        return AuthUser(id=facts.text("sub"), email=email if is_verified else "")
