"""Walk the API of an executable: `python3 build/smoke.py .builds/pocketbase [--under CMD]`.

Needs nothing but Python's standard library, so that it runs on any machine an executable was made for.
Prints one line per promise; the exit code tells whether all were kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EMAIL, PASSWORD = "smoke@example.com", "1234567890"
START_SECONDS = 90
"""An emulated machine is slow; a real one answers in less than a second."""


class BrokenError(Exception):
    """A promise that was not kept."""


@dataclass(slots=True)
class Walk:
    """One executable, in a folder of its own."""

    command: list[str]
    folder: Path
    port: int = 0
    token: str = ""

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and return what it said; its exit code has to be 0."""
        line = [*self.command, *args]
        done = subprocess.run(
            line, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise BrokenError(f"{args} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: tuple[str, bytes] | None = None,
        expect: int = 200,
    ) -> Any:
        """Send a request, return the answer's JSON or bytes; its status has to be *expect*."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header("Authorization", self.token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if form is not None:
            request.data, kind = _form(*form)
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if status != expect:
            raise BrokenError(f"{method} {path}: {status} instead of {expect}: {text[:300]!r}")
        return json.loads(text) if text[:1] in (b"{", b"[") else text

    @contextmanager
    def served(self, *args: str) -> Iterator[subprocess.Popen[bytes]]:
        """Serve, and stop gracefully: the exit code has to be 0."""
        self.port = _free_port()
        line = [*self.command, "serve", f"--http=127.0.0.1:{self.port}", *args]
        log = (self.folder / "serve.log").open("wb")
        process = subprocess.Popen(line, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(process)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                code = -9
            log.close()
        if code:
            raise BrokenError(f"stopping ended with {code}: {self._log()}")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise BrokenError(f"serve ended with {process.returncode}: {self._log()}")
            try:
                self.ask("GET", "/api/health")
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise BrokenError(f"no answer in {START_SECONDS} s: {self._log()}")

    def _log(self) -> str:
        return (self.folder / "serve.log").read_text(errors="replace")[-2000:]


def says_its_version(walk: Walk) -> None:
    """`--version` tells name and version."""
    said = walk.run("--version").stdout
    if not said.startswith("pocketbase version "):
        raise BrokenError(said)


def explains_itself(walk: Walk) -> None:
    """`--help` of every command."""
    for words in ((), ("serve",), ("superuser",), ("migrate",), ("update",)):
        if "Usage:" not in walk.run(*words, "--help").stdout:
            raise BrokenError(f"no help for {words}")


def makes_a_superuser(walk: Walk) -> None:
    """`superuser upsert` on a new data directory, beside the executable's working folder."""
    walk.run("superuser", "upsert", EMAIL, PASSWORD, f"--dir={walk.folder / 'pb_data'}")


def serves(walk: Walk) -> None:
    """Sign-in, collections, records, rules, filters, expand, static files, errors."""
    public = walk.folder / "pb_public"
    public.mkdir()
    (public / "index.html").write_text("<h1>hello</h1>")
    with walk.served(f"--dir={walk.folder / 'pb_data'}", f"--publicDir={public}"):
        _sign_in(walk)
        _records(walk)
        if b"hello" not in walk.ask("GET", "/"):
            raise BrokenError("no static file")
        walk.ask("GET", "/_/")
        walk.ask("GET", "/api/collections/nope/records", expect=404)
        walk.ask("POST", "/api/collections/notes/records", {"title": ""}, expect=400)


def _sign_in(walk: Walk) -> None:
    path = "/api/collections/_superusers/auth-with-password"
    answer = walk.ask("POST", path, {"identity": EMAIL, "password": PASSWORD})
    walk.token = answer["token"]


def _records(walk: Walk) -> None:
    tags = [
        {"name": "name", "type": "text", "required": True},
        {"name": "color", "type": "select", "values": ["red", "blue"]},
    ]
    made = walk.ask("POST", "/api/collections", {"name": "tags", "type": "base", "fields": tags})
    notes = [
        {"name": "title", "type": "text", "required": True, "pattern": "^[a-z ]+$"},
        {"name": "tag", "type": "relation", "collectionId": made["id"]},
        {"name": "meta", "type": "json"},
    ]
    rules = {"listRule": "tag.color = 'red'", "viewRule": ""}
    walk.ask(
        "POST", "/api/collections", {"name": "notes", "type": "base", "fields": notes, **rules}
    )
    tag = walk.ask("POST", "/api/collections/tags/records", {"name": "one", "color": "red"})
    note = {"title": "a note", "tag": tag["id"], "meta": {"n": [1, 2.5, None]}}
    walk.ask("POST", "/api/collections/notes/records", note)
    token, walk.token = walk.token, ""
    page = walk.ask("GET", "/api/collections/notes/records?filter=title~%22note%22")
    walk.token = token
    if page["totalItems"] != 1 or page["items"][0]["meta"] != note["meta"]:
        raise BrokenError(f"the list is {page}")


def makes_thumbs(walk: Walk) -> None:
    """Upload a picture, ask for its thumb, make a backup."""
    with walk.served(f"--dir={walk.folder / 'pb_data'}"):
        field = {"name": "picture", "type": "file", "thumbs": ["10x10"]}
        walk.ask(
            "POST", "/api/collections", {"name": "pictures", "type": "base", "fields": [field]}
        )
        made = walk.ask("POST", "/api/collections/pictures/records", form=("picture", _png(40)))
        path = f"/api/files/pictures/{made['id']}/{made['picture']}?thumb=10x10"
        thumb = walk.ask("GET", path)
        if struct.unpack(">II", thumb[16:24]) != (10, 10):
            raise BrokenError(f"the thumb is {thumb[:40]!r}")
        walk.ask("POST", "/api/backups", {"name": "smoke.zip"}, expect=204)
        if [one["key"] for one in walk.ask("GET", "/api/backups")] != ["smoke.zip"]:
            raise BrokenError("no backup")


def _png(side: int) -> bytes:
    """Return a square picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((x * 5) % 256 for x in range(side * 3)) for _ in range(side))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _form(name: str, data: bytes) -> tuple[bytes, str]:
    """Return a file upload and its content type."""
    head = f'Content-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    return b"--x\r\n" + head.encode() + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def serves_with_two_workers(walk: Walk) -> None:
    """`--workers=2`: both see what one of them wrote."""
    with walk.served(f"--dir={walk.folder / 'pb_data'}", "--workers=2"):
        name = "later"
        walk.ask("POST", "/api/collections", {"name": name, "type": "base", "listRule": ""})
        for _ in range(20):
            walk.ask("GET", f"/api/collections/{name}/records")


def starts_beside_itself(walk: Walk) -> None:
    """Start from another directory, by a relative path."""
    if len(walk.command) > 1:
        return
    path = os.path.relpath(walk.command[0], walk.folder)
    said = subprocess.run([path, "--version"], cwd=walk.folder, capture_output=True, check=False)
    if said.returncode:
        raise BrokenError(said.stderr.decode())


PROMISES: tuple[Callable[[Walk], None], ...] = (
    says_its_version,
    explains_itself,
    makes_a_superuser,
    serves,
    makes_thumbs,
    serves_with_two_workers,
    starts_beside_itself,
)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def main() -> int:
    """Walk, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    parser.add_argument("--under", default="", help="a command that runs it, such as an emulator")
    options = parser.parse_args()
    command = [*shlex.split(options.under), str(Path(options.executable).resolve())]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="pb_smoke_") as folder:
        walk = Walk(command, Path(folder))
        for promise in PROMISES:
            began = time.monotonic()
            try:
                promise(walk)
            except (
                BrokenError,
                OSError,
                subprocess.SubprocessError,
                ValueError,
                KeyError,
            ) as error:
                failed += 1
                print(f"FAIL {promise.__name__}: {error}")
            else:
                print(f"ok   {promise.__name__} ({time.monotonic() - began:.2f} s)")
    print(f"{len(PROMISES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
