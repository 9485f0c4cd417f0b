"""News between the processes that serve one application: who is told what others did."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.bus.memory import MemoryBus
from pocketbase_server.storage.bus.notify_dir import NotifyDirBus

if TYPE_CHECKING:
    from pocketbase_server.storage.bus.base import Bus

BUSES: Final = {bus.name: bus for bus in (MemoryBus, NotifyDirBus)}


def bus_for(folder: Path) -> Bus:
    """Return the bus of the processes that share *folder*."""
    return NotifyDirBus(folder / "bus") if hasattr(socket, "AF_UNIX") else MemoryBus()
