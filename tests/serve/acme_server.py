"""
A small authority that speaks ACME (RFC 8555) for tests: signatures and nonces are checked, and
proofs fetched from the server that asks, as a real one does. It can be told to fail in many ways.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from scripts.servers import LIMIT

ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class ProblemError(Exception):
    def __init__(self, status: int, kind: str, detail: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.body: dict[str, Any] = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail}
        if names:
            self.body["subproblems"] = [
                {**self.body, "identifier": {"type": "dns", "value": name}} for name in names
            ]


@dataclass
class Authority:
    """The state of the authority; change the first fields to have it fail."""

    proof_port: int = 0
    is_down: bool = False
    refused: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    is_limited: bool = False
    wrong_names: tuple[str, ...] = ()
    bad_nonces: int = 0
    lifetime: timedelta = timedelta(days=90)

    url: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, str]] = field(default_factory=list)
    issued: list[list[str]] = field(default_factory=list)
    asked: int = 0
    nonces: set[str] = field(default_factory=set)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def root(self) -> bytes:
        return _certificate(self, ["ca"], self.key.public_key(), is_ca=True)

    # -- what is asked

    def post(self, path: str, raw: bytes) -> tuple[int, Any, str]:
        """Return status, body (JSON, or PEM text) and the Location."""
        self.asked += 1
        if self.is_down:
            raise ProblemError(503, "serverInternal", "down for maintenance")
        body, account = self._checked(path, raw)
        kind, *numbers = path.strip("/").split("/")
        return getattr(self, f"_{kind}")(body, account, *(int(n) for n in numbers))

    def _checked(self, path: str, raw: bytes) -> tuple[Any, int]:
        """Check the signature (RFC 8555, 6.2) and return what was signed, and by whom."""
        jws = json.loads(raw)
        head = json.loads(unb64(jws["protected"]))
        if head["url"] != self.url + path or head["alg"] != "ES256":
            raise ProblemError(400, "malformed", "wrong url or algorithm")
        if self.bad_nonces or head["nonce"] not in self.nonces:
            self.bad_nonces = max(0, self.bad_nonces - 1)
            raise ProblemError(400, "badNonce", "that nonce is none")
        self.nonces.remove(head["nonce"])
        is_new = path == "/account"
        if is_new == ("kid" in head):
            raise ProblemError(400, "malformed", "either kid or jwk")
        number = -1 if is_new else int(head["kid"].rpartition("/")[2])
        jwk = head["jwk"] if is_new else self.accounts[number]
        r, s = (
            int.from_bytes(p) for p in (unb64(jws["signature"])[:32], unb64(jws["signature"])[32:])
        )
        _public(jwk).verify(
            utils.encode_dss_signature(r, s),
            f"{jws['protected']}.{jws['payload']}".encode(),
            ec.ECDSA(hashes.SHA256()),
        )
        if is_new:
            number = self.accounts.index(jwk) if jwk in self.accounts else -1
            self._new_jwk = jwk
        return (json.loads(unb64(jws["payload"])) if jws["payload"] else None), number

    def _account(self, body: Any, number: int) -> tuple[int, Any, str]:
        if number >= 0:
            return 200, {"status": "valid"}, f"{self.url}/account/{number}"
        if not body["termsOfServiceAgreed"]:
            raise ProblemError(403, "userActionRequired", "agree first")
        self.accounts.append(self._new_jwk)
        return 201, {"status": "valid"}, f"{self.url}/account/{len(self.accounts) - 1}"

    def _order(self, body: Any, account: int, number: int | None = None) -> tuple[int, Any, str]:
        if number is not None:
            return 200, self._order_body(number), ""
        names = [one["value"] for one in body["identifiers"]]
        if self.is_limited:
            raise ProblemError(429, "rateLimited", "too many orders")
        if bad := tuple(name for name in names if name in self.refused):
            raise ProblemError(400, "rejectedIdentifier", "not by us", bad)
        proofs = [
            {"name": n, "token": secrets.token_urlsafe(24), "status": "pending"} for n in names
        ]
        self.orders.append({"account": account, "proofs": proofs, "cert": "", "names": names})
        return (
            201,
            self._order_body(len(self.orders) - 1),
            f"{self.url}/order/{len(self.orders) - 1}",
        )

    def _order_body(self, number: int) -> dict[str, Any]:
        order = self.orders[number]
        states = {p["status"] for p in order["proofs"]}
        status = "invalid" if "invalid" in states else "pending" if "pending" in states else "ready"
        body = {
            "status": "valid" if order["cert"] else status,
            "identifiers": [{"type": "dns", "value": n} for n in order["names"]],
            "authorizations": [
                f"{self.url}/authz/{number}/{i}" for i in range(len(order["proofs"]))
            ],
            "finalize": f"{self.url}/finalize/{number}",
        }
        return {**body, "certificate": f"{self.url}/cert/{number}"} if order["cert"] else body

    def _authz(self, body: Any, account: int, number: int, index: int) -> tuple[int, Any, str]:
        proof = self.orders[number]["proofs"][index]
        challenge = {
            "type": "http-01",
            "token": proof["token"],
            "status": proof["status"],
            "url": f"{self.url}/challenge/{number}/{index}",
        }
        if "error" in proof:
            challenge["error"] = proof["error"]
        other = {
            "type": "dns-01",
            "token": proof["token"],
            "status": "pending",
            "url": f"{self.url}/none",
        }
        identifier = {"type": "dns", "value": proof["name"]}
        return (
            200,
            {"status": proof["status"], "identifier": identifier, "challenges": [other, challenge]},
            "",
        )

    def _challenge(self, body: Any, account: int, number: int, index: int) -> tuple[int, Any, str]:
        proof = self.orders[number]["proofs"][index]
        jwk = json.dumps(self.accounts[account], sort_keys=True, separators=(",", ":")).encode()
        wanted = f"{proof['token']}.{b64(hashlib.sha256(jwk).digest())}"
        found = self._fetch(proof["name"], proof["token"])
        proof["status"] = "valid" if found == wanted else "invalid"
        if found != wanted:
            proof["error"] = ProblemError(403, "unauthorized", f"found {found[:60]!r}").body
        return 200, self._authz(None, account, number, index)[1]["challenges"][1], ""

    def _fetch(self, name: str, token: str) -> str:
        if name in self.unreachable:
            return "no such host"
        connection = http.client.HTTPConnection("127.0.0.1", self.proof_port, timeout=LIMIT)
        try:
            connection.request(
                "GET", f"/.well-known/acme-challenge/{token}", headers={"Host": name}
            )
            return connection.getresponse().read().decode()
        except OSError as ex:
            return str(ex)
        finally:
            connection.close()

    def _finalize(self, body: Any, account: int, number: int) -> tuple[int, Any, str]:
        request = x509.load_der_x509_csr(unb64(body["csr"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        order = self.orders[number]
        if (
            set(names.get_values_for_type(x509.DNSName)) != set(order["names"])
            or not request.is_signature_valid
        ):
            raise ProblemError(400, "badCSR", "other names")
        if self._order_body(number)["status"] != "ready":
            raise ProblemError(403, "orderNotReady", "prove first")
        self.issued.append(order["names"])
        made = _certificate(self, list(self.wrong_names) or order["names"], request.public_key())
        order["cert"] = (made + self.root).decode()
        return 200, self._order_body(number), ""

    def _cert(self, body: Any, account: int, number: int) -> tuple[int, Any, str]:
        return 200, self.orders[number]["cert"], ""


def _public(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(unb64(jwk[part])) for part in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _certificate(authority: Authority, names: list[str], key: Any, *, is_ca: bool = False) -> bytes:
    now = datetime.now(UTC)
    begins = min(now, now + authority.lifetime) - timedelta(days=1)
    ends = begins + timedelta(days=999) if is_ca else now + authority.lifetime
    builder = (
        x509.CertificateBuilder(ISSUER, ISSUER if is_ca else x509.Name([]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
        )
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class _Handler(BaseHTTPRequestHandler):
    authority: Authority

    def do_GET(self) -> None:
        url = self.authority.url
        self.authority.asked += 1
        if self.authority.is_down:
            self._say(503, {"type": "about:blank", "detail": "down"})
            return
        self._say(
            200,
            {
                "newNonce": f"{url}/nonce",
                "newAccount": f"{url}/account",
                "newOrder": f"{url}/order",
            },
        )

    def do_HEAD(self) -> None:
        self._say(200, {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        try:
            status, body, location = self.authority.post(self.path, raw)
        except ProblemError as problem:
            status, body, location = problem.status, problem.body, ""
        self._say(status, body, location)

    def _say(self, status: int, body: Any, location: str = "") -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        nonce = secrets.token_urlsafe(16)
        self.authority.nonces.add(nonce)
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/pem-certificate-chain" if isinstance(body, str) else kind
        )
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Replay-Nonce", nonce)
        if location:
            self.send_header("Location", location)
        if self.path.startswith("/challenge/"):
            up = self.authority.url + self.path.replace("/challenge/", "/authz/")
            self.send_header("Link", f'<{up}>;rel="up"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_authority() -> Iterator[Authority]:
    """Give an authority that answers on a loopback port."""
    authority = Authority()
    handler = type("Handler", (_Handler,), {"authority": authority})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    authority.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
