"""What the options of an auth collection must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import at_least, at_most, byte_length, length_between
from pocketbase_server.core.collections.auth_options import TOKENS, AuthOptions, Provider
from pocketbase_server.core.collections.indexes import has_single_column_unique
from pocketbase_server.core.errors import REQUIRED, Issue, RuleSyntaxError
from pocketbase_server.core.options import camel
from pocketbase_server.kit.addresses import is_url
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.auth_options import (
        EmailTemplate,
        Mfa,
        Otp,
        PasswordAuth,
        TokenOptions,
    )
    from pocketbase_server.core.collections.model import Collection

MAX_DURATION: Final = 94_670_856
"""Seconds: three years."""
MIN_DURATION: Final = 10

PROVIDERS: Final = frozenset(
    [
        "apple",
        "bitbucket",
        "box",
        "discord",
        "facebook",
        "gitea",
        "gitee",
        "github",
        "gitlab",
        "google",
        "instagram2",
        "kakao",
        "lark",
        "linear",
        "livechat",
        "mailcow",
        "microsoft",
        "monday",
        "notion",
        "oidc",
        "oidc2",
        "oidc3",
        "patreon",
        "planningcenter",
        "spotify",
        "strava",
        "trakt",
        "twitch",
        "twitter",
        "vk",
        "wakatime",
        "yandex",
    ]
)
"""The names of OAuth2 providers that a collection may list."""

_BLANK_RULE = Issue("validation_nil_or_not_empty_required", "Cannot be blank.")
_NO_URL = Issue("validation_is_url", "Must be a valid URL.")
_SYSTEM_RULE = Issue(
    "validation_collection_system_rule_change", "System collection API rule cannot be changed."
)
_MFA_ALONE = Issue(
    "validation_mfa_not_enough_auths", "MFA requires at least 2 auth methods to be enabled."
)


def auth_issues(app: App, new: Collection, old: Collection | None) -> dict[str, Any]:
    """Return what is wrong with the auth options of *new*, by JSON name."""
    options = new.auth
    if options is None:
        return {}
    check = _AuthCheck(app, new, options)
    # COMPAT: how options go together is looked at once each is well made, up to the first issue
    return _clean(_own_issues(check, new, old)) or check.joint_issues()


def _own_issues(check: _AuthCheck, new: Collection, old: Collection | None) -> dict[str, Any]:
    options = check.options
    return {
        "authRule": check.rule(options.auth_rule) or _system_rule("auth_rule", new, old),
        "manageRule": _BLANK_RULE
        if options.manage_rule == ""
        else check.rule(options.manage_rule) or _system_rule("manage_rule", new, old),
        "authAlert": _clean({"emailTemplate": _template(options.auth_alert.email_template)}),
        "passwordAuth": _clean({"identityFields": _no_identity(options.password_auth)}),
        "oauth2": _clean({"providers": _providers(options)}),
        "mfa": _mfa(options.mfa),
        "otp": _otp(options.otp),
        **{camel(name): _token(getattr(options, name)) for name in TOKENS},
        "verificationTemplate": _template(options.verification_template),
        "resetPasswordTemplate": _template(options.reset_password_template),
        "confirmEmailChangeTemplate": _template(options.confirm_email_change_template),
    }


class _AuthCheck:
    def __init__(self, app: App, collection: Collection, options: AuthOptions) -> None:
        self._app = app
        self._collection = collection
        self.options = options

    def rule(self, rule: str | None) -> Issue | None:
        if not rule:
            return None
        try:
            self._app.queries.check(self._collection, rule, for_rule=True)
        except RuleSyntaxError as ex:
            message = sentence(f"Invalid rule. Raw error: {ex.message}")
            return Issue("validation_invalid_rule", message)
        return None

    def joint_issues(self) -> dict[str, Any]:
        mfa = self._mfa_issue()
        if mfa:
            return {"mfa": mfa}
        identity = self._identity_issue()
        return {"passwordAuth": {"identityFields": identity}} if identity else {}

    def _identity_issue(self) -> Issue | None:
        password = self.options.password_auth
        fields = password.identity_fields if password.enabled else []
        issues = map(self._one_identity_issue, fields)
        return next((issue for issue in issues if issue), None)

    def _one_identity_issue(self, name: str) -> Issue | None:
        params = {"fieldName": name}
        if self._collection.field(name) is None:
            return Issue("validation_missing_field", f"Invalid or missing field {name}", params)
        if not has_single_column_unique(self._collection.indexes, name)[0]:
            message = f"The field {name} doesn't have a UNIQUE constraint."
            return Issue("validation_missing_unique_constraint", message, params)
        return None

    def _mfa_issue(self) -> dict[str, Issue]:
        options = self.options
        if not options.mfa.enabled:
            return {}
        methods = (options.password_auth.enabled, options.oauth2.enabled, options.otp.enabled)
        if sum(methods) < _MIN_METHODS:
            return {"enabled": _MFA_ALONE}
        issue = self.rule(options.mfa.rule)
        return {"rule": issue} if issue else {}


def _no_identity(password: PasswordAuth) -> Issue | None:
    return REQUIRED if password.enabled and not any(password.identity_fields) else None


def _mfa(mfa: Mfa) -> dict[str, Any]:
    return _clean({"duration": _duration(mfa.duration, DAY)}) if mfa.enabled else {}


def _otp(otp: Otp) -> dict[str, Any]:
    found: dict[str, Any] = {"emailTemplate": _template(otp.email_template)}
    if otp.enabled:
        found["duration"] = _duration(otp.duration, DAY)
        found["length"] = _at_least(otp.length, _MIN_OTP)
    return _clean(found)


DAY: Final = 86_400
_MIN_OTP: Final = 4
_MIN_METHODS: Final = 2


def _clean(issues: dict[str, Any]) -> dict[str, Any]:
    return {key: issue for key, issue in issues.items() if issue}


def _at_least(value: int, low: int) -> Issue | None:
    if value == 0:
        return REQUIRED
    return at_least(low) if value < low else None


def _duration(value: int, high: int) -> Issue | None:
    return _at_least(value, MIN_DURATION) or (at_most(high) if value > high else None)


def _token(token: TokenOptions) -> dict[str, Any]:
    return _clean(
        {"secret": _secret(token.secret), "duration": _duration(token.duration, MAX_DURATION)}
    )


def _secret(secret: str) -> Issue | None:
    if not secret:
        return REQUIRED
    low, high = 30, 255
    return None if low <= byte_length(secret) <= high else length_between(low, high)


def _template(template: EmailTemplate) -> dict[str, Any]:
    return _clean(
        {
            "subject": None if template.subject else REQUIRED,
            "body": None if template.body else REQUIRED,
        }
    )


def _system_rule(name: str, new: Collection, old: Collection | None) -> Issue | None:
    if old is None or old.auth is None or not old.system:
        return None
    return _SYSTEM_RULE if getattr(old.auth, name) != getattr(new.auth, name) else None


def _providers(options: AuthOptions) -> dict[str, Any]:
    if not options.oauth2.enabled:
        return {}
    providers = options.oauth2.providers
    return _repeated_provider([provider.name for provider in providers]) or _clean(
        {str(at): _provider(provider) for at, provider in enumerate(providers)}
    )


def _repeated_provider(names: list[str]) -> dict[str, Any]:
    """Return the issue of the first provider that is named again."""
    for at, name in enumerate(names):
        if name and name in names[:at]:
            message = f"The provider {name} is already registered."
            issue = Issue("validation_duplicated_provider", message, {"name": name})
            return {str(at): {"name": issue}}
    return {}


def _provider(provider: Provider) -> dict[str, Any]:
    return _clean(
        {
            "name": _provider_name(provider.name),
            "clientId": None if provider.client_id else REQUIRED,
            "clientSecret": None if provider.client_secret else REQUIRED,
            "authURL": _url(provider.auth_url),
            "tokenURL": _url(provider.token_url),
            "userInfoURL": _url(provider.user_info_url),
        }
    )


def _provider_name(name: str) -> Issue | None:
    if not name:
        return REQUIRED
    if name in PROVIDERS:
        return None
    message = f"Invalid or missing provider with name {name}."
    return Issue("validation_missing_provider", message, {"name": name})


def _url(text: str) -> Issue | None:
    return _NO_URL if text and not is_url(text) else None
