"""AES-256-GCM around the stored settings: base64 of nonce, ciphertext and tag."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from typing import Final

NONCE_SIZE: Final = 12
KEY_SIZES: Final = (16, 24, 32)


class SealError(Exception):
    """The key is not usable, or the text was not sealed with it."""


def seal(plain: bytes, key: str) -> str:
    """Return *plain* encrypted with *key* (32 characters)."""
    # PERF: imported here, most servers keep their settings plain
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_SIZE)
    return b64encode(nonce + AESGCM(_checked(key)).encrypt(nonce, plain, None)).decode()


def unseal(text: bytes | str, key: str) -> bytes:
    """Return what `seal()` was given; raises `SealError` when *key* is not the one, or *text* was altered."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(_checked(key))
    sealed = _decoded(text)
    try:
        return cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], None)
    except (InvalidTag, ValueError) as ex:
        raise SealError("cipher: message authentication failed") from ex


def _checked(key: str) -> bytes:
    raw = key.encode()
    if len(raw) not in KEY_SIZES:
        raise SealError(f"crypto/aes: invalid key size {len(raw)}")
    return raw


def _decoded(text: bytes | str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as ex:
        raise SealError("illegal base64 data") from ex
