"""Digests, signatures and encryption."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

_NONCE_BYTES: Final = 12


class DecryptError(ValueError):
    """The text was not encrypted with this key, or is damaged."""


def md5(text: str) -> str:
    """Return the MD5 of *text* in hex: a fingerprint, not protection."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """Return the SHA-256 of *text* in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha512(text: str) -> str:
    """Return the SHA-512 of *text* in hex."""
    return hashlib.sha512(text.encode()).hexdigest()


def hs256(text: str, key: str) -> str:
    """Return the HMAC-SHA-256 of *text* in hex."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def hs512(text: str, key: str) -> str:
    """Return the HMAC-SHA-512 of *text* in hex."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha512).hexdigest()


def is_equal(left: str, right: str) -> bool:
    """Compare two texts in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def encrypt(plain: bytes, key: str) -> str:
    """Return base64 of nonce and AES-GCM ciphertext; *key* has 16, 24 or 32 characters."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return b64encode(nonce + AESGCM(key.encode()).encrypt(nonce, plain, None)).decode()


def decrypt(text: str, key: str) -> bytes:
    """Return what `encrypt` was given; raises `DecryptError`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = b64decode(text, validate=True)
        return AESGCM(key.encode()).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
    except (ValueError, InvalidTag) as ex:
        raise DecryptError("invalid key or damaged text") from ex
