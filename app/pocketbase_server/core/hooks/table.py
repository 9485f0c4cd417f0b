"""All hooks, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from pocketbase_server.core.hooks import events as ev
from pocketbase_server.core.hooks.hook import Event, Hook

E = TypeVar("E", bound=Event)


def _hook(event_type: type[E]) -> Hook[E]:
    made: Hook[E] = field(default_factory=lambda: Hook(event_type))
    return made


@dataclass(frozen=True)
class HookTable:
    """Every hook of one application; iterating gives `(name, hook)` pairs.

    A `record_*` or `collection_*` hook of the life cycle refines the `model_*` hook of the same
    name: its handlers run first, around the broader ones.
    """

    backup_create: Hook[ev.BackupEvent] = _hook(ev.BackupEvent)
    backup_restore: Hook[ev.BackupEvent] = _hook(ev.BackupEvent)
    batch_request: Hook[ev.BatchRequestEvent] = _hook(ev.BatchRequestEvent)
    bootstrap: Hook[ev.AppEvent] = _hook(ev.AppEvent)
    bootstrap_clear: Hook[ev.AppEvent] = _hook(ev.AppEvent)
    collection_after_create_error: Hook[ev.CollectionErrorEvent] = _hook(ev.CollectionErrorEvent)
    collection_after_create_success: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_after_delete_error: Hook[ev.CollectionErrorEvent] = _hook(ev.CollectionErrorEvent)
    collection_after_delete_success: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_after_update_error: Hook[ev.CollectionErrorEvent] = _hook(ev.CollectionErrorEvent)
    collection_after_update_success: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_create: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_create_execute: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_create_request: Hook[ev.CollectionRequestEvent] = _hook(ev.CollectionRequestEvent)
    collection_delete: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_delete_execute: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_delete_request: Hook[ev.CollectionRequestEvent] = _hook(ev.CollectionRequestEvent)
    collection_update: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_update_execute: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_update_request: Hook[ev.CollectionRequestEvent] = _hook(ev.CollectionRequestEvent)
    collection_validate: Hook[ev.CollectionEvent] = _hook(ev.CollectionEvent)
    collection_view_request: Hook[ev.CollectionRequestEvent] = _hook(ev.CollectionRequestEvent)
    collections_import_request: Hook[ev.CollectionsImportRequestEvent] = _hook(
        ev.CollectionsImportRequestEvent
    )
    collections_list_request: Hook[ev.CollectionsListRequestEvent] = _hook(
        ev.CollectionsListRequestEvent
    )
    file_download_request: Hook[ev.DetailedRequestEvent] = _hook(ev.DetailedRequestEvent)
    file_token_request: Hook[ev.DetailedRequestEvent] = _hook(ev.DetailedRequestEvent)
    mailer_record_auth_alert_send: Hook[ev.MailerRecordEvent] = _hook(ev.MailerRecordEvent)
    mailer_record_email_change_send: Hook[ev.MailerRecordEvent] = _hook(ev.MailerRecordEvent)
    mailer_record_otp_send: Hook[ev.MailerRecordEvent] = _hook(ev.MailerRecordEvent)
    mailer_record_password_reset_send: Hook[ev.MailerRecordEvent] = _hook(ev.MailerRecordEvent)
    mailer_record_verification_send: Hook[ev.MailerRecordEvent] = _hook(ev.MailerRecordEvent)
    mailer_send: Hook[ev.MailerEvent] = _hook(ev.MailerEvent)
    model_after_create_error: Hook[ev.ModelErrorEvent] = _hook(ev.ModelErrorEvent)
    model_after_create_success: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_after_delete_error: Hook[ev.ModelErrorEvent] = _hook(ev.ModelErrorEvent)
    model_after_delete_success: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_after_update_error: Hook[ev.ModelErrorEvent] = _hook(ev.ModelErrorEvent)
    model_after_update_success: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_create: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_create_execute: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_delete: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_delete_execute: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_update: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_update_execute: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    model_validate: Hook[ev.ModelEvent] = _hook(ev.ModelEvent)
    realtime_connect_request: Hook[ev.RealtimeEvent] = _hook(ev.RealtimeEvent)
    realtime_message_send: Hook[ev.RealtimeEvent] = _hook(ev.RealtimeEvent)
    realtime_subscribe_request: Hook[ev.RealtimeEvent] = _hook(ev.RealtimeEvent)
    record_after_create_error: Hook[ev.RecordErrorEvent] = _hook(ev.RecordErrorEvent)
    record_after_create_success: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_after_delete_error: Hook[ev.RecordErrorEvent] = _hook(ev.RecordErrorEvent)
    record_after_delete_success: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_after_update_error: Hook[ev.RecordErrorEvent] = _hook(ev.RecordErrorEvent)
    record_after_update_success: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_auth_refresh_request: Hook[ev.RecordRequestEvent] = _hook(ev.RecordRequestEvent)
    record_auth_request: Hook[ev.RecordAuthRequestEvent] = _hook(ev.RecordAuthRequestEvent)
    record_auth_with_oauth2_request: Hook[ev.DetailedRequestEvent] = _hook(ev.DetailedRequestEvent)
    record_auth_with_otp_request: Hook[ev.DetailedRequestEvent] = _hook(ev.DetailedRequestEvent)
    record_auth_with_password_request: Hook[ev.RecordAuthWithPasswordRequestEvent] = _hook(
        ev.RecordAuthWithPasswordRequestEvent
    )
    record_confirm_email_change_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_confirm_password_reset_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_confirm_verification_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_create: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_create_execute: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_create_request: Hook[ev.RecordRequestEvent] = _hook(ev.RecordRequestEvent)
    record_delete: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_delete_execute: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_delete_request: Hook[ev.RecordRequestEvent] = _hook(ev.RecordRequestEvent)
    record_enrich: Hook[ev.RecordEnrichEvent] = _hook(ev.RecordEnrichEvent)
    record_request_email_change_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_request_otp_request: Hook[ev.DetailedRequestEvent] = _hook(ev.DetailedRequestEvent)
    record_request_password_reset_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_request_verification_request: Hook[ev.DetailedRequestEvent] = _hook(
        ev.DetailedRequestEvent
    )
    record_update: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_update_execute: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_update_request: Hook[ev.RecordRequestEvent] = _hook(ev.RecordRequestEvent)
    record_validate: Hook[ev.RecordEvent] = _hook(ev.RecordEvent)
    record_view_request: Hook[ev.RecordRequestEvent] = _hook(ev.RecordRequestEvent)
    records_list_request: Hook[ev.RecordsListRequestEvent] = _hook(ev.RecordsListRequestEvent)
    serve: Hook[ev.ServeEvent] = _hook(ev.ServeEvent)
    settings_list_request: Hook[ev.SettingsRequestEvent] = _hook(ev.SettingsRequestEvent)
    settings_reload: Hook[ev.AppEvent] = _hook(ev.AppEvent)
    settings_update_request: Hook[ev.SettingsRequestEvent] = _hook(ev.SettingsRequestEvent)
    terminate: Hook[ev.TerminateEvent] = _hook(ev.TerminateEvent)

    def __iter__(self) -> Iterator[tuple[str, Hook[Any]]]:
        for item in fields(self):
            yield item.name, getattr(self, item.name)


def wire_name(name: str) -> str:
    """Return the JavaScript name of a hook: `onRecordCreate` for `record_create`."""
    words = (_INITIALISMS.get(word, word.capitalize()) for word in name.split("_"))
    return "on" + "".join(words)


_INITIALISMS = {"oauth2": "OAuth2", "otp": "OTP"}
