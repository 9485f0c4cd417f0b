"""Settings as superusers see and change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pocketbase_server.core.errors import AppError, BadRequestError, ValidationErrors
from pocketbase_server.core.hooks.events import SettingsRequestEvent
from pocketbase_server.core.settings.form import load_form, load_settings
from pocketbase_server.storage.sql.errors import DatabaseError, WouldBlock

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.request_info import RequestInfo

LOADING: Final = "An error occurred while loading the submitted data."
SAVING: Final = "An error occurred while saving the new settings."


def view_settings(app: App, request: RequestInfo) -> Any:
    """Return the settings as the API prints them: without secrets."""
    event = SettingsRequestEvent(app, request, app.settings.current.clone())
    app.hooks.settings_list_request.trigger(event, _answer_old)
    return event.answer


def _answer_old(event: SettingsRequestEvent) -> None:
    event.answer = event.old_settings.export()


class Form(NamedTuple):
    """Settings that came as a form: texts by dotted names, and JSON objects."""

    fields: list[tuple[str, str]]
    payloads: list[dict[str, Any]]


def update_settings(app: App, request: RequestInfo, form: Form | None = None) -> Any:
    """Change the settings as the body says, or the *form* that it was, and return them.

    Raises `BadRequestError`.
    """
    old = app.settings.current.clone()
    new = old.clone()
    try:
        if form is None:
            load_settings(new, request.body)
        else:
            load_form(new, form.fields, form.payloads)
    except BadRequestError as ex:
        raise BadRequestError(LOADING) from ex
    event = SettingsRequestEvent(app, request, old, new)
    app.hooks.settings_update_request.trigger(event, _save)
    return event.answer


def _save(event: SettingsRequestEvent) -> None:
    try:
        event.app.settings.save(event.new_settings)
    except ValidationErrors as ex:
        raise BadRequestError(SAVING, ex.issues) from ex
    except WouldBlock:
        raise
    except (AppError, DatabaseError) as ex:
        raise BadRequestError(SAVING) from ex
    event.answer = event.app.settings.current.export()
