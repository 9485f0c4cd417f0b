"""The node that all others are."""

from __future__ import annotations

import peewee


class Node(peewee.Node):  # type: ignore[misc]
    """A piece of a statement that can write itself: `__sql__(context)`."""
