"""Multipart bodies and small images for questions about files."""

from __future__ import annotations

import io
from typing import Any

from tests.scenario import Scenario, q

BOUNDARY = "boundary-of-tests"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

Part = tuple[str, str] | tuple[str, str, bytes]


def body(*parts: Part) -> bytes:
    """Return a form of fields (name, text) and files (name, file name, bytes)."""
    done = b""
    for name, text, *data in parts:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
        if data:
            head += f'; filename="{text}"\r\nContent-Type: application/octet-stream'
        done += f"{head}\r\n\r\n".encode() + (data[0] if data else text.encode()) + b"\r\n"
    return done + f"--{BOUNDARY}--\r\n".encode()


def form(url: str, *parts: Part, method: str = "POST", **more: Any) -> Scenario:
    """Return a question with a multipart body."""
    name = f"{method} {url} {[part[:2] for part in parts]}"
    return q(url, method, body(*parts), name=more.pop("name", name), headers=FORM, **more)


def image(kind: str, size: tuple[int, int] = (100, 60), mode: str = "RGB", **options: Any) -> bytes:
    """Return an image with something in it."""
    from PIL import Image

    made = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()
