"""What clients need to know to send people to a provider."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.kit.ids import random_string

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import OAuth2
    from pocketbase_server.services.auth.providers.base import OAuth2Provider

_STATE_LENGTH: Final = 30
_VERIFIER_LENGTH: Final = 43


def list_providers(options: OAuth2) -> list[dict[str, Any]]:
    """Return the providers of a collection, each with a fresh state and, where it can, PKCE."""
    if not options.enabled:
        return []
    from pocketbase_server.services.auth.providers import PROVIDERS

    # NOTE: one that we do not know any more must not keep people from the others
    known = (PROVIDERS[p.name](p) for p in options.providers if p.name in PROVIDERS)
    return [_shown(provider) for provider in known]


def without_logos(providers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the providers as clients of before 0.23 look for them: logos would be sent twice."""
    return [{**provider, "logo": ""} for provider in providers]


def _shown(provider: OAuth2Provider) -> dict[str, Any]:
    from pocketbase_server.services.auth.provider_logos import logo_of

    state = random_string(_STATE_LENGTH)
    verifier = random_string(_VERIFIER_LENGTH) if provider.pkce else ""
    challenge = _challenge(verifier) if verifier else ""
    url = f"{provider.authorization_url(state, challenge)}&redirect_uri="
    return {
        "name": provider.name,
        "displayName": provider.shown_name,
        "logo": logo_of(_logo_name(provider.name)),
        "state": state,
        "authURL": url,
        "authUrl": url,
        "codeVerifier": verifier,
        "codeChallenge": challenge,
        "codeChallengeMethod": "S256" if challenge else "",
    }


def _challenge(verifier: str) -> str:
    """Return the code challenge of RFC 7636, method S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _logo_name(name: str) -> str:
    return "oidc" if name.startswith("oidc") else name


def all_providers() -> list[dict[str, str]]:
    """Return every provider that a collection may list."""
    from pocketbase_server.services.auth.provider_logos import logo_of
    from pocketbase_server.services.auth.providers import PROVIDERS

    return [
        {"name": name, "displayName": p.display_name, "logo": logo_of(_logo_name(name))}
        for name, p in PROVIDERS.items()
    ]
