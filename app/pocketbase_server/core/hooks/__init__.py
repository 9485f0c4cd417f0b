"""The one hook mechanism: Python, JavaScript and our own internals bind here."""

from pocketbase_server.core.hooks.hook import Event, Hook
from pocketbase_server.core.hooks.table import HookTable

__all__ = ["Event", "Hook", "HookTable"]
