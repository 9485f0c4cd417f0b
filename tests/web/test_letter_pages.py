"""
The files of the page at `/_/`, over HTTP: all there, nothing inline, for every link of our letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenario import Side

IMPORT = re.compile(r'(?:from|import) "\./([\w.-]+)"')
REFERENCE = re.compile(r'(?:src|href)="\./([\w.-]+)"')
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|javascript:", re.IGNORECASE)
TEMPLATES = ("verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate")
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def test_all_files_are_there(ours: Side) -> None:
    """Whatever the page and its scripts name is served, as what it is, under a policy."""
    found, waiting = set(), {""}
    while waiting:
        name = waiting.pop()
        answer = ours.client().get(f"/_/{name}")
        found.add(name)

        assert answer.status == 200, name
        assert answer.headers["content-type"].startswith(
            KINDS[f".{(name or '.html').rpartition('.')[2]}"]
        )
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        waiting |= {*IMPORT.findall(answer.text), *REFERENCE.findall(answer.text)} - found
    assert {"page.js", "parts.js", "letters.js", "style.css"} <= found


def test_nothing_is_inline(ours: Side) -> None:
    """The policy need not make exceptions for the page."""
    assert INLINE.findall(ours.client().get("/_/").text) == []


@pytest.mark.parametrize("letter", TEMPLATES)
def test_letters_lead_to_a_form(letter: str, ours: Side) -> None:
    """Each link of the letters a new collection starts with has its form on the page."""
    scaffold = ours.client("superuser").must("GET", "/api/collections/meta/scaffolds")["auth"]
    page = re.search(r"\{APP_URL\}/_/#/auth/([\w-]+)/\{TOKEN\}", scaffold[letter]["body"])

    assert page is not None
    assert f'<form id="{page[1]}"' in ours.client().get("/_/").text
    assert f'"{page[1]}":' in ours.client().get("/_/letters.js").text
