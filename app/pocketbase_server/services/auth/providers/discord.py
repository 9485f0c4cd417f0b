"""Discord."""

from __future__ import annotations

from pocketbase_server.services.auth.providers.base import AuthUser, Facts, OAuth2Provider, Token


class Discord(OAuth2Provider):
    """Discord accounts."""

    name = "discord"
    display_name = "Discord"
    auth_url = "https://discord.com/api/oauth2/authorize"
    token_url = "https://discord.com/api/oauth2/token"
    user_info_url = "https://discord.com/api/users/@me"
    scopes = ("identify", "email")

    def user(self, facts: Facts, token: Token) -> AuthUser:  # noqa: ARG002
        """Return what the provider says."""
        user_id, avatar = facts.text("id"), facts.text("avatar")
        return AuthUser(
            id=user_id,
            name=facts.text("global_name") or _old_name(facts),
            username=facts.text("username"),
            email=facts.text("email") if facts.flag("verified") else "",
            avatar_url=f"https://cdn.discordapp.com/avatars/{user_id}/{avatar}.png"
            if avatar
            else "",
        )


def _old_name(facts: Facts) -> str:
    """Return the name of accounts that have not chosen a unique one yet: `someone#1234`."""
    number = facts.text("discriminator")
    name = facts.text("username")
    return name if number in {"", "0"} else f"{name}#{number}"
