"""Where the server may listen."""

from __future__ import annotations

import socket

import pytest
from pocketbase_server.serve.address import ListenError, listen, parse_address

GOOD = [
    ("127.0.0.1:8090", "127.0.0.1", 8090),
    ("localhost:8090", "localhost", 8090),
    (":8090", "", 8090),
    ("[::1]:80", "::1", 80),
    ("127.0.0.1:http", "127.0.0.1", 80),
    ("127.0.0.1:", "127.0.0.1", 0),
]


@pytest.mark.parametrize(("text", "host", "port"), GOOD)
def test_addresses(text: str, host: str, port: int) -> None:
    """Host and port, in every usual spelling; the URL keeps the spelling."""
    address = parse_address(text)

    assert (host, port, f"http://{text}") == (address.host, address.port, address.url)


BAD = [
    ("abc", "listen tcp: address abc: missing port in address"),
    ("[::1]", "listen tcp: address [::1]: missing port in address"),
    ("::1:80", "listen tcp: address ::1:80: too many colons in address"),
    ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
    ("127.0.0.1:x", "listen tcp: lookup tcp/x: unknown port"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_refused(text: str, message: str) -> None:
    """What is no address is refused in the reference's words."""
    with pytest.raises(ListenError) as caught:
        parse_address(text)

    assert str(caught.value).startswith(message.split(": address 99999", maxsplit=1)[0])


def test_a_port_in_use_is_refused() -> None:
    """Two servers cannot share a port, and the second says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(ListenError) as caught:
            listen(parse_address(text))

    assert str(caught.value) == f"listen tcp {text}: bind: address already in use"


def test_listening_on_all_addresses() -> None:
    """Without a host the server answers on IPv4 too."""
    sock = listen(parse_address(":0"))
    port = sock.getsockname()[1]

    socket.create_connection(("127.0.0.1", port), timeout=60).close()
    sock.close()


def test_small_packets_are_not_held_back():
    """
    Connections send what they have at once: headers and body of a file are two packets.
    """
    with listen(parse_address("127.0.0.1:0")) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
