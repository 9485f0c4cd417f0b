"""Reading request bodies off the wire: small ones to memory, large ones to disk."""

from __future__ import annotations

from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from pathlib import Path

SMALL: Final = 256 << 10
"""Bytes up to which a body stays in memory."""

Body = BytesIO | IO[bytes]


async def read_body(proto: Any, length: str | None, limit: int, folder: Path | None = None) -> Body:
    """Return the body; *length* is what the caller announced, *limit* what is allowed (0: anything).

    Large bodies go to a nameless file in *folder* (None: the system's place for such files).

    Raises `TooLargeError` as soon as that is known, `BadRequestError` when the body breaks off.
    """
    announced = int(length) if length is not None else -1
    if announced > limit > 0:
        raise TooLargeError
    try:
        if 0 <= announced <= SMALL:
            return BytesIO(await proto())
        return await _spooled(proto, limit, folder)
    except TooLargeError:
        raise
    except Exception as ex:  # the server has several errors for a body that breaks off
        raise BadRequestError from ex


async def _spooled(pieces: AsyncIterable[bytes], limit: int, folder: Path | None) -> Body:
    memory = BytesIO()
    file: IO[bytes] | None = None
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit > 0:
            raise TooLargeError
        if file is None and size > SMALL:
            file = _temporary(folder)
            file.write(memory.getvalue())
        (file or memory).write(piece)
    if file is None:
        memory.seek(0)
        return memory
    file.flush()
    file.seek(0)
    return file


def _temporary(folder: Path | None) -> IO[bytes]:
    # NOTE: the system's place is often in memory, which is what we want to spare
    try:
        return TemporaryFile(dir=folder)
    except FileNotFoundError:
        return TemporaryFile()
