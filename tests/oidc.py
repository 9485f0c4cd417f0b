"""
A small OpenID provider on the loopback address, for tests that need one.

It believes everybody: what `/token` and `/me` answer is what the test has put there.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Answer = tuple[int, Any] | tuple[int, Any, str]
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class Oidc:
    """The provider: `answers` by path, `seen` requests, and signed tokens."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "/token": (200, {"access_token": "AT", "token_type": "bearer"})
        }
        self.seen: list[dict[str, Any]] = []
        self.answers["/jwks"] = (200, {"keys": [self.jwk(), self.jwk(EC_KEY, "ec", "ES256")]})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for the client

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                asked = urlsplit(self.path)
                path = asked.path
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider.seen.append(
                    {
                        "method": self.command,
                        "path": path,
                        "query": asked.query,
                        "headers": headers,
                        "body": body,
                    }
                )
                status, answer, *kind = provider.answers.get(path, (404, {"error": "unknown"}))
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", kind[0] if kind else "application/json")
                if status in {301, 302, 307}:
                    self.send_header("location", answer)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    # -- what it says

    def user(self, sub: str, email: str = "", verified: Any = True, **more: Any) -> None:
        """Let the next people be *sub*."""
        self.answers["/me"] = (
            200,
            {"sub": sub, "email": email, "email_verified": verified, **more},
        )

    def id_token(
        self, key: Any = RSA_KEY, alg: str = "RS256", kid: str | None = "rsa", **claims: Any
    ) -> str:
        """Return a token for the client `client`; a claim that is None is left out."""
        now = int(time.time())
        full = {
            "iss": "https://issuer",
            "aud": "client",
            "iat": now,
            "exp": now + 600,
            "sub": "sub",
            **claims,
        }
        kept = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(kept, key, algorithm=alg, headers={"kid": kid} if kid else {})

    def give_id_token(self, token: str) -> None:
        """Answer codes with that token."""
        self.answers["/token"] = (
            200,
            {"access_token": "AT", "token_type": "bearer", "id_token": token},
        )

    @staticmethod
    def jwk(
        key: Any = RSA_KEY, kid: str = "rsa", alg: str = "RS256", **more: Any
    ) -> dict[str, Any]:
        """Return the public half of a key."""
        maker = jwt.algorithms.RSAAlgorithm if key is RSA_KEY else jwt.algorithms.ECAlgorithm
        public: Any = maker.to_jwk(key.public_key(), as_dict=True)
        return {**public, "kid": kid, "alg": alg, **more}

    def options(self, name: str = "oidc", **more: Any) -> dict[str, Any]:
        """Return how a collection sets this provider up."""
        return {
            "name": name,
            "clientId": "client",
            "clientSecret": "secret",
            "authURL": f"{self.url}/auth",
            "tokenURL": f"{self.url}/token",
            "userInfoURL": f"{self.url}/me",
            **more,
        }

    def forms(self) -> list[dict[str, str]]:
        """Return what was posted for tokens since the last time, and forget it."""
        found = [dict(parse_qsl(s["body"])) for s in self.seen if s["path"] == "/token"]
        self.seen.clear()
        return found
