"""Make the executable: `python3 build/nuitka.py` leaves it at `.builds/pocketbase`.

Nuitka puts our packages, compiled to C or as bytecode, into a folder with everything they need; the folder
is packed behind a small launcher that unpacks it once and becomes it. Needs gcc, the headers of zstd, patchelf
and a Python with a static library (`make binary-tools` installs Debian's).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / ".builds"
NUITKA = "nuitka==4.3.3"
PYTHONS = ("/usr/bin/python3.11", "/usr/bin/python3.12", "/usr/bin/python3.13", sys.executable)
"""Debian's Python comes first: it is built with profile-guided optimisation, worth 1.2 x."""
LIBRARY_FOLDERS = ("/lib", "/lib64", "/usr/lib")

sys.path.insert(0, str(HERE))


def main() -> int:
    """Build and return the exit code."""
    options = _options()
    began = time.monotonic()
    out = Path(options.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    contents = tomllib.loads((HERE / "contents.toml").read_text())
    python = make_venv(out / "venv", options.python)
    source = stage(out / "src", options.version, options.commit, options.built)
    folder = compile_folder(python, source, out, contents)
    complete(folder, contents["libraries"])
    from pack import pack

    executable = pack(folder, out / "pocketbase", level=options.level)
    size = executable.stat().st_size / 1e6
    print(f"{executable}: {size:.1f} MB, {time.monotonic() - began:.0f} s")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 build/nuitka.py", description=__doc__)
    parser.add_argument("--out", default=str(OUT), help="where everything is made (.builds)")
    parser.add_argument("--python", default="", help="the interpreter to compile with")
    parser.add_argument("--version", default="", help="the version to stamp, else as in the source")
    parser.add_argument("--commit", default="", help="the commit to stamp")
    parser.add_argument("--built", default="", help="the moment to stamp")
    parser.add_argument("--level", type=int, default=19, help="zstd level, 1 to 22 (19)")
    return parser.parse_args()


def make_venv(venv: Path, wanted: str) -> Path:
    """Return the interpreter of an environment with Nuitka and our dependencies in it."""
    base = wanted or next(path for path in PYTHONS if Path(path).exists())
    python = venv / "bin" / "python"
    if is_ready(venv, base):
        return python
    shutil.rmtree(venv, ignore_errors=True)
    _run(base, "-m", "venv", str(venv))
    _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages())
    mark_ready(venv, base)
    return python


def packages() -> list[str]:
    """Return what has to be installed: the compiler and our dependencies."""
    text = (ROOT / "pyproject.toml").read_text()
    return [NUITKA, *tomllib.loads(text)["project"]["dependencies"]]


def is_ready(venv: Path, base: str) -> bool:
    """Say whether the environment is one of *base* and holds what is wanted now."""
    mark = venv / ".ready"
    return mark.exists() and mark.read_text() == "\n".join([base, *packages()])


def mark_ready(venv: Path, base: str) -> None:
    """Remember that everything is installed in the environment."""
    (venv / ".ready").write_text("\n".join([base, *packages()]))


def stage(source: Path, version: str, commit: str, built: str) -> Path:
    """Return a copy of our sources that knows which build it is."""
    shutil.rmtree(source, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("app/pocketbase_server", "cli/pocketbase_cli"):
        shutil.copytree(ROOT / folder, source / Path(folder).name, ignore=ignored)
    shutil.copy(HERE / "entry.py", source / "pocketbase.py")
    stamped = source / "pocketbase_server" / "version.py"
    lines = stamped.read_text().splitlines()
    given = {"__version__": version, "COMMIT": commit, "BUILT": built}
    for at, line in enumerate(lines):
        name = line.partition(" = ")[0].partition(":")[0]
        if given.get(name):
            lines[at] = f'{name} = "{given[name]}"'
    stamped.write_text("\n".join(lines) + "\n")
    return source


def compile_folder(python: Path, source: Path, out: Path, contents: dict[str, list[str]]) -> Path:
    """Compile and return the folder with the program and all it needs."""
    site = Path(_said(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
    work = out / "nuitka"
    line = [
        *(str(python), "-m", "nuitka", "--mode=standalone", f"--output-dir={work}"),
        *("--output-filename=pocketbase", "--lto=no", "--deployment", "--assume-yes-for-downloads"),
        *("--update-check=never", "--progress-bar=none", f"--report={work / 'report.xml'}"),
        *("--static-libpython=auto", "--quiet", f"--jobs={os.cpu_count() or 1}"),
        *(f"--python-flag={flag}" for flag in ("no_site", "no_warnings", "isolated")),
        *(f"--include-package={name}" for name in contents["compile"]),
        *(f"--include-module={name}" for name in contents["include"]),
        *(f"--include-package-data={name}" for name in _present(site, source, contents["data"])),
        f"--nofollow-import-to={','.join(contents['leave_out'])}",
        *(
            f"--noinclude-custom-mode={name}:bytecode"
            for name in [*contents["bytecode"], *third_party(site)]
        ),
        *(f"--noinclude-data-files={name}" for name in botocore_data(site, contents)),
        str(source / "pocketbase.py"),
    ]
    library = static_python(python)
    environment = {**os.environ, "PYTHONPATH": str(source)}
    if library is not None:
        line[3:3] = [f"--user-plugin={HERE / 'interpreter.py'}"]
        environment |= {"POCKETBASE_LIBPYTHON": str(library), "LDFLAGS": "-no-pie"}
    work.mkdir(parents=True, exist_ok=True)
    _run(*line, cwd=source, env=environment)
    return work / "pocketbase.dist"


def static_python(python: Path) -> Path | None:
    """Return the static Python that is made for executables, where there is another one too."""
    asked = (
        "import sysconfig; print(sysconfig.get_config_var('LIBPL'), sysconfig.get_python_version())"
    )
    folder, version = _said(str(python), "-c", asked).split()
    library = Path(folder, f"libpython{version}.a")
    return (
        library if library.exists() and Path(folder, f"libpython{version}-pic.a").exists() else None
    )


def third_party(site: Path) -> list[str]:
    """Return the import names of everything installed beside the compiler."""
    kept_out = {"nuitka", "pip", "setuptools", "wheel", "_distutils_hack", "pkg_resources"}
    names = set()
    for path in site.iterdir():
        if path.suffix in {".dist-info", ".pth"} or path.name.startswith("__"):
            continue
        is_package = path.is_dir() and any(path.glob("*.py"))
        if is_package or path.suffix == ".py":
            names.add(path.stem)
    return sorted(names - kept_out)


def _present(site: Path, source: Path, names: list[str]) -> list[str]:
    return [name for name in names if (site / name).is_dir() or (source / name).is_dir()]


def botocore_data(site: Path, contents: dict[str, list[str]]) -> list[str]:
    """Return patterns for the service descriptions that stay behind."""
    data = site / "botocore" / "data"
    if not data.is_dir():
        return []
    kept = set(contents["botocore_services"])
    return [
        f"botocore/data/{p.name}/**" for p in data.iterdir() if p.is_dir() and p.name not in kept
    ]


def complete(folder: Path, libraries: list[str]) -> None:
    """Add the C library and its like, and take debugging symbols out."""
    for pattern in libraries:
        found = _library(pattern)
        if found is None:
            print(f"note: {pattern} is not on this machine")
            continue
        name = "ld.so" if pattern.startswith("ld-linux") else pattern
        shutil.copy(found.resolve(), folder / name)
        (folder / name).chmod(0o755)
    for path in sorted(folder.rglob("*.so*")):
        if path.name != "ld.so":
            _strip(path, folder / "ld.so")


def _strip(path: Path, loader: Path) -> None:
    """Take debugging symbols out of a library, unless it cannot be loaded without them.

    NOTE: wheels hold libraries whose paths were patched; stripping breaks some of these.
    """
    bare = path.with_name(path.name + ".bare")
    line = ["strip", "-s", "-o", str(bare), str(path)]
    done = subprocess.run(line, check=False, capture_output=True)
    if done.returncode == 0:
        listed = subprocess.run(
            [str(loader), "--list", str(bare)], check=False, capture_output=True
        )
        if listed.returncode == 0:
            shutil.copymode(path, bare)
            bare.replace(path)
    bare.unlink(missing_ok=True)


def _library(pattern: str) -> Path | None:
    machine = _said("gcc", "-dumpmachine")
    places = [Path(top) / machine for top in LIBRARY_FOLDERS] + [
        Path(top) for top in LIBRARY_FOLDERS
    ]
    for place in places:
        for path in sorted(place.glob(pattern)):
            return path
    return None


def _said(*line: str) -> str:
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


def _run(*line: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(line, cwd=cwd, env=env, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(line[0]).name} failed with code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
