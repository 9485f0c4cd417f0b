"""OAuth2 providers: one file each on a shared base; `PROVIDERS` is the table, in the order shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.services.auth.providers.apple import Apple
from pocketbase_server.services.auth.providers.bitbucket import Bitbucket
from pocketbase_server.services.auth.providers.box import Box
from pocketbase_server.services.auth.providers.discord import Discord
from pocketbase_server.services.auth.providers.facebook import Facebook
from pocketbase_server.services.auth.providers.gitea import Gitea
from pocketbase_server.services.auth.providers.gitee import Gitee
from pocketbase_server.services.auth.providers.github import GitHub
from pocketbase_server.services.auth.providers.gitlab import GitLab
from pocketbase_server.services.auth.providers.google import Google
from pocketbase_server.services.auth.providers.instagram2 import Instagram
from pocketbase_server.services.auth.providers.kakao import Kakao
from pocketbase_server.services.auth.providers.lark import Lark
from pocketbase_server.services.auth.providers.linear import Linear
from pocketbase_server.services.auth.providers.livechat import LiveChat
from pocketbase_server.services.auth.providers.mailcow import Mailcow
from pocketbase_server.services.auth.providers.microsoft import Microsoft
from pocketbase_server.services.auth.providers.monday import Monday
from pocketbase_server.services.auth.providers.notion import Notion
from pocketbase_server.services.auth.providers.oidc import Oidc
from pocketbase_server.services.auth.providers.oidc2 import Oidc2
from pocketbase_server.services.auth.providers.oidc3 import Oidc3
from pocketbase_server.services.auth.providers.patreon import Patreon
from pocketbase_server.services.auth.providers.planningcenter import PlanningCenter
from pocketbase_server.services.auth.providers.spotify import Spotify
from pocketbase_server.services.auth.providers.strava import Strava
from pocketbase_server.services.auth.providers.trakt import Trakt
from pocketbase_server.services.auth.providers.twitch import Twitch
from pocketbase_server.services.auth.providers.twitter import Twitter
from pocketbase_server.services.auth.providers.vk import VK
from pocketbase_server.services.auth.providers.wakatime import WakaTime
from pocketbase_server.services.auth.providers.yandex import Yandex

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import Provider
    from pocketbase_server.services.auth.providers.base import OAuth2Provider

PROVIDERS: Final[dict[str, type[OAuth2Provider]]] = {
    provider.name: provider
    for provider in (
        Apple,
        Google,
        Microsoft,
        Yandex,
        Facebook,
        Instagram,
        GitHub,
        GitLab,
        Bitbucket,
        Gitee,
        Gitea,
        Discord,
        Twitter,
        Kakao,
        VK,
        Linear,
        Notion,
        Monday,
        Lark,
        Box,
        Spotify,
        Trakt,
        Twitch,
        Patreon,
        Strava,
        WakaTime,
        LiveChat,
        Mailcow,
        PlanningCenter,
        Oidc,
        Oidc2,
        Oidc3,
    )
}


def load_provider(options: Provider) -> OAuth2Provider:
    """Return the provider that a collection has set up; raises `KeyError` for an unknown name."""
    return PROVIDERS[options.name](options)
