"""The form of signing in through a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import OAuth2, Provider

LOADING: Final = "An error occurred while loading the submitted data."

LONGEST: Final = 100
"""Bytes of a provider's name."""


@dataclass(slots=True, frozen=True)
class OAuth2Form:
    """What comes back from a provider, and what a new record is to have."""

    provider: str = ""
    code: str = ""
    code_verifier: str = ""
    redirect_url: str = ""
    create_data: dict[str, Any] = field(default_factory=dict)

    def check(self, options: OAuth2) -> Provider:
        """Return how the collection has set up the provider; raises `BadRequestError`."""
        found = next((p for p in options.providers if p.name == self.provider), None)
        issues: dict[str, Issue] = {}
        if not self.code:
            issues["code"] = REQUIRED
        if not self.provider:
            issues["provider"] = REQUIRED
        elif found is None:
            issues["provider"] = _too_long(self.provider) or _unknown(self.provider)
        if issues or found is None:
            raise BadRequestError(LOADING, issues)
        return found


def _too_long(name: str) -> Issue | None:
    # COMPAT: bytes are counted, not characters
    if len(name.encode(errors="surrogatepass")) <= LONGEST:
        return None
    message = f"The length must be no more than {LONGEST}."
    return Issue("validation_length_too_long", message, {"max": LONGEST, "min": 0})


def _unknown(name: str) -> Issue:
    message = f"Provider with name {name} is missing or is not enabled."
    return Issue("validation_invalid_provider", message, {"name": name})
