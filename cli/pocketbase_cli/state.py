"""What the root command hands to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer
    from pocketbase_server.app import App
    from pocketbase_server.core.config import Config

    from pocketbase_cli.flags import GlobalFlags


@dataclass(slots=True)
class State:
    """The global flags, and how to get the application they describe."""

    flags: GlobalFlags
    make_app: Callable[[Config], App]

    def app(self, **more: Any) -> App:
        """Return the application, not yet opened; *more* are `Config` fields that the command sets itself."""
        return self.make_app(self.flags.config(**more))


def state_of(context: typer.Context) -> State:
    """Return the state that the root command prepared."""
    state: State = context.find_root().obj
    return state


@contextmanager
def opened_app(context: typer.Context) -> Iterator[App]:
    """Give the application with its data directory open, and close it afterwards."""
    app = state_of(context).app()
    app.bootstrap()
    try:
        yield app
    finally:
        app.terminate()
