"""What a file is, by its first bytes: content type and usual extension.

COMPAT: types and extensions are spelt as the reference spells them, since they decide which files
a field takes and how they are served.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pocketbase_server.kit.text_types import text_type

SNIFFED: Final = 3072
"""How many bytes of a file's start `detect()` looks at."""


class FileType(NamedTuple):
    """A content type, perhaps with a charset, and the extension such files usually have."""

    mime: str
    extension: str

    def is_any_of(self, wanted: list[str]) -> bool:
        """Tell whether the type, parameters aside, is among *wanted* or another name of one."""
        bare = _bare(self.mime)
        names = {bare, *_ALIASES.get(bare, ())}
        return any(_bare(one) in names for one in wanted)


def _bare(mime: str) -> str:
    return mime.partition(";")[0].strip().lower()


UNKNOWN: Final = FileType("application/octet-stream", "")

_ALIASES: Final = {
    "application/pdf": ("application/x-pdf",),
    "application/postscript": ("application/eps",),
    "application/x-ole-storage": ("application/x-msdownload",),
    "application/zip": ("application/x-zip", "application/x-zip-compressed"),
    "application/gzip": (
        "application/x-gzip",
        "application/x-gunzip",
        "application/gzipped",
        "application/gzip-compressed",
        "application/x-gzip-compressed",
        "gzip/document",
    ),
    "application/vnd.rar": ("application/x-rar", "application/x-rar-compressed"),
    "application/msword": ("application/vnd.ms-word",),
    "application/vnd.ms-excel": ("application/msexcel",),
    "application/vnd.ms-powerpoint": ("application/mspowerpoint",),
    "application/vnd.microsoft.portable-executable": (),
    "application/x-sqlite3": ("application/vnd.sqlite3",),
    "audio/aac": ("audio/x-aac", "audio/aacp"),
    "audio/aiff": ("audio/x-aiff",),
    "audio/flac": ("audio/x-flac",),
    "audio/midi": ("audio/mid", "audio/sp-midi", "audio/x-mid", "audio/x-midi"),
    "audio/mp4": ("audio/x-mp4a", "audio/x-m4a"),
    "audio/mpeg": ("audio/x-mpeg", "audio/mp3"),
    "audio/wav": ("audio/x-wav", "audio/vnd.wave", "audio/wave"),
    "audio/amr": ("audio/amr-nb",),
    "font/ttf": ("font/sfnt", "application/x-font-ttf", "application/font-sfnt"),
    "image/bmp": ("image/x-bmp", "image/x-ms-bmp"),
    "image/vnd.adobe.photoshop": ("image/x-psd", "application/photoshop"),
    "image/x-icon": ("image/vnd.microsoft.icon",),
    "image/svg+xml": (),
    "text/html": (),
    "text/javascript": ("application/x-javascript", "application/javascript"),
    "text/rtf": ("application/rtf",),
    "text/x-python": ("text/x-script.python", "application/x-python"),
    "text/xml": ("application/xml",),
    "video/mp4": (),
    "video/3gpp": ("video/3gp", "audio/3gpp"),
    "video/3gpp2": ("video/3g2", "audio/3gpp2"),
    "video/webm": ("audio/webm",),
    "video/x-msvideo": ("video/avi", "video/msvideo"),
}

_STARTS: Final = tuple(
    (signature, FileType(mime, extension))
    for signature, mime, extension in (
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", ".7z"),
        (b"%PDF-", "application/pdf", ".pdf"),
        (b"\n%PDF-", "application/pdf", ".pdf"),
        (b"\xef\xbb\xbf%PDF-", "application/pdf", ".pdf"),
        (b"%FDF", "application/vnd.fdf", ".fdf"),
        (b"%!PS-Adobe-", "application/postscript", ".ps"),
        (b"8BPS", "image/vnd.adobe.photoshop", ".psd"),
        (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2", ".jp2"),
        (b"GIF87a", "image/gif", ".gif"),
        (b"GIF89a", "image/gif", ".gif"),
        (b"\x7fELF", "application/x-elf", ""),
        (b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package", ".deb"),
        (b"!<arch>", "application/x-archive", ".a"),
        (b"xar!", "application/x-xar", ".xar"),
        (b"BZh", "application/x-bzip2", ".bz2"),
        (b"II*\x00", "image/tiff", ".tiff"),
        (b"MM\x00*", "image/tiff", ".tiff"),
        (b"BM", "image/bmp", ".bmp"),
        (b"\x00\x00\x01\x00", "image/x-icon", ".ico"),
        (b"\x00\x00\x02\x00", "image/x-icon", ".ico"),
        (b"fLaC\x00\x00\x00\x22", "audio/flac", ".flac"),
        (b"MThd", "audio/midi", ".midi"),
        (b"MAC \x96\x0f\x00\x00\x34\x00\x00\x00\x18\x00\x00\x00\x90\xe3", "audio/ape", ".ape"),
        (b"MPCK", "audio/musepack", ".mpc"),
        (b"#!AMR", "audio/amr", ".amr"),
        (b".snd", "audio/basic", ".au"),
        (b"\x00\x00\x01\xba", "video/mpeg", ".mpeg"),
        (b"\x00\x00\x01\xb3", "video/mpeg", ".mpeg"),
        (b"FLV\x01", "video/x-flv", ".flv"),
        (
            b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel",
            "video/x-ms-asf",
            ".asf",
        ),
        (b"\xff\xf1", "audio/aac", ".aac"),
        (b"\xff\xf9", "audio/aac", ".aac"),
        (b"Creative Voice File", "audio/x-unknown", ".voc"),
        (b"#EXTM3U", "application/vnd.apple.mpegurl", ".m3u"),
        (b".RMF", "application/vnd.rn-realmedia-vbr", ".rmvb"),
        (b"\x1f\x8b", "application/gzip", ".gz"),
        (b"CWS", "application/x-shockwave-flash", ".swf"),
        (b"FWS", "application/x-shockwave-flash", ".swf"),
        (b"ZWS", "application/x-shockwave-flash", ".swf"),
        (b"Cr24", "application/x-chrome-extension", ".crx"),
        (b"\x00\x01\x00\x00\x00", "font/ttf", ".ttf"),
        (b"wOFF", "font/woff", ".woff"),
        (b"wOF2", "font/woff2", ".woff2"),
        (b"OTTO\x00", "font/otf", ".otf"),
        (b"ttcf", "font/collection", ".ttc"),
        (b"\x00asm", "application/wasm", ".wasm"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar", ".rar"),
        (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar", ".rar"),
        (b"AT&TFORM", "image/vnd.djvu", ".djvu"),
        (b"BPG\xfb", "image/bpg", ".bpg"),
        (b"SQLite format 3\x00", "application/vnd.sqlite3", ".sqlite"),
        (b"AC10", "image/vnd.dwg", ".dwg"),
        (b"NES\x1a", "application/vnd.nintendo.snes.rom", ".nes"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut", ".lnk"),
        (b"icns", "image/x-icns", ".icns"),
        (b"\xff\x0a", "image/jxl", ".jxl"),
        (b"\x00\x00\x00\x0cJXL\x20\r\n\x87\n", "image/jxl", ".jxl"),
        (b"#?RADIANCE\n", "image/vnd.radiance", ".hdr"),
        (b"\x28\xb5\x2f\xfd", "application/zstd", ".zst"),
        (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed", ".cab"),
        (b"\xed\xab\xee\xdb", "application/x-rpm", ".rpm"),
        (b"\xfd7zXZ\x00", "application/x-xz", ".xz"),
        (b"LZIP", "application/lzip", ".lz"),
        (b"d8:announce", "application/x-bittorrent", ".torrent"),
        (b"070707", "application/x-cpio", ".cpio"),
        (b"070701", "application/x-cpio", ".cpio"),
        (b"TZif", "application/tzif", ""),
        (b"gimp xcf", "image/x-xcf", ".xcf"),
        (b"glTF\x02\x00\x00\x00", "model/gltf-binary", ".glb"),
        (b"glTF\x01\x00\x00\x00", "model/gltf-binary", ".glb"),
        (b"II\xbc\x01", "image/jxr", ".jxr"),
        (b"PAR1", "application/vnd.apache.parquet", ".parquet"),
        (b"\x1a\x45\xdf\xa3", "video/x-matroska", ".mkv"),
        (b"MZ", "application/vnd.microsoft.portable-executable", ".exe"),
    )
)

_BRANDS: Final = {
    b"3gp1": ("video/3gpp", ".3gp"),
    b"3gp2": ("video/3gpp", ".3gp"),
    b"3gp3": ("video/3gpp", ".3gp"),
    b"3gp4": ("video/3gpp", ".3gp"),
    b"3gp5": ("video/3gpp", ".3gp"),
    b"3gp6": ("video/3gpp", ".3gp"),
    b"3gp7": ("video/3gpp", ".3gp"),
    b"3ge6": ("video/3gpp", ".3gp"),
    b"3ge7": ("video/3gpp", ".3gp"),
    b"3gg6": ("video/3gpp", ".3gp"),
    b"3g24": ("video/3gpp2", ".3g2"),
    b"3g25": ("video/3gpp2", ".3g2"),
    b"3g26": ("video/3gpp2", ".3g2"),
    b"3g2a": ("video/3gpp2", ".3g2"),
    b"3g2b": ("video/3gpp2", ".3g2"),
    b"3g2c": ("video/3gpp2", ".3g2"),
    b"KDDI": ("video/3gpp2", ".3g2"),
    b"F4A ": ("audio/mp4", ".mp4"),
    b"F4B ": ("audio/mp4", ".mp4"),
    b"M4A ": ("audio/x-m4a", ".m4a"),
    b"M4B ": ("audio/mp4", ".mp4"),
    b"M4P ": ("audio/mp4", ".mp4"),
    b"MSNV": ("audio/mp4", ".mp4"),
    b"NDAS": ("audio/mp4", ".mp4"),
    b"M4V ": ("video/x-m4v", ".m4v"),
    b"M4VH": ("video/x-m4v", ".m4v"),
    b"M4VP": ("video/x-m4v", ".m4v"),
    b"avif": ("image/avif", ".avif"),
    b"avis": ("image/avif", ".avif"),
    b"crx ": ("image/x-canon-cr3", ".cr3"),
    b"dvb1": ("video/vnd.dvb.file", ".dvb"),
    b"heic": ("image/heic", ".heic"),
    b"heix": ("image/heic", ".heic"),
    b"hevc": ("image/heic-sequence", ".heic"),
    b"hevx": ("image/heic-sequence", ".heic"),
    b"mif1": ("image/heif", ".heif"),
    b"heim": ("image/heif", ".heif"),
    b"heis": ("image/heif", ".heif"),
    b"avic": ("image/heif", ".heif"),
    b"msf1": ("image/heif-sequence", ".heif"),
    b"hevm": ("image/heif-sequence", ".heif"),
    b"hevs": ("image/heif-sequence", ".heif"),
    b"avcs": ("image/heif-sequence", ".heif"),
    b"mj2s": ("video/mj2", ".mj2"),
    b"mjp2": ("video/mj2", ".mj2"),
    b"mqt ": ("video/quicktime", ".mqv"),
    b"qt  ": ("video/quicktime", ".mov"),
}
_RIFF: Final = {
    b"WEBP": FileType("image/webp", ".webp"),
    b"WAVE": FileType("audio/wav", ".wav"),
    b"AVI ": FileType("video/x-msvideo", ".avi"),
    b"QLCM": FileType("audio/qcelp", ".qcp"),
}
_QUICKTIME: Final = frozenset((b"moov", b"mdat", b"free", b"skip", b"pnot"))


def detect(start: bytes) -> FileType:
    """Return the type of a file that begins with *start* (its first `SNIFFED` bytes)."""
    for look in (_zip, _container, _png, _ogg, _mp3, _tar):
        found = look(start)
        if found is not None:
            return found
    for signature, kind in _STARTS:
        if start.startswith(signature):
            return _refined(kind, start)
    if start.lstrip().startswith(b"%PDF-"):
        return FileType("application/pdf", ".pdf")
    text = text_type(start)
    return FileType(*text) if text is not None else UNKNOWN


def _refined(kind: FileType, start: bytes) -> FileType:
    if kind.extension == ".mkv" and b"webm" in start[:4096]:
        return FileType("video/webm", ".webm")
    if kind.extension == ".tiff" and start[8:10] == b"CR":
        return FileType("image/x-canon-cr2", ".cr2")
    return kind


def _png(start: bytes) -> FileType | None:
    if not start.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return FileType("image/apng" if start[37:41] == b"acTL" else "image/png", ".png")


def _container(start: bytes) -> FileType | None:
    """Tell the formats that begin with a length and a brand, or with RIFF."""
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[:4] == b"FORM" and start[8:12] == b"AIFF":
        return FileType("audio/aiff", ".aiff")
    if start[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _ole(start)
    if start[4:8] == b"ftyp":
        brand = start[8:12]
        known = _BRANDS.get(brand) or _BRANDS.get(brand[:3] + b" ")
        return FileType(*known) if known else FileType("video/mp4", ".mp4")
    if start[4:8] in _QUICKTIME and start[8:]:
        return FileType("video/quicktime", ".mov")
    return None


def _ole(start: bytes) -> FileType:
    text = start
    for name, mime, extension in (
        ("WordDocument", "application/msword", ".doc"),
        ("Workbook", "application/vnd.ms-excel", ".xls"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint", ".ppt"),
        ("__properties_version1.0", "application/vnd.ms-outlook", ".msg"),
    ):
        if name.encode("utf-16-le") in text:
            return FileType(mime, extension)
    return FileType("application/x-ole-storage", "")


def _ogg(start: bytes) -> FileType | None:
    if start[:5] != b"OggS\x00":
        return None
    if start[28:33] == b"\x7fFLAC" or start[28:35] in {b"\x01vorbis", b"OpusHea"}:
        return FileType("audio/ogg", ".oga")
    if start[28:36] == b"Speex   ":
        return FileType("audio/ogg", ".oga")
    if start[28:35] in {b"\x80theora", b"fishead", b"\x01video\x00"}:
        return FileType("video/ogg", ".ogv")
    return FileType("application/ogg", ".ogg")


def _mp3(start: bytes) -> FileType | None:
    if start[:3] == b"ID3":
        return FileType("audio/mpeg", ".mp3")
    if start[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"}:
        return FileType("audio/mpeg", ".mp3")
    return None


_TAR_END: Final = 512
_OCTAL: Final = re.compile(rb"[\0 ]*([0-7]+)[\0 ]*\Z")


def _tar(start: bytes) -> FileType | None:
    """Tell a tar archive by the checksum of its first header."""
    if len(start) < _TAR_END:
        return None
    found = _OCTAL.match(start[148:156])
    if found is None:
        return None
    head = start[:148] + b" " * 8 + start[156:_TAR_END]
    if sum(head) != int(found[1], 8):
        return None
    return FileType("application/x-tar", ".tar")


# -- zip and what is made of it

_OFFICE: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    (b"visio/", "application/vnd.ms-visio.drawing.main+xml", ".vsdx"),
)
_OFFICE_START: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/", b"_rels")
_OPEN_DOCUMENT: Final = {
    "text": ".odt",
    "text-template": ".ott",
    "spreadsheet": ".ods",
    "spreadsheet-template": ".ots",
    "presentation": ".odp",
    "presentation-template": ".otp",
    "graphics": ".odg",
    "graphics-template": ".otg",
    "formula": ".odf",
    "chart": ".odc",
}
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def _zip(start: bytes) -> FileType | None:
    if start[:4] not in _ZIPS:
        return None
    names = _entry_names(start)
    for look in (_by_mimetype, _by_office):
        found = look(start, names)
        if found is not None:
            return found
    if any(name.startswith(b"META-INF/MANIFEST.MF") for name in names[:1]):
        return FileType("application/java-archive", ".jar")
    if any(name in {b"AndroidManifest.xml", b"classes.dex", b"resources.arsc"} for name in names):
        return FileType("application/vnd.android.package-archive", ".apk")
    return FileType("application/zip", ".zip")


def _entry_names(start: bytes) -> list[bytes]:
    names, at = [], 0
    while (at := start.find(b"PK\x03\x04", at)) >= 0 and at + 30 <= len(start):
        length = int.from_bytes(start[at + 26 : at + 28], "little")
        names.append(start[at + 30 : at + 30 + length])
        at += 30
    return names


def _by_mimetype(start: bytes, names: list[bytes]) -> FileType | None:
    if not names or names[0] != b"mimetype":
        return None
    kind = start[38:138]
    if kind.startswith(b"application/epub+zip"):
        return FileType("application/epub+zip", ".epub")
    found = re.match(rb"application/vnd\.oasis\.opendocument\.([a-z-]+)", kind)
    if found is None:
        return None
    name = found[1].decode()
    extension = _OPEN_DOCUMENT.get(name, "")
    return FileType(f"application/vnd.oasis.opendocument.{name}", extension) if extension else None


def _by_office(start: bytes, names: list[bytes]) -> FileType | None:  # noqa: ARG001
    if not names:
        return None
    for prefix, mime, extension in _OFFICE:
        first = names[0].startswith(_OFFICE_START)
        if names[0].startswith(prefix) or (first and any(n.startswith(prefix) for n in names[:4])):
            return FileType(mime, extension)
    return None
