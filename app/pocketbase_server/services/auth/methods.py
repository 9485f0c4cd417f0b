"""How the records of a collection may sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.services.auth.anonymous import allows_anonymous
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.oauth2_methods import list_providers, without_logos

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.auth_options import AuthOptions, Mfa, Otp


def list_auth_methods(app: App, name_or_id: str) -> dict[str, Any]:
    """Return what a client needs to know to offer the sign-in methods of a collection."""
    collection = find_auth_collection(app, name_or_id)
    methods = _methods(collection.auth) if collection.auth is not None else {}
    # NOTE: told only where it is so, since the reference has nothing like it
    return (
        {**methods, "anonymous": {"enabled": True}}
        if allows_anonymous(app, collection)
        else methods
    )


def _methods(options: AuthOptions) -> dict[str, Any]:
    providers = list_providers(options.oauth2)
    fields = options.password_auth.identity_fields if options.password_auth.enabled else []
    return {
        "password": {"identityFields": fields, "enabled": options.password_auth.enabled},
        "oauth2": {"providers": providers, "enabled": options.oauth2.enabled},
        "mfa": _timed(options.mfa),
        "otp": _timed(options.otp),
        # COMPAT: clients of before 0.23 look for these three
        "authProviders": without_logos(providers),
        "usernamePassword": "username" in fields,
        "emailPassword": "email" in fields,
    }


def _timed(options: Mfa | Otp) -> dict[str, Any]:
    return {
        "enabled": options.enabled,
        "duration": options.duration if options.enabled else 0,
    }
