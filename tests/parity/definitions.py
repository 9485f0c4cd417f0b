"""
Bodies and paths that the tests of collections share.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.scenario import Scenario, q

ALL = "/api/collections"
Body = dict[str, Any]
USERS = "_pb_users_auth_"


EXAMPLE = r"ex\.: .*?\."
LETTER = r'(?<="body":")<p>Hello,(?:[^"\\]|\\.)*'
"""The default letters, which each side words in its own way."""
GENERATED = r'(?<="id":")[^"]*|(?<="value":")[^"]*'
"""What a pattern of the definition has made up, in records."""
TEMPORARY = r"pbc_\d+|temp_view_\w+"
KEPT = {USERS, "posts", "POSTS", "users"}


def base(name: str = "fresh", *fields: Body, **more: Any) -> Body:
    return {"name": name, "type": "base", "fields": list(fields), **more}


def create(body: Any, name: str = "") -> list[Scenario]:
    """Create, look, store one empty record, look again, and clean up."""
    target = body.get("name", "") if isinstance(body, dict) else ""
    hidden = f"{EXAMPLE}|{LETTER}"
    made_up = GENERATED if "autogeneratePattern" in str(body) else ""
    steps = [q(ALL, "POST", body, who="superuser", name=name, blur=hidden)]
    if isinstance(target, str) and target and target not in KEPT:
        target = quote(target)
        # NOTE: under load the reference may count with the former query of a view
        listing = "records?skipTotal=1" if body.get("type") == "view" else "records"
        steps += [
            q(f"{ALL}/{target}", who="superuser", blur=LETTER),
            q(f"{ALL}/{target}/records", "POST", {}, who="superuser", blur=made_up),
            q(f"{ALL}/{target}/{listing}", who="superuser", blur=made_up),
            q(f"{ALL}/{target}", "DELETE", who="superuser"),
        ]
    return steps


def auth(**more: Any) -> Body:
    return {"name": "fresh", "type": "auth", "fields": [], **more}
