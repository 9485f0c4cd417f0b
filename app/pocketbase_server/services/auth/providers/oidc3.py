"""One more provider that speaks OpenID Connect."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.oidc import Oidc


class Oidc3(Oidc):
    """As `Oidc`, so that a collection can have several."""

    name = "oidc3"
