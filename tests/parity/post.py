"""Both servers with postboxes of their own; what their letters carry goes into the next questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, q

if TYPE_CHECKING:
    from tests.postbox import Letter, Postbox

USERS = "/api/collections/users"
STAFF = "/api/collections/staff"
SUPER = "/api/collections/_superusers"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONG = "x" * 250 + "@example.com"


def tag(name: str) -> str:
    """Return what stands for a saved value."""
    return "{" + name + "}"


@dataclass
class Post:
    """Both servers with their postboxes."""

    pair: Pair
    boxes: tuple[Postbox, Postbox]
    number: int = field(default=0)

    def check(self, *steps: Scenario) -> None:
        """Ask both all steps."""
        self.pair.check(*steps)

    def letters(self, count: int = 1) -> list[tuple[Letter, Letter]]:
        """Take the letters both servers sent, and insist that they go to the same people."""
        taken = [box.take(count) for box in self.boxes]

        assert len(taken[0]) == len(taken[1]) == count
        assert [one.to for one in taken[0]] == [one.to for one in taken[1]]
        return list(zip(*taken, strict=True))

    def keep(self, name: str, what: str = "token") -> None:
        """Take one letter and save what it carries under a name."""
        ((theirs, ours),) = self.letters()
        for side, letter in ((self.pair.reference, theirs), (self.pair.ours, ours)):
            side.saved[name] = getattr(letter, what)

            assert side.saved[name]

    def user(self, **values: Any) -> dict[str, Any]:
        """Add a user of its own to both."""
        self.number += 1
        body = {
            "id": f"flow{self.number:011}",
            "email": f"flow{self.number}@example.com",
            "password": PASSWORD,
            "passwordConfirm": PASSWORD,
            **values,
        }
        self.check(q(f"{USERS}/records", "POST", body, who="superuser"))
        return body

    def login(self, user: dict[str, Any]) -> None:
        """Save a token of the user as `me`."""
        body = {"identity": user["email"], "password": user["password"]}
        self.check(q(f"{USERS}/auth-with-password", "POST", body, save={"me": "token"}))

    def state(self, user: dict[str, Any]) -> Scenario:
        """Return the question what is stored of a user."""
        return q(f"{USERS}/records/{user['id']}?fields=email,verified", who="superuser")


def forms(url: str, *bodies: Any, who: str = "guest") -> list[Scenario]:
    return [q(url, "POST", body, who=who) for body in bodies]


def malformed(url: str, who: str = "guest") -> list[Scenario]:
    return [
        q(url, "POST", who=who),
        q(url, "POST", [], who=who),
        q(url, "POST", '{"a', who=who, headers=JSON),
        q(url, "POST", "5", who=who, headers=JSON),
        q(url, "POST", "a=b", who=who, headers={"Content-Type": "text/plain"}),
        q(url, "GET", who=who),
    ]
