"""
Fill a data directory with the sample data of the tests, to try things by hand.

`python scripts/seed.py [--reference] DIR` starts a server on DIR, creates a superuser and a dozen
collections with records over HTTP, and stops.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import servers
from scripts.http_client import Client
from tests.data import seed


def main() -> int:
    """Seed the directory of the command line and say how to log in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", type=Path, help="a new or empty data directory")
    parser.add_argument("--reference", action="store_true", help="let the reference write it")
    options = parser.parse_args()
    command = servers.reference_command() if options.reference else servers.ours_command()
    servers.make_superuser(command, options.dir.resolve())
    quiet = ("--automigrate=false",) if options.reference else ()
    with servers.Server(command, options.dir.resolve(), quiet) as server:
        seed.seed(Client(server.port).login(servers.EMAIL, servers.PASSWORD))
    shutil.rmtree(server.home)
    print(f"superuser {servers.EMAIL}, users alice, bob, carol, dave; password {servers.PASSWORD}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
