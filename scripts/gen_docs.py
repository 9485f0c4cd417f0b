#!/usr/bin/env python3
"""Write docs/reference/*.md from the tables in the code; `--check` only tells whether they are current."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "reference"
HEAD = "<!-- written by scripts/gen_docs.py: change the code, then run `make docs` -->\n\n"


def first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]


def hooks_page() -> str:
    from pocketbase_server.core.hooks import HookTable
    from pocketbase_server.core.hooks.table import wire_name

    rows = [
        f"| `{name}` | `{wire_name(name)}` | {hook.event_type.__name__} | {first_line(hook.event_type)} |"
        for name, hook in HookTable()
    ]
    head = (
        "# Hooks\n\nBind with `@pb.hooks.<name>(*tags)`; a handler calls `event.next()` to let things go on.\n\n"
        "| Python | JavaScript | event | when |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def fields_page() -> str:
    from pocketbase_server.core.fields import FIELD_TYPES

    parts = ["# Field types\n"]
    for name, cls in FIELD_TYPES.items():
        field = cls()
        options = {
            k: v for k, v in sorted(field.export().items()) if k not in {"id", "name", "type"}
        }
        rows = "\n".join(f"| `{key}` | `{value!r}` |" for key, value in options.items())
        parts.append(f"## {name}\n\n{first_line(cls)}\n\n| option | default |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def routes_page() -> str:
    from pocketbase_server.web.routes import ROUTES

    head = (
        "# Routes\n\n`action` is the name by which rate-limit rules speak of a route.\n\n"
        "| method | path | what | who | action |\n|---|---|---|---|---|\n"
    )
    rows = [
        f"| {route.method} | `{route.path}` | {first_line(responder(route.target, route.method))} "
        f"| {route.access.value} | {route.action} |"
        for route in ROUTES
    ]
    return head + "\n".join(rows) + "\n"


def responder(target: str, method: str) -> object:
    module, _, name = target.partition(":")
    resource = getattr(import_module(f"pocketbase_server.web.resources.{module}"), name)
    return getattr(resource, f"on_{method.lower()}")


PAGES = {"hooks.md": hooks_page, "fields.md": fields_page, "routes.md": routes_page}


def main() -> int:
    check = "--check" in sys.argv
    stale = []
    OUT.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        text = HEAD + page()
        path = OUT / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    if check and stale:
        print("out of date, run `make docs`:", ", ".join(stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
