"""Make a release: executables, archives, checksums, bill of materials, manifest, notes.

    python3 .goreleaser-like/release.py                  every target this machine can make, from a tag
    python3 .goreleaser-like/release.py --snapshot       from any commit, clean or not; not for publishing
    python3 .goreleaser-like/release.py --targets linux/amd64,linux/arm64
    python3 .goreleaser-like/release.py --states         the table of targets and their states

Each finished step leaves a mark in `.builds/release/<version>/.state.json`: run the same command again
after a failure and it goes on where it stopped. Steps whose inputs changed are done anew.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILDS = ROOT / ".builds"
KINDS = ("security", "removed", "deprecated", "added", "changed", "fixed")
STATES = ("built", "recipe", "cannot")
ARCHES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
VERSION = re.compile(r"v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\Z")
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class ReleaseError(Exception):
    """The release cannot go on; what was finished stays and is not done again."""


@dataclass(slots=True, frozen=True)
class Target:
    """One operating system and architecture."""

    os: str
    arch: str
    state: str
    note: str
    runner: str = ""
    container: str = ""
    python: str = ""
    source: tuple[str, ...] = ()
    emulated: bool = False
    """Linux on another processor makes it too: `build/emulated.py`."""

    @property
    def name(self) -> str:
        """How targets are named on the command line: `linux/amd64`."""
        return f"{self.os}/{self.arch}"

    @property
    def executable(self) -> str:
        """The name of the executable in the archive."""
        return "pocketbase.exe" if self.os == "windows" else "pocketbase"


@dataclass(slots=True)
class Release:
    """What is being released, and what of it is done."""

    version: str
    commit: str
    built: str
    is_snapshot: bool
    is_draft: bool
    folder: Path
    done: dict[str, str] = field(default_factory=dict)

    @property
    def _state(self) -> Path:
        return self.folder / ".state.json"

    def load(self) -> None:
        """Read what an earlier run finished; of another commit, nothing counts."""
        if not self._state.exists():
            return
        known = json.loads(self._state.read_text())
        if known.get("commit") == self.commit and not self.is_snapshot:
            self.done, self.built = known["done"], known["built"]

    def finish(self, step: str, proof: str) -> None:
        """Remember that *step* is done, with a checksum of what it left."""
        self.done[step] = proof
        part = self._state.with_suffix(".part")
        state = {"commit": self.commit, "built": self.built, "done": self.done}
        part.write_text(json.dumps(state, indent=1))
        part.replace(self._state)


def main() -> int:
    """Release and return the exit code."""
    options = _options()
    try:
        targets = load_targets(HERE / "targets.toml")
        if options.states:
            print(states_table(targets))
            return 0
        run(options, targets)
    except (ReleaseError, subprocess.SubprocessError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="release.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshot", action="store_true", help="release any commit, without a tag")
    parser.add_argument("--draft", action="store_true", help="mark the manifest as a draft")
    parser.add_argument("--targets", default="", help="such as linux/amd64,linux/arm64")
    parser.add_argument("--states", action="store_true", help="print the targets and end")
    parser.add_argument("--join", default="", help="take the archives in this folder, make none")
    parser.add_argument("--out", default=str(BUILDS / "release"), help="where releases are made")
    parser.add_argument("--level", type=int, default=19, help="zstd level of executables (19)")
    return parser.parse_args()


def run(options: argparse.Namespace, targets: list[Target]) -> None:
    """Carry out all steps that are not done yet."""
    release = begin(options)
    release.load()
    say(release, f"pocketbase {release.version} ({release.commit[:12]})")
    if options.join:
        wanted, archives = join(release, targets, Path(options.join))
    else:
        wanted = choose(targets, options.targets)
        archives = [make(release, target, options.level) for target in wanted]
    write_materials(release)
    write_checksums(release, archives)
    write_notes(release)
    write_manifest(release, wanted, archives)
    say(release, f"done: {release.folder}")


def say(release: Release, text: str) -> None:
    """Tell what is going on, with the time of day."""
    print(f"[{datetime.now(UTC):%H:%M:%S}] {text}", flush=True)
    with (release.folder / "release.log").open("a") as log:
        log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}\n")


# -- what is released


def begin(options: argparse.Namespace) -> Release:
    """Return the release that the work tree stands for; refuses a dirty tree and a missing tag."""
    commit = git("rev-parse", "HEAD")
    built = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if options.snapshot:
        version = f"{source_version()}-snapshot.{commit[:7]}"
    else:
        dirty = git("status", "--porcelain")
        if dirty:
            raise ReleaseError(
                f"the tree has changes; commit them first or use --snapshot\n{dirty}"
            )
        version = tagged_version()
    folder = Path(options.out).resolve() / version
    folder.mkdir(parents=True, exist_ok=True)
    return Release(version, commit, built, options.snapshot, options.draft, folder)


def tagged_version() -> str:
    """Return the version that a tag gives the current commit."""
    for tag in git("tag", "--points-at", "HEAD").split():
        found = VERSION.match(tag)
        if found:
            return found.group(1)
    raise ReleaseError("the commit has no version tag (v1.2.3); tag it or use --snapshot")


def source_version() -> str:
    """Return the version as the source tells it."""
    text = (ROOT / "app" / "pocketbase_server" / "version.py").read_text()
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise ReleaseError("version.py tells no version")
    return found.group(1)


def git(*words: str) -> str:
    """Return what git says."""
    line = ["git", "-C", str(ROOT), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


# -- targets


def load_targets(path: Path) -> list[Target]:
    """Return the table of targets; raises `ReleaseError` when it is malformed."""
    targets = []
    for entry in tomllib.loads(path.read_text())["target"]:
        entry["source"] = tuple(entry.get("source", ()))
        target = Target(**entry)
        if target.state not in STATES or not target.note:
            raise ReleaseError(f"{target.name} needs a state of {STATES} and a note")
        targets.append(target)
    return targets


def states_table(targets: list[Target]) -> str:
    """Return targets and states, one line each."""
    return "\n".join(f"{t.name:16}{t.state:8}{t.note}" for t in targets)


def here() -> str:
    """Return the target that this machine is."""
    machine = platform.machine().lower()
    return f"{sys.platform.replace('win32', 'windows')}/{ARCHES.get(machine, machine)}"


def choose(targets: list[Target], wanted: str) -> list[Target]:
    """Return the targets asked for, else this machine's own; raises for what cannot be made here."""
    names = [name.strip() for name in wanted.split(",") if name.strip()] or [here()]
    by_name = {target.name: target for target in targets}
    chosen = []
    for name in names:
        target = by_name.get(name)
        if target is None:
            raise ReleaseError(f"{name} is no target; there are {', '.join(by_name)}")
        if target.state == "cannot":
            raise ReleaseError(f"{name} cannot be made: {target.note}")
        if not (is_made_here(target) or made_elsewhere(target).exists()):
            raise ReleaseError(
                f"{name} is not made on {here()}: let its runner ({target.runner}) make it and put"
                f" the executable at {made_elsewhere(target)}"
            )
        chosen.append(target)
    return chosen


def is_made_here(target: Target) -> bool:
    """Say whether this machine can compile *target*: its own, or one that it can emulate."""
    return target.name == here() or (target.emulated and here().startswith("linux/"))


def made_elsewhere(target: Target) -> Path:
    """Return where an executable lies that another machine made."""
    return BUILDS / "made" / f"{target.os}_{target.arch}" / target.executable


# -- steps


def make(release: Release, target: Target, level: int) -> Path:
    """Return the archive of *target*, made unless an earlier run finished it."""
    archive = release.folder / f"pocketbase_{release.version}_{target.os}_{target.arch}.zip"
    if archive.exists() and release.done.get(target.name) == digest(archive):
        say(release, f"{target.name}: done before")
        return archive
    began = time.monotonic()
    executable = made_elsewhere(target)
    if target.name == here() or not executable.exists():
        say(release, f"{target.name}: compiling and trying it out")
        executable = build(release, target, level)
    write_archive(archive, executable, target)
    release.finish(target.name, digest(archive))
    size = archive.stat().st_size / 1e6
    say(release, f"{target.name}: {archive.name}, {size:.1f} MB, {time.monotonic() - began:.0f} s")
    return archive


def join(release: Release, targets: list[Target], folder: Path) -> tuple[list[Target], list[Path]]:
    """Take the archives that other machines made of this version."""
    found = []
    for target in targets:
        name = f"pocketbase_{release.version}_{target.os}_{target.arch}.zip"
        if (folder / name).exists():
            say(release, f"{target.name}: {name}")
            shutil.copy(folder / name, release.folder / name)
            found.append((target, release.folder / name))
    materials = folder / "sbom.cdx.json"
    if materials.exists():
        shutil.copy(materials, release.folder / materials.name)
    if not found:
        raise ReleaseError(f"{folder} holds no archive of version {release.version}")
    return [target for target, _ in found], [archive for _, archive in found]


def build(release: Release, target: Target, level: int) -> Path:
    """Build the dashboard, if there is one, and the executable; walk the executable's API."""
    if (ROOT / "ui" / "package.json").exists():
        for words in (("ci", "--silent"), ("run", "--silent", "build")):
            subprocess.run(["npm", *words], cwd=ROOT / "ui", check=True)
    options = (
        f"--version={release.version}",
        f"--commit={release.commit}",
        f"--built={release.built}",
        f"--level={level}",
    )
    if target.name != here():
        python("build/emulated.py", target.arch, *options)
        return BUILDS / "emulated" / target.arch / "out" / target.executable
    python("build/nuitka.py", f"--out={BUILDS}", *options)
    python("build/smoke.py", str(BUILDS / target.executable))
    return BUILDS / target.executable


def python(script: str, *args: str) -> None:
    """Run one of our scripts; its output is ours."""
    done = subprocess.run([sys.executable, str(ROOT / script), *args], check=False)
    if done.returncode:
        raise ReleaseError(f"{script} ended with {done.returncode}")


def write_archive(archive: Path, executable: Path, target: Target) -> None:
    """Zip the executable with licence and changelog; equal files give equal archives."""
    part = archive.with_suffix(".part")
    members = ((executable, target.executable, 0o755), (ROOT / "LICENSE.md", "LICENSE.md", 0o644))
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, name, mode in (*members, (ROOT / "CHANGELOG.md", "CHANGELOG.md", 0o644)):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, path.read_bytes())
    part.replace(archive)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha.update(chunk)
    return sha.hexdigest()


def write_materials(release: Release) -> None:
    """Write `sbom.cdx.json`: every package in the executable, as CycloneDX 1.5."""
    sites = [*BUILDS.glob("venv/lib/python*/site-packages")]
    sites += BUILDS.glob("emulated/*/out/venv/lib/python*/site-packages")
    site = next(iter(sites), None)
    path = release.folder / "sbom.cdx.json"
    if site is None and path.exists():
        return  # it came along with the archives of other machines
    found = importlib.metadata.distributions(path=[str(site)]) if site else ()
    parts = sorted((part(one) for one in found), key=lambda p: str(p["name"]).lower())
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": release.built,
            "component": {"type": "application", "name": "pocketbase", "version": release.version},
        },
        "components": [p for p in parts if p["name"] not in {"pip", "setuptools"}],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def part(found: importlib.metadata.Distribution) -> dict[str, Any]:
    """Return a package as the bill of materials names it."""
    name, version = found.metadata["Name"], found.version
    licence = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    entry: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
    }
    first = licence.strip().split("\n")[0][:80]
    if first:
        entry["licenses"] = [{"license": {"name": first}}]
    return entry


def write_checksums(release: Release, archives: list[Path]) -> None:
    """Write `checksums.txt`, as `sha256sum --check` reads it."""
    files = [*archives, release.folder / "sbom.cdx.json"]
    lines = [f"{digest(path)}  {path.name}\n" for path in files]
    (release.folder / "checksums.txt").write_text("".join(lines))


def write_notes(release: Release) -> None:
    """Write `notes.md` from the fragments in docs/changes."""
    parts = [f"# PocketBase {release.version}\n"]
    for kind in KINDS:
        path = ROOT / "docs" / "changes" / f"{kind}.md"
        if path.exists() and path.read_text().strip():
            parts.append(f"## {kind.capitalize()}\n\n{path.read_text().strip()}\n")
    (release.folder / "notes.md").write_text("\n".join(parts))


def write_manifest(release: Release, targets: list[Target], archives: list[Path]) -> None:
    """Write `manifest.json`, last: it is what `pocketbase update` reads."""
    files = [
        {
            "name": archive.name,
            "os": target.os,
            "arch": target.arch,
            "size": archive.stat().st_size,
            "sha256": digest(archive),
        }
        for target, archive in zip(targets, archives, strict=True)
    ]
    manifest = {
        "version": release.version,
        "commit": release.commit,
        "built": release.built,
        "snapshot": release.is_snapshot,
        "draft": release.is_draft,
        "notes": (release.folder / "notes.md").read_text(),
        "files": files,
    }
    part_file = release.folder / ".manifest.part"
    part_file.write_text(json.dumps(manifest, indent=1) + "\n")
    part_file.replace(release.folder / "manifest.json")


if __name__ == "__main__":
    sys.exit(main())
