"""Which kind of text a file is, by its first bytes."""

from __future__ import annotations

import csv
import re
from typing import Final

import orjson

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x00\x00\xfe\xff", "utf-32be"),
    (b"\xff\xfe\x00\x00", "utf-32le"),
    (b"\xfe\xff", "utf-16be"),
    (b"\xff\xfe", "utf-16le"),
)
_BINARY: Final = frozenset((*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)))
_WINDOWS: Final = frozenset(range(0x80, 0xA0))
"""Bytes that only Windows' own charset uses for characters."""
_SPACE: Final = b"\t\n\x0b\x0c\r "
_HTML: Final = re.compile(
    rb"<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]",
    re.IGNORECASE,
)
_XML_KINDS: Final = (
    (rb"<rss", "application/rss+xml", ".rss"),
    (rb'<feed\b[^>]*xmlns="http://www\.w3\.org/2005/Atom"', "application/atom+xml", ".atom"),
    (rb"<X3D", "model/x3d+xml", ".x3d"),
    (
        rb'<kml\b[^>]*xmlns="http://(?:www\.opengis\.net|earth\.google\.com)/kml',
        "application/vnd.google-earth.kml+xml",
        ".kml",
    ),
    (rb"<xliff\b", "application/x-xliff+xml", ".xlf"),
    (rb"<COLLADA\b", "model/vnd.collada+xml", ".dae"),
    (rb"<gpx\b", "application/gpx+xml", ".gpx"),
    (rb"<TrainingCenterDatabase\b", "application/vnd.garmin.tcx+xml", ".tcx"),
    (rb"<html\b[^>]*xmlns=\"http://www\.w3\.org/1999/xhtml\"", "application/xhtml+xml", ".html"),
)
_SHEBANGS: Final = (
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)?(node|nodejs)\b", "text/javascript", ".js"),
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)lua", "text/x-lua", ".lua"),
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)perl", "text/x-perl", ".pl"),
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)python", "text/x-python", ".py"),
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)ruby", "text/x-ruby", ".rb"),
    (rb"#!\s*(/usr/bin/env\s+|/usr/(local/)?bin/)tclsh", "text/x-tcl", ".tcl"),
    (
        rb"#!\s*(/usr/bin/env\s+(bash|sh|zsh)|/(usr/(local/)?)?bin/(ba|z|)sh)",
        "text/x-shellscript",
        ".sh",
    ),
)
_STARTS: Final = (
    (b"<?php\n", "text/x-php", ".php"),
    (b"<?php\r", "text/x-php", ".php"),
    (b"<?php ", "text/x-php", ".php"),
    (b"<?php\t", "text/x-php", ".php"),
    (b"<?\n", "text/x-php", ".php"),
    (b"<?\r", "text/x-php", ".php"),
    (b"<? ", "text/x-php", ".php"),
    (b"{\\rtf", "text/rtf", ".rtf"),
    (b"BEGIN:VCARD\n", "text/vcard", ".vcf"),
    (b"BEGIN:VCARD\r\n", "text/vcard", ".vcf"),
    (b"BEGIN:VCALENDAR\n", "text/calendar", ".ics"),
    (b"BEGIN:VCALENDAR\r\n", "text/calendar", ".ics"),
    (b"WARC/1.0", "application/warc", ".warc"),
    (b"WARC/1.1", "application/warc", ".warc"),
    (b"WEBVTT", "text/vtt", ".vtt"),
)
_SUBTITLE: Final = re.compile(rb"1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\s*\r?\n.")
_SVG: Final = re.compile(rb"""<svg\b[^>]*xmlns=["']http://www\.w3\.org/2000/svg""")
_META: Final = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w-]+)[\"']")
_MOST: Final = 3072

Kind = tuple[str, str]


def text_type(start: bytes) -> Kind | None:
    """Return content type and extension of a text that begins with *start*; None if it is none."""
    if not start:
        return "text/plain", ".txt"
    is_marked = any(start.startswith(bom) for bom, _ in _BOMS)
    if not is_marked and not _BINARY.isdisjoint(start):
        return None
    body = start.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    kind = _markup(body) or _script(start) or _json(start) or _table(start)
    if kind is not None:
        return kind
    charset = charset_of(start)
    return f"text/plain; charset={charset}" if charset else "text/plain", ".txt"


def charset_of(start: bytes) -> str:
    """Return the charset of a text, as well as its first bytes tell; "" when they do not."""
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    try:
        start.decode()
    except UnicodeDecodeError as ex:
        # NOTE: a character may be cut off where we stopped reading
        if ex.reason != "unexpected end of data":
            return "iso-8859-1" if _WINDOWS.isdisjoint(start) else ""
    return "utf-8"


def _markup(body: bytes) -> Kind | None:
    if not body.startswith(b"<"):
        return None
    if body.startswith(b"<?xml"):
        return _xml(body)
    if _SVG.search(body) and re.match(rb"<(svg|!--)", body):
        return "image/svg+xml", ".svg"
    if _HTML.match(body):
        found = _META.search(body)
        charset = found[1].decode().lower() if found else charset_of(body)
        return f"text/html; charset={charset}", ".html"
    return next(((mime, ext) for start, mime, ext in _STARTS if body.startswith(start)), None)


def _xml(body: bytes) -> Kind:
    if b"<svg" in body:
        return "image/svg+xml", ".svg"
    for pattern, mime, extension in _XML_KINDS:
        if re.search(pattern, body):
            return mime, extension
    found = _DECLARED.search(body)
    charset = found[1].decode().lower() if found else "utf-8"
    return f"text/xml; charset={charset}", ".xml"


def _script(start: bytes) -> Kind | None:
    for begin, mime, extension in _STARTS:
        if start.startswith(begin):
            return mime, extension
    if start.startswith(b"#!"):
        for pattern, mime, extension in _SHEBANGS:
            if re.match(pattern, start):
                return mime, extension
    if _SUBTITLE.match(start):
        return "application/x-subrip", ".srt"
    return None


# -- json

_GEO: Final = frozenset(
    (
        "Feature",
        "FeatureCollection",
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
    )
)


def _json(start: bytes) -> Kind | None:
    text = start.strip(_SPACE)
    if text[:1] not in {b"{", b"["}:
        return None
    lines = [line for line in text.split(b"\n") if line.strip()]
    value = _parsed(text)
    if value is None:
        if len(lines) > 1 and all(isinstance(_parsed(line), (dict, list)) for line in lines[:-1]):
            return "application/x-ndjson", ".ndjson"
        return ("application/json", ".json") if len(start) >= _MOST and _opens(text) else None
    if isinstance(value, dict):
        return _object(value)
    return "application/json", ".json"


def _object(value: dict[str, object]) -> Kind:
    if value.get("type") in _GEO:
        return "application/geo+json", ".geojson"
    log, asset = value.get("log"), value.get("asset")
    if isinstance(log, dict) and ("version" in log or "creator" in log or "entries" in log):
        return "application/json", ".har"
    if isinstance(asset, dict) and str(asset.get("version")) in {"1.0", "2.0"}:
        return "model/gltf+json", ".gltf"
    return "application/json", ".json"


def _parsed(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _opens(text: bytes) -> bool:
    """Tell whether a text that breaks off looks like the beginning of JSON."""
    return re.match(rb'(\[\s*)*(\{\s*"(\\.|[^"\\])*"\s*:|["\d\-tfn\]])', text) is not None


# -- tables


def _table(start: bytes) -> Kind | None:
    for delimiter, mime, extension in (
        (",", "text/csv", ".csv"),
        ("\t", "text/tab-separated-values", ".tsv"),
    ):
        if _is_table(start, delimiter):
            return mime, extension
    return None


def _is_table(start: bytes, delimiter: str) -> bool:
    """Tell whether there are two rows or more, all of as many columns, and at least two of these."""
    text = start.decode("utf-8", "replace")
    if len(start) >= _MOST:
        text = text.rpartition("\n")[0]
    try:
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, strict=True)]
    except csv.Error:
        return False
    return len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1
