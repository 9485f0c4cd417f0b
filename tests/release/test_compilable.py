"""What the compiler of the executable cannot take, found in seconds rather than at a release."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for folder in ("app/pocketbase_server", "cli/pocketbase_cli")
    for path in (ROOT / folder).rglob("*.py")
)
UNCOPYABLE = "memoryview"
"""Nuitka 4.3 breaks off when it has to copy a call of this, as it does to take a swap apart."""


def swaps_with(name: str, source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
        for part in node.value.elts
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == name
    ]


def test_check_finds_them():
    assert swaps_with(UNCOPYABLE, "a, b = b, memoryview(b'')") == [1]
    assert swaps_with(UNCOPYABLE, "a = memoryview(b'')\nb = (1, len(a))") == []


def test_no_swap_that_the_compiler_cannot_copy():
    found = {path.name: swaps_with(UNCOPYABLE, path.read_text()) for path in SOURCES}
    assert {name: lines for name, lines in found.items() if lines} == {}
