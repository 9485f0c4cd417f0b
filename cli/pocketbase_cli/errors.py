"""What a command says when it cannot do its work."""

from __future__ import annotations


class CliError(Exception):
    """A command failed: the message goes to stderr with a time stamp, the exit code is 1."""
