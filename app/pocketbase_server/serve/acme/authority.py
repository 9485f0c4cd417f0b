"""Asking an authority for a certificate over ACME (RFC 8555); the only import of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import josepy
import requests
from acme import challenges, client, errors, messages

from pocketbase_server.serve.acme.certificates import (
    PemError,
    key_pem,
    new_key,
    read_pem,
    signing_request,
)
from pocketbase_server.version import __version__

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from pocketbase_server.serve.acme.plan import Directory

_ANSWER_SECONDS: Final = 30
_PATIENCE: Final = timedelta(seconds=120)
"""How long all of one order may take."""
_REASON: Final = 400
"""The longest reason that is told."""
_RATE_LIMITED: Final = "rateLimited"


@dataclass
class RefusedError(Exception):
    """No certificate was given; says why, and which names are to blame when that is known."""

    reason: str
    names: frozenset[str] = frozenset()
    is_rate_limit: bool = False

    def __str__(self) -> str:
        return self.reason


class Authority:
    """One authority, to which the account's key is known."""

    def __init__(
        self, directory: Directory, key: ec.EllipticCurvePrivateKey, tokens: dict[str, str]
    ) -> None:
        self._directory = directory
        self._key = josepy.jwk.JWKEC(key=key)
        self._tokens = tokens
        """What the plain port answers: texts by the names that the authority asks for."""

    def order(self, names: Sequence[str]) -> bytes:
        """Return a new key with the certificate for *names*; raises `RefusedError`."""
        try:
            pem = self._order(names)
        except errors.ValidationError as ex:
            raise _not_proved(ex) from ex
        except messages.Error as ex:
            raise _refused(ex) from ex
        except errors.IssuanceError as ex:
            raise _refused(ex.error) from ex
        except errors.TimeoutError as ex:
            raise RefusedError("the authority did not decide in time") from ex
        except (errors.Error, josepy.errors.Error, requests.RequestException, ValueError) as ex:
            raise RefusedError(f"{type(ex).__name__}: {ex}"[:_REASON]) from ex
        _check(pem, names)
        return pem

    def _order(self, names: Sequence[str]) -> bytes:
        acme = self._client()
        key = new_key()
        order = acme.new_order(signing_request(key, names))
        try:
            for authorization in order.authorizations:
                self._prove(acme, authorization)
            # NOTE: the library compares with the local time, without a zone
            deadline = datetime.now() + _PATIENCE  # noqa: DTZ005
            done = acme.poll_and_finalize(order, deadline)
        finally:
            self._tokens.clear()
        return key_pem(key) + done.fullchain_pem.encode()

    def _client(self) -> client.ClientV2:
        ca_file: Any = self._directory.ca_file or True
        net = client.ClientNetwork(
            self._key,
            alg=josepy.jwa.ES256,
            verify_ssl=ca_file,
            user_agent=f"pocketbase-server/{__version__}",
            timeout=_ANSWER_SECONDS,
        )
        acme = client.ClientV2(client.ClientV2.get_directory(self._directory.url, net), net)
        _sign_in(acme)
        return acme

    def _prove(self, acme: client.ClientV2, authorization: messages.AuthorizationResource) -> None:
        """Put the proof where the authority looks for it, and tell it to look."""
        if authorization.body.status != messages.STATUS_PENDING:
            return
        for offer in authorization.body.challenges:
            if isinstance(offer.chall, challenges.HTTP01):
                answer, text = offer.chall.response_and_validation(self._key)
                self._tokens[offer.chall.encode("token")] = text
                acme.answer_challenge(offer, answer)
                return
        name = authorization.body.identifier.value
        raise RefusedError(f"the authority offers no HTTP challenge for {name}", frozenset({name}))


def _sign_in(acme: client.ClientV2) -> None:
    """Make the account, or find the one that our key has."""
    wanted = messages.NewRegistration(terms_of_service_agreed=True)
    try:
        acme.new_account(wanted)
    except errors.ConflictError as known:
        acme.net.account = messages.RegistrationResource(
            body=messages.Registration(), uri=known.location
        )


def _not_proved(ex: errors.ValidationError) -> RefusedError:
    reasons = {
        authorization.body.identifier.value: "; ".join(
            str(offer.error.detail or offer.error)
            for offer in authorization.body.challenges
            if offer.error is not None
        )
        for authorization in ex.failed_authzrs
    }
    text = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
    return RefusedError(f"the authority could not check {text}", frozenset(reasons))


def _refused(error: messages.Error) -> RefusedError:
    parts = error.subproblems or ()
    names = frozenset(part.identifier.value for part in parts if part.identifier is not None)
    details = "; ".join(str(part.detail) for part in parts if part.detail)
    reason = f"{error.code or error.typ}: {error.detail}" + (f" ({details})" if details else "")
    return RefusedError(reason, names, error.code == _RATE_LIMITED)


def _check(pem: bytes, names: Sequence[str]) -> None:
    """Raise `RefusedError` unless this is what was asked for."""
    try:
        found = read_pem(pem)
    except PemError as ex:
        raise RefusedError(f"what the authority sent cannot be used: {ex}") from ex
    if not found.covers(names):
        named = ", ".join(sorted(found.names)) or "nobody"
        raise RefusedError(f"the authority sent a certificate for {named}")
