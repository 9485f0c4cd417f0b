"""Command lines are taken apart as the reference does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS, GlobalFlags
from pocketbase_cli.main import config_from
from pocketbase_cli.parsing import find_command, parse
from pocketbase_cli.root import root_node

FOUND = [
    ([], [], []),
    (["serve"], ["serve"], []),
    (["--dir=x", "serve", "--http=y"], ["serve"], ["--dir=x", "--http=y"]),
    (["--dir", "x", "serve"], ["serve"], ["--dir", "x"]),
    (["--dev", "serve"], ["serve"], ["--dev"]),
    (["--nope", "serve"], [], ["--nope", "serve"]),
    (["--nope=1", "serve"], ["serve"], ["--nope=1"]),
    (["nope", "serve"], [], ["nope", "serve"]),
    (["superuser", "--dir", "x", "create", "a", "b"], ["superuser", "create"], ["--dir", "x", "a", "b"]),
    (["superuser", "nope"], ["superuser"], ["nope"]),
    (["--", "serve"], [], ["--", "serve"]),
]  # fmt: skip


@pytest.mark.parametrize(("args", "path", "rest"), FOUND, ids=lambda value: " ".join(value) or "-")
def test_find_command(args: list[str], path: list[str], rest: list[str]) -> None:
    """Flags may stand before, between and after the words of a command."""
    found = find_command(root_node(), args)

    assert (path, rest) == (found.path, found.args)


REFUSED = [
    (["--x"], "unknown flag: --x"),
    (["--x=1"], "unknown flag: --x"),
    (["-x"], "unknown shorthand flag: 'x' in -x"),
    (["--dir"], "flag needs an argument: --dir"),
    (
        ["--dev=maybe"],
        'invalid argument "maybe" for "--dev" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ),
    (
        ["--queryTimeout", "abc"],
        'invalid argument "abc" for "--queryTimeout" flag: strconv.ParseInt: parsing "abc": invalid syntax',
    ),
]


@pytest.mark.parametrize(("args", "message"), REFUSED)
def test_refused(args: list[str], message: str) -> None:
    """What is no flag is refused in the reference's words."""
    with pytest.raises(CliError) as caught:
        parse(args, GLOBAL_FLAGS)

    assert message == str(caught.value)


def test_values() -> None:
    """The last of repeated flags counts, a flag takes the next word, `--` ends the flags."""
    parsed = parse(["--dir=a", "w", "--dir", "--b", "--dev=F", "--", "--dev"], GLOBAL_FLAGS)
    values = parsed.values_of(GLOBAL_FLAGS)

    assert (values["dir"], values["dev"], values["hooksPool"]) == ("--b", "false", "15")
    assert parsed.words == ["w", "--dev"]


def test_config() -> None:
    """Folders stand beside the data directory unless flags say otherwise."""
    config = config_from(
        ["serve", "--dir=/x/pb", "--hooksDir=/h", "--automigrate=false", "--http=:1", "--dev"]
    )

    assert config.data_dir == Path("/x/pb")
    assert config.hooks_dir == Path("/h")
    assert config.migrations_dir == Path("/x/pb_migrations")
    assert config.public_dir == Path("pb_public")
    assert (config.is_dev, config.automigrate, config.query_timeout) == (True, False, 30.0)


def test_config_of_a_wrong_line() -> None:
    """A wrong command line gives the defaults; complaining is the command's business."""
    assert GlobalFlags(parse((), GLOBAL_FLAGS).values_of(GLOBAL_FLAGS)).config() == config_from(
        ["--dev=x"]
    )


def test_every_command_can_be_loaded() -> None:
    """The table of commands leads to commands that have help."""
    from pocketbase_cli.cobra import help_page
    from pocketbase_cli.commands import COMMANDS

    root = root_node()
    for name in COMMANDS:
        node = root.find(name)
        assert node is not None
        assert f"Usage:\n  pocketbase {name}" in help_page(node)
        assert "Global Flags:" in help_page(node)
