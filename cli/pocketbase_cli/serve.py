"""`pocketbase serve`: start the web server."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

import typer

from pocketbase_cli.errors import CliError
from pocketbase_cli.state import state_of

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
    if domains or https:
        raise CliError(
            "TLS is not part of this version yet: serve plain HTTP behind a proxy that does it"
        )
    if workers < 1:
        raise CliError(f"--workers must be at least 1, not {workers}")
    from pocketbase_server.serve.granian import serve as run

    make_app = partial(
        state_of(context).app,
        origins=tuple(origins or ("*",)),
        expand_all=expand_all,
        workers=workers,
    )
    return run(make_app, http or DEFAULT_HTTP, workers)
