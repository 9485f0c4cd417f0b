"""What each built-in route is called, takes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pocketbase_server.web.openapi.schemas import (
    ANY_OBJECT,
    FLAG,
    TEXT,
    WHOLE,
    Schema,
    list_of,
    obj,
    page_of,
    ref,
)

JSON: Final = "application/json"


@dataclass(slots=True, frozen=True)
class Operation:
    """One row of the table."""

    summary: str
    query: tuple[str, ...] = ()
    """Names of parameters, see `PARAMETERS`."""
    body: Schema | None = None
    answer: Schema | None = None
    """None: 204, nothing."""
    content: str = JSON
    """The type of the answer."""
    form: bool = False
    """Whether the body is a multipart form."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further answers by status."""


_PAGE: Final = ("page", "perPage", "sort", "filter", "skipTotal", "fields")
_RECORD: Final = ("expand", "fields")

PARAMETERS: Final[Mapping[str, Schema]] = {
    "page": {"schema": {"type": "integer", "minimum": 1, "default": 1}},
    "perPage": {"schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 30}},
    "sort": {
        "schema": TEXT,
        "description": "Fields, `-` in front for descending: `-created,title`.",
    },
    "filter": {"schema": TEXT, "description": "An expression: `title ~ 'abc' && created > @now`."},
    "skipTotal": {"schema": FLAG, "description": "Do not count: totals are -1."},
    "fields": {"schema": TEXT, "description": "What to answer with: `*,expand.author.name`."},
    "expand": {
        "schema": TEXT,
        "description": "Relations to put into `expand`: `author,tags.group`.",
    },
    "thumb": {"schema": TEXT, "description": "The size of a thumb of an image: `100x100`."},
    "token": {"schema": TEXT, "description": "A file token."},
    "download": {"schema": TEXT, "description": "`1` to have the file saved, not shown."},
    "mfaId": {"schema": TEXT, "description": "The session of a first method."},
}

RECORD: Final = "{record}"
FORM: Final = "{form}"
"""Stand for the schemas of the collection that a path names."""

_AUTH: Final = obj({"token": TEXT, "record": ref(RECORD), "meta": ANY_OBJECT})
_MFA: Final = {
    "401": {
        "description": "A second method is required, or the credentials are wrong.",
        "content": {JSON: {"schema": {"anyOf": [ref("MfaRequired"), ref("Error")]}}},
    }
}


def _texts(*names: str) -> Schema:
    return obj(dict.fromkeys(names, TEXT), *names)


_C: Final = "/api/collections/{collection}"
_R: Final = f"{_C}/records"

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/api/health"): Operation(
        "Tell whether the server is there",
        ("fields",),
        answer=obj({"message": TEXT, "code": WHOLE, "data": ANY_OBJECT}),
    ),
    ("GET", "/api/version"): Operation(
        "Tell the version",
        answer=obj({"version": TEXT, "buildCommit": TEXT, "buildTime": TEXT}),
    ),
    # -- records
    ("GET", _R): Operation("List records", (*_PAGE, "expand"), answer=page_of(ref(RECORD))),
    ("POST", _R): Operation("Create a record", _RECORD, ref(FORM), ref(RECORD), form=True),
    ("GET", f"{_R}/{{id}}"): Operation("View a record", _RECORD, answer=ref(RECORD)),
    ("PATCH", f"{_R}/{{id}}"): Operation(
        "Change a record", _RECORD, ref(FORM), ref(RECORD), form=True
    ),
    ("DELETE", f"{_R}/{{id}}"): Operation("Delete a record"),
    # -- signing in
    ("GET", f"{_C}/auth-methods"): Operation("Tell how to sign in", ("fields",), answer=ANY_OBJECT),
    ("POST", f"{_C}/auth-with-password"): Operation(
        "Sign in with a password",
        _RECORD,
        obj(
            {"identity": TEXT, "password": TEXT, "identityField": TEXT, "mfaId": TEXT},
            "identity",
            "password",
        ),
        _AUTH,
        more=_MFA,
    ),
    ("POST", f"{_C}/auth-with-oauth2"): Operation(
        "Sign in with an OAuth2 provider",
        _RECORD,
        obj(
            {
                **dict.fromkeys(("provider", "code", "codeVerifier", "redirectURL", "mfaId"), TEXT),
                "createData": ANY_OBJECT,
            },
            "provider",
            "code",
            "redirectURL",
        ),
        _AUTH,
        more=_MFA,
    ),
    ("POST", f"{_C}/auth-with-otp"): Operation(
        "Sign in with a one-time password",
        _RECORD,
        obj({"otpId": TEXT, "password": TEXT, "mfaId": TEXT}, "otpId", "password"),
        _AUTH,
        more=_MFA,
    ),
    ("POST", f"{_C}/request-otp"): Operation(
        "Have a one-time password sent", body=_texts("email"), answer=obj({"otpId": TEXT})
    ),
    ("POST", f"{_C}/auth-refresh"): Operation("Renew the token", _RECORD, answer=_AUTH),
    ("POST", f"{_C}/request-verification"): Operation(
        "Have a verification letter sent", body=_texts("email")
    ),
    ("POST", f"{_C}/confirm-verification"): Operation("Verify an email", body=_texts("token")),
    ("POST", f"{_C}/request-password-reset"): Operation(
        "Have a letter sent that lets the password be reset", body=_texts("email")
    ),
    ("POST", f"{_C}/confirm-password-reset"): Operation(
        "Set a new password", body=_texts("token", "password", "passwordConfirm")
    ),
    ("POST", f"{_C}/request-email-change"): Operation(
        "Have a letter sent to a new email", body=_texts("newEmail")
    ),
    ("POST", f"{_C}/confirm-email-change"): Operation(
        "Change the email", body=_texts("token", "password")
    ),
    ("POST", f"{_C}/impersonate/{{id}}"): Operation(
        "Get a token of a record", _RECORD, obj({"duration": WHOLE}), _AUTH
    ),
    ("POST", f"{_C}/auth-anonymous"): Operation("Sign in without an account", answer=_AUTH),
    ("POST", f"{_C}/upgrade-anonymous"): Operation(
        "Give an anonymous record an account", body=ANY_OBJECT, answer=ANY_OBJECT
    ),
    ("GET", f"{_C}/anonymous"): Operation(
        "Tell whether anonymous sign-in is allowed", answer=ANY_OBJECT
    ),
    ("PUT", f"{_C}/anonymous"): Operation(
        "Allow or forbid anonymous sign-in", body=ANY_OBJECT, answer=ANY_OBJECT
    ),
    # -- files, batch, realtime
    ("POST", "/api/files/token"): Operation("Get a file token", answer=obj({"token": TEXT})),
    ("GET", "/api/files/{collection}/{id}/{name}"): Operation(
        "Download a file", ("thumb", "token", "download"), answer={}, content="*/*"
    ),
    ("POST", "/api/batch"): Operation(
        "Carry out several record requests in one transaction",
        body=obj(
            {
                "requests": list_of(
                    obj(
                        {
                            "method": {"enum": ["POST", "PUT", "PATCH", "DELETE"]},
                            "url": TEXT,
                            "headers": {"type": "object", "additionalProperties": TEXT},
                            "body": ANY_OBJECT,
                        },
                        "method",
                        "url",
                    )
                )
            },
            "requests",
        ),
        answer=list_of(obj({"status": WHOLE, "body": {"type": ["object", "null"]}})),
        form=True,
    ),
    ("GET", "/api/realtime"): Operation(
        "Connect: a stream of events; the first, `PB_CONNECT`, tells the client id",
        answer=TEXT,
        content="text/event-stream",
    ),
    ("POST", "/api/realtime"): Operation(
        "Set what a connected client listens to",
        body=obj({"clientId": TEXT, "subscriptions": list_of(TEXT)}, "clientId"),
    ),
    # -- for superusers
    ("GET", "/api/collections"): Operation(
        "List collections", _PAGE, answer=page_of(ref("Collection"))
    ),
    ("POST", "/api/collections"): Operation(
        "Create a collection", ("fields",), ref("Collection"), ref("Collection")
    ),
    ("GET", _C): Operation("View a collection", ("fields",), answer=ref("Collection")),
    ("PATCH", _C): Operation(
        "Change a collection", ("fields",), ref("Collection"), ref("Collection")
    ),
    ("DELETE", _C): Operation("Delete a collection and its records"),
    ("DELETE", f"{_C}/truncate"): Operation("Delete all records of a collection"),
    ("PUT", "/api/collections/import"): Operation(
        "Create and change collections, all or nothing",
        body=obj({"collections": list_of(ref("Collection")), "deleteMissing": FLAG}, "collections"),
    ),
    ("GET", "/api/collections/meta/scaffolds"): Operation(
        "Get blank collections", ("fields",), answer=ANY_OBJECT
    ),
    ("POST", "/api/collections/meta/dry-run-view"): Operation(
        "Try the query of a view", body=_texts("query"), answer=ANY_OBJECT
    ),
    ("GET", "/api/collections/meta/oauth2-providers"): Operation(
        "List OAuth2 providers", ("fields",), answer=list_of(ANY_OBJECT)
    ),
    ("GET", "/api/settings"): Operation("View the settings", ("fields",), answer=ref("Settings")),
    ("PATCH", "/api/settings"): Operation(
        "Change the settings", ("fields",), ref("Settings"), ref("Settings")
    ),
    ("POST", "/api/settings/test/s3"): Operation("Try a bucket", body=_texts("filesystem")),
    ("POST", "/api/settings/test/email"): Operation(
        "Try sending a letter",
        body=obj({"email": TEXT, "template": TEXT, "collection": TEXT}, "email", "template"),
    ),
    ("POST", "/api/settings/apple/generate-client-secret"): Operation(
        "Make a client secret for Apple",
        body=obj(
            {
                **dict.fromkeys(("clientId", "teamId", "keyId", "privateKey"), TEXT),
                "duration": WHOLE,
            }
        ),
        answer=obj({"secret": TEXT}),
    ),
    ("GET", "/api/logs"): Operation("List lines of the log", _PAGE, answer=page_of(ref("Log"))),
    ("DELETE", "/api/logs"): Operation("Delete the log"),
    ("GET", "/api/logs/stats"): Operation(
        "Count lines by hour",
        ("filter", "fields"),
        answer=list_of(obj({"date": TEXT, "total": WHOLE})),
    ),
    ("GET", "/api/logs/{id}"): Operation("View a line of the log", ("fields",), answer=ref("Log")),
    ("GET", "/api/crons"): Operation(
        "List scheduled jobs", ("fields",), answer=list_of(obj({"id": TEXT, "expression": TEXT}))
    ),
    ("POST", "/api/crons/{id}"): Operation("Run a job now"),
    ("GET", "/api/backups"): Operation(
        "List backups",
        ("fields",),
        answer=list_of(obj({"key": TEXT, "modified": TEXT, "size": WHOLE})),
    ),
    ("POST", "/api/backups"): Operation("Make a backup", body=obj({"name": TEXT})),
    ("POST", "/api/backups/upload"): Operation(
        "Upload a backup",
        body=obj({"file": {"type": "string", "contentMediaType": "application/octet-stream"}}),
        form=True,
    ),
    ("GET", "/api/backups/{key}"): Operation(
        "Download a backup", ("token",), answer={}, content="application/zip"
    ),
    ("DELETE", "/api/backups/{key}"): Operation("Delete a backup"),
    ("POST", "/api/backups/{key}/restore"): Operation("Go back to a backup"),
    ("POST", "/api/sql"): Operation(
        "Carry out SQL",
        ("fields",),
        _texts("query"),
        obj(
            {
                "execTime": {"type": "number"},
                "affectedRows": WHOLE,
                "columns": list_of(obj({"name": TEXT, "type": TEXT, "nullable": FLAG})),
                "rows": list_of(list_of({"type": ["string", "null"]})),
            }
        ),
    ),
}

LEFT_OUT: Final = frozenset({"/_/", "/_/{path:path}", "/api/oauth2-redirect"})
"""Pages, and places where only browsers are sent."""
