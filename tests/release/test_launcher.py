"""The launcher: unpacks once, trusts nobody, becomes the program."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("gcc", "zstd")
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    printf("%s %ld %s %s\n", argv[0], (long)getpid(), argc > 1 ? argv[1] : "-", getenv("POCKETBASE_EXECUTABLE"));
    fflush(stdout);
    if (argc > 2) sleep(atoi(argv[2]));
    return 7;
}
"""


def missing() -> str:
    tools = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not tools and not Path("/usr/include/zstd.h").exists():
        tools = ["libzstd-dev"]
    return ", ".join(tools)


pytestmark = pytest.mark.skipif(bool(missing()), reason=f"the launcher needs {missing()}")


@pytest.fixture(scope="module")
def pack():
    spec = importlib.util.spec_from_file_location("pack", ROOT / "build" / "pack.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make(pack, tmp_path_factory):
    """Return a function that packs a program whose folder also holds *text*."""

    def make(text: str = "one"):
        home = tmp_path_factory.mktemp("made")
        folder = home / "dist"
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "data.txt").write_text(text * 100_000)
        (folder / "empty").write_text("")
        (home / "p.c").write_text(PROGRAM)
        line = ["gcc", "-static", "-o", str(folder / "pocketbase"), str(home / "p.c")]
        subprocess.run(line, check=True)
        return pack.pack(folder, home / "pb", level=1)

    return make


@pytest.fixture(scope="module")
def executable(make):
    return make()


def start(executable, place, *args, **env):
    line = [str(executable), *args]
    clean = {"PATH": "/usr/bin:/bin", **({"POCKETBASE_RUNTIME_DIR": str(place)} if place else {})}
    return subprocess.run(line, env=clean | env, capture_output=True, text=True, check=False)


def unpacked(place):
    return [path for path in Path(place).iterdir() if not path.name.startswith(".")]


def test_becomes_the_program(executable, tmp_path):
    """Same process, its own exit code and arguments, argv[0] as it was started."""
    process = subprocess.Popen(
        [str(executable), "hello"],
        env={"POCKETBASE_RUNTIME_DIR": str(tmp_path / "rt")},
        stdout=subprocess.PIPE,
        text=True,
    )
    out, _ = process.communicate()
    assert out.split() == [str(executable), str(process.pid), "hello", str(executable)]
    assert process.returncode == 7


def test_unpacks_once(executable, tmp_path):
    start(executable, tmp_path / "rt")
    (folder,) = unpacked(tmp_path / "rt")
    assert (folder / "deep/er/data.txt").read_text() == "one" * 100_000
    before = (folder / "pocketbase").stat()
    assert start(executable, tmp_path / "rt").returncode == 7
    assert (folder / "pocketbase").stat().st_ino == before.st_ino


def test_twenty_first_starts_at_once(executable, tmp_path):
    env = {"POCKETBASE_RUNTIME_DIR": str(tmp_path / "rt")}
    many = [
        subprocess.Popen([str(executable)], env=env, stdout=subprocess.DEVNULL) for _ in range(20)
    ]
    assert [process.wait() for process in many] == [7] * 20
    assert len(list((tmp_path / "rt").iterdir())) == 1, "nothing temporary is left"


def test_killed_while_unpacking(executable, tmp_path):
    env = {"POCKETBASE_RUNTIME_DIR": str(tmp_path / "rt")}
    for _ in range(10):
        process = subprocess.Popen([str(executable)], env=env, stdout=subprocess.DEVNULL)
        process.kill()
        process.wait()
    assert start(executable, tmp_path / "rt").returncode == 7


def test_folder_that_others_may_write(executable, tmp_path):
    """It is not used: the next place is."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    done = start(executable, shared, HOME=str(tmp_path / "home"))
    assert done.returncode == 7
    assert unpacked(shared) == []
    assert unpacked(tmp_path / "home/.cache/pocketbase")


def test_program_folder_that_others_may_write(executable, tmp_path):
    start(executable, tmp_path / "rt")
    (folder,) = unpacked(tmp_path / "rt")
    folder.chmod(0o777)
    start(executable, tmp_path / "rt", HOME=str(tmp_path / "home"))
    assert unpacked(tmp_path / "home/.cache/pocketbase")


def test_link_in_place_of_the_folder(executable, tmp_path):
    start(executable, tmp_path / "rt")
    (folder,) = unpacked(tmp_path / "rt")
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    start(executable, tmp_path / "rt", HOME=str(tmp_path / "home"))
    assert unpacked(tmp_path / "home/.cache/pocketbase")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_ordinary_user_with_a_read_only_home(executable, tmp_path_factory):
    """Falls back along the list of places."""
    place = Path("/tmp") / f"pb_launcher_{os.getpid()}"
    place.mkdir(mode=0o755)
    try:
        copy = place / "pocketbase"
        shutil.copy(executable, copy)
        copy.chmod(0o755)
        line = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(copy)]
        done = subprocess.run(
            line, env={"PATH": "/usr/bin:/bin", "HOME": "/proc"}, capture_output=True, check=False
        )
        assert done.returncode == 7, done.stderr
    finally:
        shutil.rmtree(place)
        for top in ("/var/tmp", "/tmp", "/dev/shm"):
            shutil.rmtree(f"{top}/pocketbase-65534", ignore_errors=True)


def test_two_versions_side_by_side(make, executable, tmp_path):
    """A running one keeps its folder; one that is gone loses it to the next version's unpacking."""
    other = make("two")
    env = {"POCKETBASE_RUNTIME_DIR": str(tmp_path / "rt")}
    running = subprocess.Popen([str(executable), "x", "600"], env=env, stdout=subprocess.PIPE)
    assert running.stdout.readline(), "it has become the program"
    assert start(other, tmp_path / "rt").returncode == 7
    assert len(unpacked(tmp_path / "rt")) == 2
    running.kill()
    running.communicate()
    third = make("three")
    assert start(third, tmp_path / "rt").returncode == 7
    assert len(unpacked(tmp_path / "rt")) == 1


def test_replaced_on_demand(executable, tmp_path):
    start(executable, tmp_path / "rt")
    (folder,) = unpacked(tmp_path / "rt")
    (folder / "deep/er/data.txt").write_text("damaged")
    start(executable, tmp_path / "rt", POCKETBASE_RUNTIME_NEW="1")
    assert (folder / "deep/er/data.txt").read_text() == "one" * 100_000


@pytest.mark.parametrize("cut", [1, 40, 5_000, 100_000])
def test_damaged_file(executable, tmp_path, cut):
    data = executable.read_bytes()
    damaged = tmp_path / "pb"
    damaged.write_bytes(data[:-cut])
    damaged.chmod(0o755)
    done = start(damaged, tmp_path / "rt")
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert not (tmp_path / "rt").exists()


def test_damaged_archive(executable, tmp_path):
    data = bytearray(executable.read_bytes())
    at = len(data) - 2_000
    data[at : at + 500] = b"\0" * 500
    damaged = tmp_path / "pb"
    damaged.write_bytes(data)
    damaged.chmod(0o755)
    done = start(damaged, tmp_path / "rt")
    assert done.returncode == 1
    assert list((tmp_path / "rt").iterdir()) == []
