"""
Programs that extend the server: the examples of the documentation, run as they stand there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import servers
from scripts.http_client import Client

ROOT = Path(__file__).resolve().parent.parent
ODD = """
from pocketbase_server import PocketBase

pb = PocketBase()

def answer(path):
    def add(act):
        return pb.route("GET", path)(act)
    return add

@answer("/bug")
def bug(event):
    return 1 / 0

@answer("/value")
def value(event):
    raise ValueError("secret")

@answer("/exit")
def leave(event):
    raise SystemExit(3)

@answer("/header")
def header(event):
    event.set_header("X-Odd", "a\\nSet-Cookie: b=c")
    event.text(200, "done")

@answer("/letters")
def letters(event):
    event.set_header("X-Odd", "ünï")
    event.text(200, "done")

@answer("/nothing")
def nothing(event):
    pass

@answer("/unprintable")
def unprintable(event):
    event.json(200, {"x": object()})

@answer("/stopped")
def stopped(event):
    event.text(200, "never seen")

@pb.hooks.serve()
def around(event):
    def gate(inner):
        if inner.path == "/stopped":
            inner.text(403, "stopped")
            return
        inner.set_header("X-Around", "1")
        inner.next()
    event.router.bind(gate)
    event.next()

pb.start()
"""


def _example(document: str) -> str:
    """The first Python program of a document."""
    found = re.search(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert found is not None, document
    return found[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a function that serves a program and returns a guest's and a superuser's client."""
    started: list[servers.Server] = []

    def serve(text: str) -> tuple[Client, Client]:
        folder = tmp_path_factory.mktemp("program")
        (folder / "program.py").write_text(text)
        command = [sys.executable, str(folder / "program.py")]
        servers.make_superuser(command, folder / "pb_data")
        server = servers.Server(command, folder / "pb_data").start()
        started.append(server)
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        fields = ["title", "slug", "author"]
        root.must(
            "POST",
            "/api/collections",
            {
                "name": "posts",
                "type": "base",
                "listRule": "",
                "createRule": "",
                "fields": [
                    *({"name": name, "type": "text"} for name in fields),
                    {"name": "likes", "type": "number"},
                ],
            },
        )
        return Client(server.port), root

    yield serve
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def extended(run: Any) -> tuple[Client, Client]:
    return run(_example("docs/EXTENDING.md"))


@pytest.fixture(scope="module")
def user(extended: tuple[Client, Client]) -> Client:
    guest, root = extended
    body = {"email": "u@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}
    root.must("POST", "/api/collections/users/records", body)
    return guest.login("u@example.com", "1234567890", "users")


def test_readme(run: Any) -> None:
    """The program in the README does what it says."""
    guest, _ = run(_example("README.md"))

    assert guest.get("/hello/you").text == "Hello you"
    assert guest.post("/api/collections/posts/records", {"title": "A b"}).json()["slug"] == "a-b"


def test_hooks(extended: tuple[Client, Client]) -> None:
    """Handlers change what is stored, and refuse it."""
    guest, _ = extended
    url = "/api/collections/posts/records"

    assert guest.post(url, {"title": "Hello World"}).json()["slug"] == "hello-world"
    refused = guest.post(url, {"title": "spam"})
    assert (refused.status, refused.json()["message"]) == (400, "We do not take that.")
    assert guest.get(url, filter="title = 'spam'").json()["totalItems"] == 0


def test_routes(extended: tuple[Client, Client]) -> None:
    """Routes answer on their method and path, HEAD included, and nowhere else."""
    guest, _ = extended

    assert guest.get("/hello/some%20one").text == "Hello some one"
    assert guest.ask("HEAD", "/hello/x").status == 200
    assert guest.post("/hello/x").status == 404
    assert guest.get("/hello/").status == 404
    assert guest.get("/hello/a/b").status == 404
    assert guest.get("/download/a/b.txt").headers["x-path"] == "a/b.txt"
    assert guest.get("/download").status == 307
    assert guest.get("/teapot").json() == {"data": {}, "message": "I am a teapot.", "status": 418}
    answer = guest.get("/shop/status")
    assert (answer.json(), answer.headers["x-timed"]) == ({"open": True}, "yes")
    assert guest.get("/shop/status", fields="nope").json() == {}
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_callers(extended: tuple[Client, Client], user: Client) -> None:
    """A route knows who is calling; guards refuse in the API's own words."""
    guest, root = extended

    assert guest.get("/me").json() == {
        "data": {},
        "message": "The request requires valid record authorization token.",
        "status": 401,
    }
    assert user.get("/me").json()["collection"] == "users"
    assert root.get("/me").json()["collection"] == "_superusers"
    assert [c.get("/count").status for c in (guest, user, root)] == [401, 403, 200]


def test_records_in_routes(extended: tuple[Client, Client], user: Client) -> None:
    """Records are read, changed and answered; what is missing answers 404."""
    guest, root = extended
    post = guest.post("/api/collections/posts/records", {"title": "liked"}).json()
    url = f"/posts/{post['id']}/like"

    assert [c.post(url).status for c in (guest, root)] == [401, 403]
    assert user.post(url).json()["likes"] == 1
    assert user.post(url, {"by": 2}).json()["likes"] == 3
    assert user.post("/posts/missing/like").status == 404
    assert user.ask("POST", url, "{bad", {"Content-Type": "application/json"}).status == 400
    own = guest.post(
        "/api/collections/posts/records", {"title": "own", "author": user.get("/me").json()["id"]}
    ).json()
    assert user.post(f"/posts/{own['id']}/like").json()["message"] == "One does not like oneself."
    counted = root.get("/count").json()
    assert (counted["liked"], counted["posts"][0]["title"]) == (1, "liked")


ODDITIES = {
    "/bug": (500, "Something went wrong while processing your request."),
    "/value": (400, "Something went wrong while processing your request."),
    "/exit": (500, "Something went wrong while processing your request."),
    "/unprintable": (500, "Something went wrong while processing your request."),
}


def test_mistakes_stay_inside(run: Any) -> None:
    """Whatever a handler does wrong, the caller gets an answer and the server goes on."""
    guest, _ = run(ODD)

    for url, (status, message) in ODDITIES.items():
        answer = guest.get(url)
        assert (answer.status, answer.json()["message"]) == (status, message), url
        assert "secret" not in answer.text
    assert "set-cookie" not in guest.get("/header").headers
    assert guest.get("/letters").status == 200
    assert (guest.get("/nothing").status, guest.get("/nothing").text) == (200, "")
    assert (guest.get("/stopped").status, guest.get("/stopped").text) == (403, "stopped")
    assert guest.get("/api/health").headers["x-around"] == "1"
    assert guest.get("/api/health").status == 200
