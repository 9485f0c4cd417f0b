"""Make the executable for another architecture on this machine: `python3 build/emulated.py arm64`.

A Debian of that architecture is put into a folder and `build/nuitka.py` runs in it, its programs under
qemu. The C compiler is this machine's own cross compiler, lent to that folder, so that compiling C runs
at full speed. The result is walked by `build/smoke.py`, as is every executable. Needs root on Debian
or Ubuntu, and `apt-get install debootstrap qemu-user-static gcc-aarch64-linux-gnu`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nuitka import is_ready, mark_ready, packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / ".builds" / "emulated"
SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
PACKAGES = (
    *("python3", "python3-venv", "python3.11-dev"),
    *("binutils", "patchelf", "zstd", "libzstd-dev"),
)
PYTHON, PYTHON_VERSION, NEWEST_GLIBC = "/usr/bin/python3.11", "3.11", 36
COMPILER = "gcc-12"
TOOLS = ("as", "ld.bfd", "ar", "ranlib", "nm", "strip", "objcopy", "objdump", "readelf")
BINFMT = Path("/proc/sys/fs/binfmt_misc")
SOURCE = "/src"
"""Where the checkout is seen from inside."""
INSIDE = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}

Result = TypeVar("Result")


@dataclass(slots=True, frozen=True)
class Machine:
    """An architecture, under the names that the tools give it."""

    arch: str
    debian: str
    triple: str
    qemu: str

    @property
    def folder(self) -> Path:
        """Where everything for it is made."""
        return OUT / self.arch

    @property
    def root(self) -> Path:
        """Its Debian."""
        return self.folder / "root"

    @property
    def out(self) -> Path:
        """Where it is compiled."""
        return self.folder / "out"

    @property
    def tag(self) -> str:
        """How wheels name it."""
        return self.triple.partition("-")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """The commands that have to be on this machine."""
        return ("debootstrap", "unshare", f"{self.qemu}-static", f"{self.triple}-{COMPILER}")


MACHINES = {"arm64": Machine("arm64", "arm64", "aarch64-linux-gnu", "qemu-aarch64")}


def main() -> int:
    """Make, walk, and return the exit code."""
    options, passed_on = _options()
    machine = MACHINES[options.arch]
    missing = [name for name in machine.needs if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        raise SystemExit(f"needs root and the commands {', '.join(machine.needs)}")
    machine.folder.mkdir(parents=True, exist_ok=True)
    with emulation(machine):
        _timed("Debian", lambda: install(machine))
        lend_compiler(machine)
        _timed("packages", lambda: fill(machine))
        executable = _timed("compiling", lambda: compile_inside(machine, passed_on))
        _timed("trying it out", lambda: _run(sys.executable, HERE / "smoke.py", executable))
    print(f"{executable}: {executable.stat().st_size / 1e6:.1f} MB")
    return 0


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python3 build/emulated.py",
        description=__doc__,
        epilog="All other options go to build/nuitka.py.",
    )
    parser.add_argument("arch", choices=sorted(MACHINES))
    return parser.parse_known_args()


@contextmanager
def emulation(machine: Machine) -> Iterator[None]:
    """Have the kernel start programs of *machine* under qemu, for as long as the block lasts."""
    entry = BINFMT / machine.qemu
    is_mounted = (BINFMT / "register").exists()
    if not is_mounted:
        _run("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT)
    is_ours = not entry.exists()
    if is_ours:
        rule = Path(f"/usr/lib/binfmt.d/{machine.qemu}.conf").read_text()
        (BINFMT / "register").write_text(rule)
    try:
        yield
    finally:
        if is_ours:
            entry.write_text("-1")
        if not is_mounted:
            _run("umount", BINFMT)


def install(machine: Machine) -> None:
    """Install Debian for *machine*, unless an earlier run did."""
    mark = machine.root / ".ready"
    if mark.exists():
        return
    shutil.rmtree(machine.root, ignore_errors=True)
    include = f"--include={','.join(PACKAGES)}"
    line = ("--foreign", f"--arch={machine.debian}", "--variant=minbase", include)
    _run("debootstrap", *line, SUITE, machine.root, MIRROR)
    _run("chroot", machine.root, "/debootstrap/debootstrap", "--second-stage")
    mark.touch()


def lend_compiler(machine: Machine) -> None:
    """Make the places in the root where parts of this machine's cross compiler are mounted."""
    root = machine.root
    for path in (*_lent_folders(machine), Path(SOURCE)):
        _below(root, path).mkdir(parents=True, exist_ok=True)
    for path in _lent_files(machine):
        _below(root, path).touch()
    compiler = f"/usr/bin/{machine.triple}-{COMPILER}"
    for name in ("gcc", f"{machine.triple}-gcc"):
        _link(root / "usr/local/bin" / name, compiler)
    loader = next(iter(Path("/lib64").glob("ld-linux-*")))
    (root / "usr/lib64").mkdir(exist_ok=True)
    _link(root / "lib64", "usr/lib64")
    _link(root / "usr/lib64" / loader.name, str(loader.resolve()))


def _lent_folders(machine: Machine) -> list[Path]:
    native = subprocess.run(("gcc", "-dumpmachine"), check=True, capture_output=True, text=True)
    names = (f"lib/gcc-cross/{machine.triple}", machine.triple, f"lib/{native.stdout.strip()}")
    return [Path("/usr") / name for name in names]


def _lent_files(machine: Machine) -> list[Path]:
    tools = [Path(f"/usr/bin/{machine.triple}-{name}") for name in (COMPILER, *TOOLS)]
    helpers = [Path(f"/usr/bin/{name}") for name in ("zstd", "ccache")]
    return [*tools, *(path for path in helpers if path.exists())]


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _link(path: Path, target: str) -> None:
    if not path.is_symlink() and not path.exists():
        path.symlink_to(target)


def fill(machine: Machine) -> None:
    """Make the environment to compile with; this machine's pip fetches the wheels, at full speed."""
    venv = machine.out / "venv"
    if is_ready(venv, PYTHON):
        return
    shutil.rmtree(venv, ignore_errors=True)
    inside(machine, PYTHON, "-m", "venv", "--without-pip", seen(venv))
    site = venv / "lib" / f"python{PYTHON_VERSION}" / "site-packages"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", site)
    kinds = [f"manylinux_2_{minor}_{machine.tag}" for minor in range(17, NEWEST_GLIBC + 1)]
    foreign = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON_VERSION}"]
    foreign += [f"--platform={kind}" for kind in (*kinds, f"manylinux2014_{machine.tag}")]
    compiler, *needs = packages()
    _run(*pip, *foreign, *needs)
    _run(*pip, "--no-deps", compiler)
    mark_ready(venv, PYTHON)


def compile_inside(machine: Machine, options: list[str]) -> Path:
    """Run `build/nuitka.py` in the root and return the executable."""
    out = f"--out={seen(machine.out)}"
    inside(machine, PYTHON, f"{SOURCE}/build/nuitka.py", f"--python={PYTHON}", out, *options)
    return machine.out / "pocketbase"


def seen(path: Path) -> str:
    """Return how a path in the checkout is seen from inside."""
    return f"{SOURCE}/{path.relative_to(ROOT)}"


def inside(machine: Machine, *line: str) -> None:
    """Run a program in the root; the mounts live in a namespace of their own and go with it."""
    lent = [(path, path) for path in (*_lent_folders(machine), *_lent_files(machine))]
    script = ["set -e", f"mount -t proc proc {shlex.quote(str(machine.root / 'proc'))}"]
    for source, place in (*lent, (ROOT, Path(SOURCE))):
        mount = ["mount", "--bind", str(source.resolve()), str(_below(machine.root, place))]
        script.append(shlex.join(mount))
    variables = [f"{name}={value}" for name, value in INSIDE.items()]
    variables.append(f"NUITKA_CACHE_DIR={seen(machine.out)}/cache")
    script.append(
        "exec " + shlex.join(["chroot", str(machine.root), "env", "-i", *variables, *line])
    )
    _run("unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(script))


def _timed(what: str, act: Callable[[], Result]) -> Result:
    began = time.monotonic()
    result = act()
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)
    return result


def _run(*line: str | Path) -> None:
    done = subprocess.run([str(word) for word in line], check=False)
    if done.returncode:
        raise SystemExit(f"{line[0]} failed with code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
