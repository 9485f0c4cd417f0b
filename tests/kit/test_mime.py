"""Content types by name: our own, the machine's, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pocketbase_server.kit import mime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GLOBS = """# weight:type:glob
80:text/x-heavy:*.heavy
50:text/x-light:*.heavy
50:application/x-caps:*.CAPS
50:application/x-own:*.html
50:application/x-odd:README*
50:application/x-odd:*.[0-9]
broken
"""
LIST = """# type and extensions
application/x-listed listed also
text/x-listed
"""


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    mime._machine.cache_clear()
    yield
    mime._machine.cache_clear()


def _with(monkeypatch: pytest.MonkeyPatch, globs: tuple[str, ...], lists: tuple[str, ...]) -> None:
    monkeypatch.setattr(mime, "_GLOBS", globs)
    monkeypatch.setattr(mime, "_LISTS", lists)


def test_machine_with_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first type of an extension counts, and ours before it; lists are not looked at then."""
    (tmp_path / "globs2").write_text(GLOBS)
    (tmp_path / "list").write_text(LIST)
    _with(monkeypatch, ("/nowhere", str(tmp_path / "globs2")), (str(tmp_path / "list"),))
    found = {
        name: mime.type_by_name(name)
        for name in (
            "a.heavy",
            "a.HEAVY",
            "a.CAPS",
            "a.caps",
            "a.html",
            "a.1",
            "a.listed",
            "a",
            "a.",
        )
    }

    assert found == {
        "a.heavy": "text/x-heavy; charset=utf-8",
        "a.HEAVY": "text/x-heavy; charset=utf-8",
        "a.CAPS": "application/x-caps",
        "a.caps": None,
        "a.html": "text/html; charset=utf-8",
        "a.1": None,
        "a.listed": None,
        "a": None,
        "a.": None,
    }


def test_machine_with_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without globs, lists of extensions count."""
    (tmp_path / "list").write_text(LIST)
    _with(monkeypatch, (), ("/nowhere", str(tmp_path / "list")))

    assert mime.type_by_name("a.also") == "application/x-listed"


def test_bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows nothing still serves what the web is made of."""
    _with(monkeypatch, (), ())

    assert mime.type_by_name("a.woff2") == "font/woff2"
    assert mime.type_by_name("a.zzz") is None
