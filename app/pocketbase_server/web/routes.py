"""Every route of the API, once: path, who answers, who may call, where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pocketbase_server.web.endpoint import BODY_LIMIT, Lane

if TYPE_CHECKING:
    from pocketbase_server.web.endpoint import Limit


class Access(Enum):
    """Who may call; what goes beyond it, the responder decides."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    SUPERUSERS = "superusers"


class BodySize(Enum):
    """Limits that depend on more than the path."""

    RECORD = "record"
    """The usual limit and what the collection's file fields take."""
    BATCH = "batch"
    """What the settings say."""


@dataclass(slots=True, frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    target: str
    """`module:Class` below `web/resources`, with a suffix where the class has several responders of a method."""
    lane: Lane = Lane.POOL
    access: Access = Access.ANYONE
    action: str = ""
    """The record action, as rate-limit rules and documentation name it."""
    limit: Limit | BodySize = BODY_LIMIT
    is_logged: bool = True
    """Whether successes go to the activity log."""


_RECORDS: Final = "/api/collections/{collection}/records"
_RECORD: Final = "/api/collections/{collection}/records/{id}"
_AUTH: Final = "/api/collections/{collection}"

UNLIMITED: Final = 0
_INLINE: Final = Lane.INLINE
_SHARED: Final = Lane.SHARED
_SLOW: Final = Lane.SLOW
_SUPER: Final = Access.SUPERUSERS

ROUTES: Final = (
    Route("GET", "/api/health", "health:HealthResource", _INLINE),
    Route("GET", "/_/", "welcome:WelcomeResource"),
    Route("GET", "/_/{path:path}", "welcome:WelcomeResource"),
    # -- settings, logs, crons
    Route("GET", "/api/settings", "settings:SettingsResource", access=_SUPER),
    Route("PATCH", "/api/settings", "settings:SettingsResource", access=_SUPER),
    Route("POST", "/api/settings/test/s3", "settings:TestS3Resource", _SLOW, access=_SUPER),
    Route("POST", "/api/settings/test/email", "settings:TestEmailResource", _SLOW, access=_SUPER),
    Route("GET", "/api/logs", "logs:LogsResource", access=_SUPER, is_logged=False),
    Route("DELETE", "/api/logs", "logs:LogsResource", access=_SUPER, is_logged=False),
    Route("GET", "/api/logs/stats", "logs:LogStatsResource", access=_SUPER, is_logged=False),
    Route("GET", "/api/logs/{id}", "logs:LogResource", access=_SUPER, is_logged=False),
    Route("GET", "/api/crons", "crons:CronsResource", access=_SUPER),
    Route("POST", "/api/crons/{id}", "crons:CronResource", access=_SUPER),
    Route("POST", "/api/batch", "batch:BatchResource", _SLOW, limit=BodySize.BATCH),
    Route("GET", "/api/realtime", "realtime:RealtimeResource", _INLINE, is_logged=False),
    Route("POST", "/api/realtime", "realtime:RealtimeResource", _INLINE),
    Route("POST", "/api/sql", "sql:SqlResource", _SLOW, access=_SUPER),
    Route("GET", "/api/version", "version:VersionResource", _INLINE),
    Route("GET", "/openapi/{name}", "openapi:OpenApiResource", is_logged=False),
    # -- collections
    Route("GET", "/api/collections", "collections:CollectionsResource", access=_SUPER),
    Route("POST", "/api/collections", "collections:CollectionsResource", access=_SUPER),
    Route("GET", "/api/collections/{collection}", "collections:CollectionResource", access=_SUPER),
    Route(
        "PATCH", "/api/collections/{collection}", "collections:CollectionResource", access=_SUPER
    ),
    Route(
        "DELETE", "/api/collections/{collection}", "collections:CollectionResource", access=_SUPER
    ),
    Route("DELETE", _AUTH + "/truncate", "collections:TruncateResource", access=_SUPER),
    Route("PUT", "/api/collections/import", "collections:ImportResource", access=_SUPER),
    Route("GET", "/api/collections/meta/scaffolds", "collections:ScaffoldsResource", access=_SUPER),
    Route(
        "POST",
        "/api/collections/meta/dry-run-view",
        "collections:DryRunViewResource",
        access=_SUPER,
    ),
    # -- records
    Route("GET", _RECORDS, "records:RecordsResource", _INLINE, action="list"),
    Route(
        "POST", _RECORDS, "records:RecordsResource", _SHARED, action="create", limit=BodySize.RECORD
    ),
    Route("GET", _RECORD, "records:RecordResource", _INLINE, action="view"),
    Route(
        "PATCH", _RECORD, "records:RecordResource", _SHARED, action="update", limit=BodySize.RECORD
    ),
    Route("DELETE", _RECORD, "records:RecordResource", _SHARED, action="delete"),
    # -- files
    Route("POST", "/api/files/token", "files:FileTokenResource"),
    Route(
        "GET",
        "/api/files/{collection}/{id}/{name}",
        "files:FileResource",
        _INLINE,
        action="file",
    ),
    # -- backups
    Route("GET", "/api/backups", "backups:BackupsResource", access=_SUPER),
    Route("POST", "/api/backups", "backups:BackupsResource", _SLOW, access=_SUPER),
    Route(
        "POST",
        "/api/backups/upload",
        "backups:BackupUploadResource",
        _SLOW,
        _SUPER,
        limit=UNLIMITED,
    ),
    Route("GET", "/api/backups/{key}", "backups:BackupResource"),
    Route("DELETE", "/api/backups/{key}", "backups:BackupResource", access=_SUPER),
    Route("POST", "/api/backups/{key}/restore", "backups:RestoreResource", access=_SUPER),
    # -- signing in
    Route(
        "GET",
        _AUTH + "/auth-methods",
        "auth.methods:MethodsResource",
        _INLINE,
        action="listAuthMethods",
    ),
    Route(
        "POST",
        _AUTH + "/auth-refresh",
        "auth.refresh:RefreshResource",
        _INLINE,
        action="authRefresh",
    ),
    Route(
        "POST",
        _AUTH + "/auth-with-password",
        "auth.password:PasswordResource",
        _SLOW,
        action="authWithPassword",
    ),
    Route(
        "POST",
        _AUTH + "/request-otp",
        "auth.otp:RequestOtpResource",
        _SLOW,
        action="requestOTP",
    ),
    Route(
        "POST",
        _AUTH + "/auth-with-otp",
        "auth.otp:OtpResource",
        _SLOW,
        action="authWithOTP",
    ),
    Route(
        "POST",
        _AUTH + "/request-verification",
        "auth.verification:RequestVerificationResource",
        action="requestVerification",
    ),
    Route(
        "POST",
        _AUTH + "/confirm-verification",
        "auth.verification:ConfirmVerificationResource",
        action="confirmVerification",
    ),
    Route(
        "POST",
        _AUTH + "/request-password-reset",
        "auth.password_reset:RequestPasswordResetResource",
        action="requestPasswordReset",
    ),
    Route(
        "POST",
        _AUTH + "/confirm-password-reset",
        "auth.password_reset:ConfirmPasswordResetResource",
        _SLOW,
        action="confirmPasswordReset",
    ),
    Route(
        "POST",
        _AUTH + "/request-email-change",
        "auth.email_change:RequestEmailChangeResource",
        _SLOW,
        action="requestEmailChange",
    ),
    Route(
        "POST",
        _AUTH + "/confirm-email-change",
        "auth.email_change:ConfirmEmailChangeResource",
        _SLOW,
        action="confirmEmailChange",
    ),
    Route(
        "POST",
        _AUTH + "/impersonate/{id}",
        "auth.impersonate:ImpersonateResource",
        access=_SUPER,
    ),
    Route(
        "POST",
        _AUTH + "/auth-with-oauth2",
        "auth.oauth2:OAuth2Resource",
        _SLOW,
        action="authWithOAuth2",
    ),
    Route("GET", "/api/oauth2-redirect", "auth.oauth2:RedirectResource", is_logged=False),
    Route("POST", "/api/oauth2-redirect", "auth.oauth2:RedirectResource", is_logged=False),
    Route(
        "GET",
        "/api/collections/meta/oauth2-providers",
        "oauth2_settings:ProvidersResource",
        access=_SUPER,
    ),
    Route(
        "POST",
        "/api/settings/apple/generate-client-secret",
        "oauth2_settings:AppleSecretResource",
        access=_SUPER,
    ),
    Route("GET", _AUTH + "/anonymous", "auth.anonymous:AnonymousOptionResource", access=_SUPER),
    Route("PUT", _AUTH + "/anonymous", "auth.anonymous:AnonymousOptionResource", access=_SUPER),
    Route(
        "POST",
        _AUTH + "/auth-anonymous",
        "auth.anonymous:AnonymousResource",
        _SLOW,
        action="authWithAnonymous",
    ),
    Route(
        "POST",
        _AUTH + "/upgrade-anonymous",
        "auth.anonymous:UpgradeResource",
        _SLOW,
        action="upgradeAnonymous",
    ),
)
