"""Put a folder behind the launcher: one file that unpacks itself once and becomes the program."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAGIC = b"PBPACK1\0"
FOOTER = struct.Struct("<8sQQ32s")


def pack(folder: Path, executable: Path, *, level: int = 19, compiler: str = "gcc") -> Path:
    """Write *executable* from the program in *folder* and return its path."""
    archive = archive_of(folder)
    identity = hashlib.sha256(archive).hexdigest()[:32].encode()
    packed = compress(archive, level)
    launcher = build_launcher(executable.parent / "launcher", compiler)
    part = executable.with_suffix(".part")
    with part.open("wb") as file:
        file.write(launcher.read_bytes())
        offset = file.tell()
        file.write(packed)
        file.write(FOOTER.pack(MAGIC, offset, len(packed), identity))
    part.chmod(0o755)
    part.replace(executable)
    return executable


def archive_of(folder: Path) -> bytes:
    """Return the files of *folder* as a tar without times and owners: equal files, equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            data = path.read_bytes()
            entry.size = len(data)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 or ".so" in path.name else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def compress(data: bytes, level: int) -> bytes:
    """Return *data* as a zstd stream."""
    line = ["zstd", f"-{level}", "--ultra", "--long=27", "-T0", "-q", "-c"]
    return subprocess.run(line, input=data, stdout=subprocess.PIPE, check=True).stdout


def build_launcher(out: Path, compiler: str) -> Path:
    """Compile the launcher, static, and return its path."""
    source = HERE / "launcher" / "launcher.c"
    line = [
        compiler,
        "-Os",
        "-s",
        "-Wall",
        "-Wextra",
        "-static",
        "-o",
        str(out),
        str(source),
        "-lzstd",
    ]
    subprocess.run(line, check=True)
    return out
