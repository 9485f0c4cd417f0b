"""Password hashes: bcrypt."""

from __future__ import annotations

import bcrypt

DEFAULT_COST = 10
MAX_BYTES = 72
"""What bcrypt takes into account; longer passwords are refused before they come here."""


def hash_password(plain: str, cost: int = DEFAULT_COST) -> str:
    """Return the bcrypt hash of *plain* as the reference stores it (`$2a$…`)."""
    salt = bcrypt.gensalt(cost or DEFAULT_COST, prefix=b"2a")
    return bcrypt.hashpw(plain.encode()[:MAX_BYTES], salt).decode()


def verify_password(plain: str, hashed: str) -> bool:
    """Tell whether *hashed* was made from *plain*; False for anything that is no hash."""
    try:
        return bcrypt.checkpw(plain.encode()[:MAX_BYTES], hashed.encode())
    except ValueError:
        return False


def cost_of(hashed: str) -> int:
    """Return the cost a hash was made with, or 0 when it is none."""
    parts = hashed.split("$")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdigit() else 0  # noqa: PLR2004
