"""What is kept in `pb_data/.autocert_cache`: the account's key, certificates, and how renewing went.

COMPAT: keys and certificates lie there under the names and in the form that PocketBase uses, so
that a directory can move from it to us without asking for new ones.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pocketbase_server.serve.acme.certificates import (
    Certificate,
    PemError,
    key_pem,
    new_key,
    read_pem,
)

_ACCOUNT: Final = "acme_account+key"
_SELF_SIGNED: Final = "self-signed"
_PROGRESS: Final = "renewal.json"


class Progress(msgspec.Struct):
    """How asking for certificates went, so that a restart does not forget to be patient."""

    directory: str = ""
    """Who signed the certificate that we have."""
    names: tuple[str, ...] = ()
    """What was asked for when it failed."""
    failures: int = 0
    """In a row."""
    failed_at: float = 0.0
    reason: str = ""


@dataclass(slots=True, frozen=True)
class Cache:
    """The folder; *name* is the first domain, which the certificate's file is called after."""

    folder: Path
    name: str

    def prepare(self) -> None:
        """Make the folder, for nobody else to read; raises `OSError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def certificate_path(self) -> Path:
        """Where the certificate lies, together with its key."""
        return self.folder / self.name

    @property
    def self_signed_path(self) -> Path:
        """Where the stopgap lies that nobody vouches for."""
        return self.folder / _SELF_SIGNED

    def certificate(self) -> Certificate | None:
        """Return what is known of the certificate; None when there is none that can be used."""
        return read_file(self.certificate_path)

    def save_certificate(self, pem: bytes) -> None:
        """Keep a certificate with its key."""
        write_private(self.certificate_path, pem)

    def account_key(self) -> ec.EllipticCurvePrivateKey:
        """Return the key by which authorities know us; made when there is none."""
        path = self.folder / _ACCOUNT
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except FileNotFoundError:
            key = None
        except (ValueError, TypeError):
            path.replace(path.with_name(f"{_ACCOUNT}.broken"))
            key = None
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
        made = new_key()
        write_private(path, key_pem(made))
        return made

    def progress(self) -> Progress:
        """Return how it went so far; a new start when nothing readable tells."""
        try:
            return msgspec.json.decode((self.folder / _PROGRESS).read_bytes(), type=Progress)
        except (OSError, msgspec.DecodeError):
            return Progress()

    def save_progress(self, progress: Progress) -> None:
        """Keep how it went; when the disk is full, that is forgotten."""
        with contextlib.suppress(OSError):
            write_private(self.folder / _PROGRESS, msgspec.json.encode(progress))


def read_file(path: Path) -> Certificate | None:
    """Return what is known of the certificate in a file; None when none can be used."""
    try:
        return read_pem(path.read_bytes())
    except (OSError, PemError):
        return None


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only we can read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        # SECURITY: it is never readable for others, not even while it is written
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
