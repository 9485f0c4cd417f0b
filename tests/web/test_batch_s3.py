"""Batches with files where files are kept in a bucket: stored before anybody has to wait for them."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from scripts.http_client import Client
from tests.parity.multipart import FORM, body, image
from tests.waiting import eventually

DOCS = "/api/collections/docs/records"
COLLECTION = {
    "name": "docs",
    "type": "base",
    **{f"{verb}Rule": "" for verb in ("list", "view", "create", "update", "delete")},
    "fields": [
        {"type": "file", "name": "pic", "maxSelect": 1},
        {"type": "file", "name": "many", "maxSelect": 5},
    ],
}
PICKY = {**COLLECTION, "name": "picky", "createRule": "@request.body.pic ~ 'good'"}
PNG = image("PNG")


@pytest.fixture(scope="module")
def side(launch, ours_command, s3):
    made = launch(ours_command)
    root = made.client("superuser")
    for collection in (COLLECTION, PICKY):
        root.must("POST", "/api/collections", collection)
    root.must("PATCH", "/api/settings", {"s3": s3.settings, "batch": {"enabled": True}})
    return made


def batch(side, requests, *files):
    """Send a batch and return its answer."""
    parts = (("@jsonPayload", json.dumps({"requests": requests})), *files)
    return side.client().ask("POST", "/api/batch", body(*parts), FORM)


def test_a_batch_stores_its_files_first(side, s3):
    """
    Files of new, changed and chosen records are there when it is done; ids are as usual.
    """
    record = side.client().must("POST", DOCS, {})
    requests = [
        {"method": "POST", "url": DOCS},
        {"method": "PATCH", "url": f"{DOCS}/{record['id']}"},
        {"method": "PUT", "url": DOCS, "body": {"id": "chosenchosen123"}},
        {"method": "POST", "url": "/api/collections/picky/records"},
    ]
    files = (
        ("requests.0.pic", "one.png", PNG),
        ("requests.0.many", "two.txt", b"2"),
        ("requests.1.many+", "three.txt", b"3"),
        ("requests.2.many", "four.txt", b"4"),
        ("requests.3.pic", "good.txt", b"5"),
    )
    answer = batch(side, requests, *files)
    assert answer.status == 200, answer.text
    made = [item["body"] for item in answer.json()]
    keys = [
        f"{m['collectionId']}/{m['id']}/{name}"
        for m in made
        for name in (m["pic"], *m["many"])
        if name
    ]

    assert [len(m["id"]) for m in made] == [15] * 4
    assert len(keys) == 5
    assert set(keys) <= set(s3.objects())
    assert not list((side.data / ".pb_pending").glob("*.note"))


@pytest.mark.parametrize(
    ("second", "files"),
    [
        ({"method": "POST", "url": DOCS, "body": {"id": "x"}}, ()),
        ({"method": "PATCH", "url": f"{DOCS}/missing"}, (("requests.1.many", "m.txt", b"m"),)),
        ({"method": "POST", "url": "/api/collections/picky/records"}, (("requests.1.pic", "bad.txt", b"m"),)),
        ({"method": "POST", "url": "/api/collections/none/records"}, (("requests.1.pic", "bad.txt", b"m"),)),
        ({"method": "POST", "url": DOCS}, tuple(("requests.1.many", "a.txt", b"m") for _ in range(6))),
        ({"method": "POST", "url": DOCS, "body": {"id": "../../../outside"}}, (("requests.1.pic", "a.txt", b"m"),)),
    ],
    ids=str,
)  # fmt: skip
def test_a_batch_that_fails_leaves_no_files(side, s3, second, files):
    """
    Whatever goes wrong after files were stored, they are gone.
    """
    before = s3.objects()
    first = {"method": "POST", "url": DOCS}
    answer = batch(side, [first, second], ("requests.0.pic", "one.png", PNG), *files)

    assert answer.status == 400, answer.text
    eventually(lambda: s3.objects() == before)
    eventually(lambda: not list((side.data / ".pb_pending").glob("*.note")))


def test_nobody_waits_while_a_batch_stores_files(side, s3):
    """
    Others write while the bucket takes its time.
    """
    root = side.client("superuser")
    slow = SlowProxy(s3.port)
    root.must("PATCH", "/api/settings", {"s3": {"endpoint": slow.endpoint}})
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(
            batch(side, [{"method": "POST", "url": DOCS}], ("requests.0.pic", "a.png", PNG))
        )
    )
    try:
        asking.start()
        assert slow.reached.wait(30)
        made = Client(side.server.port, timeout=30).must("POST", DOCS, {})
        assert answers == []
    finally:
        slow.go_on.set()
        asking.join(30)
        root.must("PATCH", "/api/settings", {"s3": s3.settings})
        slow.close()

    assert made["id"]
    assert answers[0].status == 200


class SlowProxy:
    """Passes connections on to a port, but not before it is told to."""

    def __init__(self, port):
        self._port = port
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near = self._socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near):
        first = near.recv(1 << 16)
        self.reached.set()
        self.go_on.wait(30)
        with socket.create_connection(("127.0.0.1", self._port)) as far:
            far.sendall(first)
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()
        near.close()

    def close(self):
        self._socket.close()


def _pump(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
