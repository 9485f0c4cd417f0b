"""From a template with placeholders to a letter's subject and HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from pocketbase_server.core.values import GeoPoint, JsonRaw
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import EmailTemplate
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.settings.model import Meta

TOKEN: Final = "TOKEN"  # noqa: S105
OTP: Final = "OTP"
OTP_ID: Final = "OTP_ID"
ALERT_INFO: Final = "ALERT_INFO"

_PLACEHOLDER: Final = re.compile(r"\{([A-Z_]+)(?::(\w+))?\}", re.ASCII)
_APP_PATH: Final = "{APP_URL}/"

_Values = Mapping[str, str]

_LAYOUT: Final = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <style>
    body { margin: 0; padding: 24px; background: #ffffff; color: #1d2129;
           font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    p { margin: 0 0 14px; }
    a { color: inherit; }
    .btn { display: inline-block; padding: 11px 22px; border-radius: 6px; background: #1d2129;
           color: #ffffff !important; font-weight: 600; text-decoration: none !important; }
    .hidden { display: none !important; }
  </style>
</head>
<body>
%s
</body>
</html>
"""


class Rendered(NamedTuple):
    """A template with everything filled in."""

    subject: str
    html: str


def render(template: EmailTemplate, meta: Meta, record: Record, values: _Values) -> Rendered:
    """Return *template* with `{APP_NAME}`, `{APP_URL}`, `{RECORD:field}` and *values* filled in.

    Placeholders that mean nothing here stay as they are.
    """
    subject = _Filler(meta, record, values, is_html=False)
    body = template.body.replace(_APP_PATH, meta.app_url.rstrip("/") + "/")
    html = _Filler(meta, record, values, is_html=True)
    return Rendered(subject.fill(template.subject), _LAYOUT % html.fill(body))


class _Filler:
    """Puts values in the places of placeholders."""

    def __init__(self, meta: Meta, record: Record, values: _Values, *, is_html: bool) -> None:
        self._app = {"APP_NAME": meta.app_name, "APP_URL": meta.app_url}
        self._record = record
        self._values = values
        self._is_html = is_html

    def fill(self, text: str) -> str:
        """Return *text* with its placeholders filled in."""
        return _PLACEHOLDER.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        name, field = found[1], found[2]
        if field is None and name in self._app:
            # COMPAT: what superusers wrote into the settings may hold markup of theirs
            return self._app[name]
        value = self._values.get(name) if field is None else self._field(name, field)
        if value is None:
            return found[0]
        # SECURITY: records and user agents are written by strangers
        return escape(value) if self._is_html else value

    def _field(self, name: str, field: str) -> str | None:
        return _field_text(self._record, field) if name == "RECORD" else None


def _field_text(record: Record, name: str) -> str | None:
    """Return the text of a field that letters may show, or None."""
    field = record.collection.field(name)
    # SECURITY: hidden fields (password, token key) must not leave in a letter
    return None if field is None or field.hidden else _text(record.get(name))


def _text(value: Any) -> str:
    if isinstance(value, JsonRaw):
        return value.text
    if isinstance(value, GeoPoint):
        return orjson.dumps(value.export()).decode()
    # COMPAT: the values of fields that hold several are no text
    return to_text(value)
