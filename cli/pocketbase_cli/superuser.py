"""`pocketbase superuser`: who may administer, from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pocketbase_cli.errors import CliError
from pocketbase_cli.state import opened_app

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.errors import AppError
    from pocketbase_server.core.records.model import Record

app = typer.Typer(help="Manages superusers")

Context = typer.Context
Words = Annotated[list[str] | None, typer.Argument(hidden=True)]

SUPERUSERS: Final = "_superusers"


@app.command(help="Creates a superuser", epilog="superuser create test@example.com 1234567890")
def create(context: Context, words: Words = None) -> None:
    """Create a superuser."""
    email, password = _email_and_password(words)
    with opened_app(context) as server, _failing("failed to create new superuser account"):
        record = server.records.new(server.collections.find(SUPERUSERS))
        _save(server, record, email, password)
    print(f'Successfully created new superuser "{email}"!')


@app.command(
    help="Creates a superuser, or changes the password of the one with that email",
    epilog="superuser upsert test@example.com 1234567890",
)
def upsert(context: Context, words: Words = None) -> None:
    """Create a superuser, or change its password."""
    email, password = _email_and_password(words)
    with opened_app(context) as server, _failing("failed to upsert superuser account"):
        record = _find(server, email) or server.records.new(server.collections.find(SUPERUSERS))
        _save(server, record, email, password)
    print(f'Successfully saved superuser "{email}"!')


@app.command(
    help="Changes the password of a superuser",
    epilog="superuser update test@example.com 1234567890",
)
def update(context: Context, words: Words = None) -> None:
    """Change a superuser's password."""
    email, password = _email_and_password(words)
    with opened_app(context) as server, _failing(f'failed to change superuser "{email}" password'):
        _save(server, _existing(server, email), email, password)
    print(f'Successfully changed superuser "{email}" password!')


@app.command(help="Deletes a superuser", epilog="superuser delete test@example.com")
def delete(context: Context, words: Words = None) -> None:
    """Delete a superuser."""
    email = _email(words)
    with opened_app(context) as server, _failing(f'failed to delete superuser "{email}"'):
        record = _find(server, email)
        if record is None:
            print(f'superuser "{email}" is missing or already deleted')
            return
        server.records.delete(record)
    print(f'Successfully deleted superuser "{email}"!')


@app.command(
    help="Creates a one-time password for a superuser", epilog="superuser otp test@example.com"
)
def otp(context: Context, words: Words = None) -> None:
    """Create a one-time password."""
    from pocketbase_server.services.auth.otp import new_otp

    email = _email(words)
    with opened_app(context) as server:
        record = _existing(server, email)
        options = record.collection.auth
        if options is None or not options.otp.enabled:
            raise CliError("OTP auth is not enabled for the _superusers collection")
        code, plain = new_otp(server, record)
    print(f'Successfully created OTP for superuser "{email}":')
    print(f"├─ Id:    {code.id}\n├─ Pass:  {plain}\n└─ Valid: {options.otp.duration}s\n")


@app.command(
    help="Sets the addresses and networks from which superusers may sign in; none for everywhere",
    epilog="superuser ips 127.0.0.1 10.0.0.0/24",
)
def ips(context: Context, words: Words = None) -> None:
    """Set from where superusers may come."""
    allowed = words or []
    with opened_app(context) as server, _failing(""):
        settings = server.settings.current.clone()
        settings.superuser_ips = allowed
        server.settings.save(settings)
    if not allowed:
        print("Successfully cleared SuperuserIPs setting!")
        return
    marks = ["├─"] * (len(allowed) - 1) + ["└─"]
    print("Successfully updated SuperuserIPs setting:")
    print("\n".join(f"{mark} {text}" for mark, text in zip(marks, allowed, strict=True)))


# -- arguments


def _email_and_password(words: list[str] | None) -> tuple[str, str]:
    if words is None or len(words) != len(("email", "password")):
        raise CliError("missing email and password arguments")
    email, password = words
    if not _is_email(email):
        raise CliError("missing or invalid email address")
    return email, password


def _email(words: list[str] | None) -> str:
    if not words or not _is_email(words[0]):
        raise CliError("invalid or missing email address")
    return words[0]


def _is_email(text: str) -> bool:
    from pocketbase_server.kit.addresses import is_email

    return is_email(text)


# -- records


def _find(server: App, email: str) -> Record | None:
    return server.records.first_by(SUPERUSERS, "email", email)


def _existing(server: App, email: str) -> Record:
    record = _find(server, email)
    if record is None:
        raise CliError(f'superuser with email "{email}" doesn\'t exist')
    return record


def _save(server: App, record: Record, email: str, password: str) -> None:
    from pocketbase_server.core.records.auth import set_password

    record.set("email", email)
    set_password(record, password)
    server.records.save(record)


# -- what went wrong


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Report refusals as the failure of *what*."""
    from pocketbase_server.core.errors import AppError

    try:
        yield
    except AppError as error:
        raise CliError(f"{what}: {_reason(error)}" if what else _reason(error)) from error


def _reason(error: AppError) -> str:
    return _tree_text(error.data) if error.data else str(error)


def _tree_text(tree: Mapping[str, Any]) -> str:
    """Return issues on one line, in the reference's punctuation."""
    parts = [f"{name}: {_issue_text(tree[name])}" for name in sorted(tree)]
    return "; ".join(parts) + "."


_LOWER: Final = frozenset({"validation_required", "validation_invlaid_ip_or_subnet"})
"""Codes whose messages begin in lower case, except in answers to requests."""


_TOO_MANY_BYTES: Final = "bcrypt: password length exceeds 72 bytes"


def _issue_text(issue: Any) -> str:
    if isinstance(issue, Mapping):
        return f"({_tree_text(issue)})"
    if issue.code == "validation_invalid_value":
        # NOTE: no other value of a superuser is refused like that; answers to requests do not say why
        return _TOO_MANY_BYTES
    text: str = issue.message.removesuffix(".")
    return text[:1].lower() + text[1:] if issue.code in _LOWER else text
