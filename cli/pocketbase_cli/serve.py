"""`pocketbase serve`: start the web server."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pocketbase_cli.errors import CliError
from pocketbase_cli.state import state_of

if TYPE_CHECKING:
    from pocketbase_server.serve.acme.plan import TlsPlan

DEFAULT_HTTP: Final = "127.0.0.1:8090"

app = typer.Typer()


@app.command("serve", options_metavar="[domain(s)] [flags]")
def serve(  # noqa: PLR0913, PLR0917 - one argument per flag
    context: typer.Context,
    domains: Annotated[list[str] | None, typer.Argument(metavar="[domain(s)]")] = None,
    http: Annotated[
        str,
        typer.Option(
            help="the TCP address of the HTTP server\n"
            "(0.0.0.0:80 when domains are given, 127.0.0.1:8090 otherwise)"
        ),
    ] = "",
    https: Annotated[
        str,
        typer.Option(
            help="the TCP address of the HTTPS server\n"
            "(0.0.0.0:443 when domains are given, otherwise empty: no TLS)\n"
            "Requests to the HTTP server are sent there"
        ),
    ] = "",
    origins: Annotated[
        list[str] | None, typer.Option(help="the origins that CORS allows (default [*])")
    ] = None,
    workers: Annotated[int, typer.Option(help="how many processes answer requests")] = 1,
    expand_all: Annotated[
        bool,
        typer.Option(
            "--expand-all/--no-expand-all",
            help="expand every relation in every answer, unless the request says what to expand",
        ),
    ] = True,
) -> int:
    """Starts the web server (on 127.0.0.1:8090 unless a domain is given)"""  # noqa: D400, D401 - help text
    if workers < 1:
        raise CliError(f"--workers must be at least 1, not {workers}")
    from pocketbase_server.serve.granian import serve as run

    make_app = partial(
        state_of(context).app,
        origins=tuple(origins or ("*",)),
        expand_all=expand_all,
        workers=workers,
    )
    tls = _tls(context, domains or [], (http, https)) if domains or https else None
    return run(make_app, http or DEFAULT_HTTP, workers, tls)


def _tls(context: typer.Context, domains: list[str], addresses: tuple[str, str]) -> TlsPlan:
    from pocketbase_server.serve.acme.plan import DomainError, plan_tls
    from pocketbase_server.storage.datadir import DataDir

    folder = DataDir(state_of(context).flags.config().data_dir).autocert_cache
    try:
        return plan_tls(domains, addresses, folder, os.environ)
    except DomainError as error:
        raise CliError(str(error)) from error
