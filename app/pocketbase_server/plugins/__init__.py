"""Hosts for other people's code: hooks, migrations, self-update."""
