"""Content types by file name and by content."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_BY_EXTENSION: Final = {
    "ai": "application/postscript",
    "apk": "application/vnd.android.package-archive",
    "apng": "image/apng",
    "avif": "image/avif",
    "bin": "application/octet-stream",
    "bmp": "image/bmp",
    "com": "application/octet-stream",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ehtml": "text/html; charset=utf-8",
    "eml": "message/rfc822",
    "eps": "application/postscript",
    "exe": "application/octet-stream",
    "flac": "audio/flac",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/vnd.microsoft.icon",
    "ics": "text/calendar; charset=utf-8",
    "jfif": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "m4a": "audio/mp4",
    "mjs": "text/javascript; charset=utf-8",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "pjp": "image/jpeg",
    "pjpeg": "image/jpeg",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ps": "application/postscript",
    "rdf": "application/rdf+xml",
    "rtf": "application/rtf",
    "shtml": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "text": "text/plain; charset=utf-8",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
    "xbl": "text/xml; charset=utf-8",
    "xbm": "image/x-xbitmap",
    "xht": "application/xhtml+xml",
    "xhtml": "application/xhtml+xml",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "text/xml; charset=utf-8",
    "xsl": "text/xml; charset=utf-8",
    "zip": "application/zip",
}
"""Types that are the same on every machine."""
_OTHERWISE: Final = {
    "aac": "audio/aac",
    "eot": "application/vnd.ms-fontobject",
    "epub": "application/epub+zip",
    "jsonld": "application/ld+json",
    "md": "text/markdown; charset=utf-8",
    "mov": "video/quicktime",
    "otf": "font/otf",
    "tar": "application/x-tar",
    "ttf": "font/ttf",
    "webmanifest": "application/manifest+json",
    "woff": "font/woff",
    "woff2": "font/woff2",
}
"""Types for machines that know none."""

_GLOBS: Final = ("/usr/local/share/mime/globs2", "/usr/share/mime/globs2")
_LISTS: Final = (
    "/etc/mime.types",
    "/etc/apache2/mime.types",
    "/etc/apache/mime.types",
    "/etc/httpd/conf/mime.types",
)

_BY_START: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"OggS\x00", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x00asm", "application/wasm"),
    (b"BM", "image/bmp"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
)
_TAGS: Final = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<body",
    b"<title",
    b"<h1",
    b"<div",
)
_BINARY: Final = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")

_GLOB_AT: Final = 2

SNIFFED: Final = 512
"""How many bytes of a file's start `sniff()` looks at."""


def type_by_name(name: str) -> str | None:
    """Return the content type that a file's extension stands for, or None."""
    if "." not in name:
        return None
    extension = name.rpartition(".")[2]
    lower = extension.lower()
    # COMPAT: what the reference does not know itself it asks the machine it runs on
    return _BY_EXTENSION.get(lower) or _of_machine(extension, lower) or _OTHERWISE.get(lower)


def _of_machine(extension: str, lower: str) -> str | None:
    known = _machine()
    kind = known.get(extension) or known.get(lower)
    return f"{kind}; charset=utf-8" if kind and kind.startswith("text/") else kind


@cache
def _machine() -> dict[str, str]:
    """Return what the machine's own tables say of extensions, the weightiest type for each."""
    lines = next((found for place in _GLOBS if (found := _lines(place))), None)
    known = dict(_glob(line) for line in reversed(lines or ()))
    if lines is None:
        known.update(pair for place in _LISTS for line in _lines(place) for pair in _listed(line))
    return known


def _lines(place: str) -> list[str]:
    try:
        return Path(place).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _glob(line: str) -> tuple[str, str]:
    """Return extension and type of a line such as `50:text/html:*.html`."""
    parts = line.split(":")
    glob = parts[2] if len(parts) > _GLOB_AT and not line.startswith("#") else ""
    is_plain = glob.startswith("*.") and not set(glob[2:]) & set("?*[")
    return (glob[2:], parts[1]) if is_plain else ("", "")


def _listed(line: str) -> list[tuple[str, str]]:
    """Return the pairs of a line such as `text/html html htm`."""
    kind, *extensions = line.partition("#")[0].split() or [""]
    return [(extension, kind) for extension in extensions]


def sniff(start: bytes) -> str:
    """Return the content type that a file's first bytes look like."""
    for signature, kind in _BY_START:
        if start.startswith(signature):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    text = start[:SNIFFED].lstrip(b"\t\n\f\r ").lower()
    if text.startswith(_TAGS):
        return "text/html; charset=utf-8"
    if text.startswith(b"<?xml"):
        return "text/xml; charset=utf-8"
    if _BINARY.isdisjoint(start[:SNIFFED]):
        return "text/plain; charset=utf-8"
    return "application/octet-stream"
