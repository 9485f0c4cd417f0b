"""
`serve` with TLS, as clients and operators see it: certificates, redirects, and what failures leave.

Authorities run beside it: a scripted one always, and Pebble, which is not ours, where it is installed.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pocketbase_server.serve.acme.certificates import read_pem, self_signed

from scripts import servers
from scripts.http_client import Client
from scripts.servers import LIMIT
from tests.serve.acme_server import running_authority
from tests.waiting import eventually

OURS = servers.ours_command()
NAME = "app.example"
Start = Callable[..., "TlsServer"]


class TlsServer(servers.Server):
    """Our server with an HTTPS port."""

    secure: int

    def get(
        self, path: str, name: str = NAME, ca: str = "", **headers: str
    ) -> http.client.HTTPResponse:
        """Ask over TLS as a client that knows the certificates *ca* (none: that trusts everybody)."""
        context = ssl.create_default_context(cadata=ca or None)
        if not ca:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(name, timeout=LIMIT, context=context)
        raw = socket.create_connection(("127.0.0.1", self.secure), timeout=LIMIT)
        connection.sock = context.wrap_socket(raw, server_hostname=name)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def certificate(self) -> x509.Certificate:
        """Return the certificate that it shows."""
        pem = ssl.get_server_certificate(("127.0.0.1", self.secure), timeout=LIMIT)
        return x509.load_pem_x509_certificate(pem.encode())

    def lasts(self) -> timedelta:
        """Return how long the certificate that it shows is good."""
        return self.certificate().not_valid_after_utc - datetime.now(UTC)

    def shown(self) -> frozenset[str]:
        """Return the names in the certificate that it shows, and who signed it."""
        found = self.certificate()
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        texts = [str(name.value) for name in names]
        return frozenset([*texts, found.issuer.rfc4514_string()])


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    running: list[TlsServer] = []

    def go(*args: str, directory: str = "", ca_file: str = "", port: int = 0) -> TlsServer:
        monkeypatch.setenv("POCKETBASE_ACME_DIRECTORY", directory)
        monkeypatch.setenv("POCKETBASE_ACME_CA_FILE", ca_file)
        secure = servers.free_port()
        server = TlsServer(
            OURS,
            tmp_path / "pb_data",
            (*args, f"--https=127.0.0.1:{secure}"),
            port=port or servers.free_port(),
        )
        server.secure = secure
        running.append(server)
        server.start()
        eventually(lambda: server.get("/api/health").status == 200)
        return server

    yield go
    for server in running:
        server.stop()


def test_local(start: Start) -> None:
    """`--https` with an address serves at once, with a certificate of its own; HTTP leads there."""
    server = start("--workers=2")
    answer = Client(server.port).ask("GET", "/api/health?x=1")
    refused = Client(server.port).ask("POST", "/api/health", "x" * 100_000)
    kept = read_pem((server.data / ".autocert_cache" / "self-signed").read_bytes())
    ca = ssl.get_server_certificate(("127.0.0.1", server.secure))

    assert (302, f"https://127.0.0.1:{server.secure}/api/health?x=1") == (
        answer.status,
        answer.headers["location"],
    )
    assert (400, "Use HTTPS\n") == (refused.status, refused.text)
    assert {"127.0.0.1"} == kept.names
    assert server.get("/api/health", "127.0.0.1", ca).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        server.get("/api/health", "evil.example", ca)
    server.wait_for(f"Server started at https://127.0.0.1:{server.secure}\n")


def test_plain_http_on_the_secure_port_and_old_tls(start: Start) -> None:
    """Neither is answered, and neither disturbs others."""
    server = start()
    old = ssl.create_default_context()
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.secure)) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw)
    with socket.create_connection(("127.0.0.1", server.secure)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.settimeout(LIMIT)
        assert not raw.recv(100).startswith(b"HTTP/1.1 200")

    assert server.get("/api/health").status == 200


def test_domain(start: Start) -> None:
    """A domain and its `www.` get a certificate while the server runs; `www.` leads to the domain; nothing is printed twice."""
    with running_authority() as authority:
        port = servers.free_port()
        authority.proof_port = port
        server = start(NAME, directory=authority.url, port=port)
        eventually(lambda: NAME in server.shown() and "CN=Test authority" in server.shown())
        root = authority.root.decode()
        answer = server.get("/api/health", ca=root)
        www = server.get("/a%20b?c=d&e", f"www.{NAME}", root)
        with pytest.raises(ssl.SSLCertVerificationError):
            server.get("/", "other.example", root)
        proof = Client(port).ask(
            "GET", "/.well-known/acme-challenge/x", headers={"Host": "other.example"}
        )

    assert answer.status == 200
    assert (307, f"https://{NAME}/a%20b?c=d&e") == (www.status, www.headers["location"])
    assert proof.status == 403
    server.wait_for("superuser upsert", "Server started")
    server.stop()
    assert server.log.count("Server started at https://app.example\n") == 1
    assert server.log.count("superuser upsert") == 1


def test_renewal_loses_no_request(start: Start) -> None:
    """While certificates change, every request is answered, on new connections as on kept ones."""
    with running_authority() as authority:
        port = servers.free_port()
        authority.proof_port, authority.lifetime = port, timedelta(seconds=12)
        server = start(NAME, directory=authority.url, port=port)
        answered: list[int] = []
        failed: list[str] = []
        stop = threading.Event()

        def ask_on(is_kept: bool) -> None:
            context = ssl._create_unverified_context()
            connection: http.client.HTTPSConnection | None = None
            while not stop.is_set():
                try:
                    connection = connection or http.client.HTTPSConnection(
                        "127.0.0.1", server.secure, timeout=LIMIT, context=context
                    )
                    connection.request("GET", "/api/health")
                    answer = connection.getresponse()
                    answered.append(answer.status)
                    answer.read()
                    if answer.will_close or not is_kept:
                        connection.close()
                        connection = None
                except (OSError, http.client.HTTPException) as ex:
                    failed.append(f"{is_kept}: {ex!r}")
                    connection = None
                time.sleep(0.02)

        threads = [threading.Thread(target=ask_on, args=(i % 2 == 0,)) for i in range(4)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(authority.issued) >= 2)
        authority.lifetime = timedelta(days=90)
        eventually(lambda: len(authority.issued) >= 3)
        eventually(lambda: server.lasts() > timedelta(days=80), seconds=2 * LIMIT)
        seen = len(answered)
        eventually(lambda: len(answered) > seen + 50 or failed)
        stop.set()
        for thread in threads:
            thread.join(2 * LIMIT)

    assert failed == []
    assert set(answered) == {200}


def test_a_dead_authority(start: Start) -> None:
    """Without anybody who signs, both ports go on; the log says so once; the plain port's process is replaced when it dies."""
    server = start(NAME, directory="http://127.0.0.1:9/dir")
    server.wait_for("no certificate for app.example")
    plain = Client(server.port).ask("GET", "/x", headers={"Host": NAME})
    front = min(server.pids()[1:], key=lambda pid: (int(servers._stat(pid)[19]), pid))  # the oldest
    os.kill(front, signal.SIGKILL)
    eventually(lambda: not servers._stat(front) or servers._stat(front)[0] == "Z")
    eventually(lambda: servers.answers(server.port))

    assert (302, f"https://{NAME}/x") == (plain.status, plain.headers["location"])
    assert server.get("/api/health").status == 200
    assert server.log.count("no certificate") == 1
    assert "Traceback" not in server.log
    server.process.terminate()
    assert server.process.wait(LIMIT) == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"noise", self_signed(["else.example"]), self_signed([NAME, f"www.{NAME}"])],
    ids=["empty", "noise", "other", "good"],
)
def test_cache(content: bytes, start: Start, tmp_path: Path) -> None:
    """A certificate that PocketBase left is served, a damaged one never keeps the server from starting."""
    folder = tmp_path / "pb_data" / ".autocert_cache"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(content)
    server = start(NAME, directory="http://127.0.0.1:9/dir")

    assert {NAME, f"www.{NAME}"} <= server.shown()
    assert server.get("/api/health").status == 200


REFUSED = [
    (["bad name"], '"bad name" is no domain'),
    (["*.example.com"], "is no domain"),
    (["--https=nonsense"], "missing port in address"),
    (["--https=127.0.0.1:99999"], "invalid port"),
]


@pytest.mark.parametrize(("args", "reason"), REFUSED)
def test_refused_at_the_start(args: list[str], reason: str, tmp_path: Path) -> None:
    """What cannot work ends with code 1 and the reason."""
    done = servers.run(
        OURS, "serve", *args, f"--http=127.0.0.1:{servers.free_port()}", f"--dir={tmp_path}"
    )

    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_ports_in_use(tmp_path: Path) -> None:
    """Either port being taken is said at the start."""
    for taken, free in (("http", "https"), ("https", "http")):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
            done = servers.run(
                OURS,
                "serve",
                f"--{taken}=127.0.0.1:{port}",
                f"--{free}=127.0.0.1:{servers.free_port()}",
                f"--dir={tmp_path}",
            )

        assert done.returncode == 1
        assert f"listen tcp 127.0.0.1:{port}: bind: address already in use" in done.stderr


# -- Pebble, Let's Encrypt's own test authority


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[tuple[str, str, int, int]]:
    """Give Pebble's directory, its CA file, its management port and where it looks for proofs."""
    if not (shutil.which("pebble") and shutil.which("pebble-challtestsrv")):
        pytest.skip("pebble is not installed (Debian: apt-get install pebble)")
    api, management, proofs, dns, control = (servers.free_port() for _ in range(5))
    pem = self_signed(["localhost", "127.0.0.1"])
    (tmp_path / "pebble.pem").write_bytes(pem)
    (tmp_path / "pebble.json").write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": f"127.0.0.1:{api}",
                    "managementListenAddress": f"127.0.0.1:{management}",
                    "certificate": str(tmp_path / "pebble.pem"),
                    "privateKey": str(tmp_path / "pebble.pem"),
                    "httpPort": proofs,
                    "tlsPort": 1,
                    "domainBlocklist": ["b.example"],
                }
            }
        )
    )
    dns_line = [
        "pebble-challtestsrv",
        "-dns01",
        f"127.0.0.1:{dns}",
        "-management",
        f"127.0.0.1:{control}",
        "-http01",
        "",
        "-https01",
        "",
        "-tlsalpn01",
        "",
        "-defaultIPv6",
        "",
    ]
    line = ["pebble", "-config", str(tmp_path / "pebble.json"), "-dnsserver", f"127.0.0.1:{dns}"]
    with (tmp_path / "pebble.log").open("wb") as log:
        quick = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
        running = [
            subprocess.Popen(command, stdout=log, stderr=log, env=quick)
            for command in (dns_line, line)
        ]
    try:
        eventually(lambda: socket.create_connection(("127.0.0.1", api), LIMIT).close() is None)
        yield f"https://127.0.0.1:{api}/dir", str(tmp_path / "pebble.pem"), management, proofs
    finally:
        for process in running:
            process.kill()
            process.wait(LIMIT)


def test_pebble(start: Start, pebble: tuple[str, str, int, int]) -> None:
    """An authority that others wrote gives certificates for two domains, checked over our plain port."""
    directory, ca_file, management, port = pebble
    server = start("one.example", "two.example", directory=directory, ca_file=ca_file, port=port)
    eventually(lambda: any("Pebble" in part for part in server.shown()))
    with urllib.request.urlopen(
        f"https://127.0.0.1:{management}/roots/0", context=ssl._create_unverified_context()
    ) as answer:
        root = answer.read().decode()

    for name, status in (
        ("one.example", 200),
        ("two.example", 200),
        ("www.one.example", 307),
        ("www.two.example", 307),
    ):
        assert server.get("/api/health", name, root).status == status
    with pytest.raises(ssl.SSLCertVerificationError):
        server.get("/api/health", "three.example", root)


def test_pebble_refuses(start: Start, pebble: tuple[str, str, int, int]) -> None:
    """An authority that is not known by the CA file is asked for nothing, and a refused order is told with its reason."""
    directory, ca_file, _, port = pebble
    server = start("b.example", directory=directory, ca_file=ca_file, port=port)
    server.wait_for("rejectedIdentifier")
    server.stop()
    stranger = start("one.example", directory=directory, ca_file="", port=port)
    stranger.wait_for("no certificate for one.example")

    assert "SSLError" in stranger.log or "certificate verify failed" in stranger.log
