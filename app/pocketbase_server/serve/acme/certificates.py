"""Keys and certificates as PEM text: what is in them, and how they are made."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_EARLIEST_RENEWAL: Final = timedelta(days=30)
_SELF_SIGNED_DAYS: Final = 365


class PemError(ValueError):
    """This text holds no key with its certificate; the message says what is wrong."""


@dataclass(slots=True, frozen=True)
class Certificate:
    """Whom a certificate names, and when it is valid."""

    names: frozenset[str]
    begins: datetime
    ends: datetime

    def covers(self, names: Iterable[str]) -> bool:
        """Say whether it names all of *names*."""
        return self.names.issuperset(names)

    def renewal_at(self) -> datetime:
        """Return when to ask for the next: 30 days before the end, or when a third of it is left."""
        # NOTE: of a certificate for a week, 30 days before the end would be always
        return self.ends - min(_EARLIEST_RENEWAL, (self.ends - self.begins) / 3)


def read_pem(pem: bytes) -> Certificate:
    """Return the first certificate in *pem*, which must belong to the key in it.

    Raises `PemError`.
    """
    try:
        key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN") :], None)
        leaf = x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm) as ex:
        raise PemError(f"no key with a certificate: {ex}") from ex
    if _public(key) != _public(leaf):
        raise PemError("the certificate belongs to another key")
    return Certificate(_names_of(leaf), leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def _public(holder: object) -> bytes:
    public = holder.public_key()  # type: ignore[attr-defined]
    found: bytes = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def _names_of(leaf: x509.Certificate) -> frozenset[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    domains = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return frozenset(domains + addresses)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new private key, of the kind that every client knows."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the key as text, in the form that PocketBase keeps."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def signing_request(key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> bytes:
    """Return what an authority is asked to sign: *names* for *key*."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(_alternative_names(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def self_signed(names: Iterable[str]) -> bytes:
    """Return a key with a certificate that nobody vouches for."""
    key = new_key()
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PocketBase, self-signed")])
    builder = (
        x509.CertificateBuilder(subject, subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_SELF_SIGNED_DAYS))
        .add_extension(_alternative_names(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    made = builder.sign(key, hashes.SHA256())
    return key_pem(key) + made.public_bytes(serialization.Encoding.PEM)


def _alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
