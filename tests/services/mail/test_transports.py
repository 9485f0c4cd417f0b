"""
Ways for letters to leave: a contract for all of them, and SMTP against real servers.
"""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pocketbase_server.core.settings.model import Smtp
from pocketbase_server.services.mail.messages import Address, MailError, Message
from pocketbase_server.services.mail.transports import TRANSPORTS, sendmail, smtp
from pocketbase_server.services.mail.transports.base import Transport
from pocketbase_server.services.mail.transports.memory import MemoryTransport
from pocketbase_server.services.mail.transports.sendmail import SendmailTransport
from pocketbase_server.services.mail.transports.smtp import SmtpTransport

from scripts.servers import free_port
from tests.postbox import Postbox


def letter(to="a@example.com", sender="app@example.com"):
    return Message(Address(sender, "Äpp"), [Address(to)], "Grüße", "<p>Hällo</p>\n.\n<p>x</p>")


def settings(box, **changed):
    return Smtp(enabled=True, host="localhost", port=box.port, **changed)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_contract(name):
    """
    Every transport has the name it is found by and refuses letters that cannot travel.
    """
    transport = TRANSPORTS[name](Smtp())

    assert isinstance(transport, Transport)
    assert transport.name == name
    with pytest.raises(MailError):
        transport.send(letter(to="a@x.y\r\nDATA"))


def test_memory():
    memory = MemoryTransport()
    memory.send(letter())

    assert [message.subject for message in memory.sent] == ["Grüße"]


# -- smtp


def test_plain_smtp():
    with Postbox() as box:
        SmtpTransport(settings(box, local_name="me.example.com")).send(letter())
        (taken,) = box.take()

    assert (taken.sender, taken.to) == ("app@example.com", ["a@example.com"])
    assert taken.message["subject"] == "Grüße"
    assert taken.part("plain") == "Hällo\r\n.\r\nx\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(monkeypatch, certificate):
    """Make the transport trust the certificate."""
    context = ssl.create_default_context(cafile=certificate[0])
    monkeypatch.setattr(SmtpTransport, "context", context)


def test_tls_from_the_start(server_context, trusting):
    with Postbox(options={"ssl_context": server_context, "server_hostname": "x"}) as box:
        SmtpTransport(settings(box, tls=True)).send(letter())

        assert len(box.take()) == 1


def test_starttls_where_it_is_offered(server_context, trusting):
    options = {"tls_context": server_context, "require_starttls": True}
    with Postbox(options=options) as box:
        SmtpTransport(settings(box)).send(letter())

        assert len(box.take()) == 1


def test_strange_certificates_are_refused(server_context):
    with Postbox(options={"tls_context": server_context}) as box:
        with pytest.raises(MailError, match=r"(?i)certificate"):
            SmtpTransport(settings(box)).send(letter())

        assert box.take(0) == []


class Gate:
    """Lets one user in and notes how."""

    def __init__(self):
        self.seen = []

    def __call__(self, server, session, envelope, mechanism, data):
        self.seen.append(mechanism)
        good = (data.login, data.password) == (b"user", "pässword".encode())
        return AuthResult(success=good, handled=good)


@pytest.mark.parametrize("method", ["", "PLAIN", "LOGIN"])
def test_signing_in(method):
    gate = Gate()
    options = {"authenticator": gate, "auth_required": True, "auth_require_tls": False}
    with Postbox(options=options) as box:
        right = settings(box, username="user", password="pässword", auth_method=method)
        SmtpTransport(right).send(letter())
        wrong = settings(box, username="user", password="wrong", auth_method=method)
        with pytest.raises(MailError, match="535"):
            SmtpTransport(wrong).send(letter())

        assert len(box.take()) == 1
    assert set(gate.seen) == {method or "PLAIN"}


def test_no_password_in_the_clear(monkeypatch):
    """
    Without TLS a password goes to this machine only.
    """
    monkeypatch.setattr(smtp, "_LOCAL", frozenset())
    with Postbox() as box:
        with pytest.raises(MailError, match="unencrypted"):
            SmtpTransport(settings(box, username="user", password="x")).send(letter())

        assert box.take(0) == []


@pytest.mark.parametrize("refusal", ["550 no such user", "421 go away"])
def test_refusals(refusal):
    with Postbox(refusal=refusal) as box, pytest.raises(MailError, match=refusal[:3]):
        SmtpTransport(settings(box)).send(letter())


def test_nobody_there():
    with pytest.raises(MailError, match=r"^dial tcp 127.0.0.1:\d+: connect: connection refused$"):
        SmtpTransport(Smtp(host="127.0.0.1", port=free_port())).send(letter())


def test_a_silent_server_counts_as_dead(monkeypatch):
    monkeypatch.setattr(smtp, "PATIENCE", 0.2)
    with Postbox(is_held=True) as box, pytest.raises(MailError, match="timed out"):
        SmtpTransport(settings(box)).send(letter())


# -- sendmail


def test_sendmail(tmp_path, monkeypatch):
    """
    The program gets the letter, and addresses that cannot be options.
    """
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args\ncat > {tmp_path}/letter\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sendmail, "PLACES", (str(program),))
    SendmailTransport().send(letter(to="-oQ/tmp@example.com"))

    assert (tmp_path / "args").read_text().split() == [
        "-i",
        "-f",
        "app@example.com",
        "--",
        "-oQ/tmp@example.com",
    ]
    assert b"Subject: =?utf-8?" in (tmp_path / "letter").read_bytes()


def test_sendmail_that_fails(tmp_path, monkeypatch):
    program = tmp_path / "sendmail"
    program.write_text("#!/bin/sh\necho queue is full >&2\nexit 75\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sendmail, "PLACES", (str(program),))
    with pytest.raises(MailError, match="queue is full"):
        SendmailTransport().send(letter())
    monkeypatch.setattr(sendmail, "PLACES", (str(tmp_path / "nothing"),))
    with pytest.raises(MailError, match="failed to locate"):
        SendmailTransport().send(letter())
