"""The release script: targets, refusals, archives, resuming."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MATRIX = {
    *(
        f"linux/{arch}"
        for arch in ["386", "amd64", "arm", "arm64", "loong64", "ppc64le", "riscv64", "s390x"]
    ),
    *(f"windows/{arch}" for arch in ["386", "amd64", "arm64"]),
    *(f"{os}/{arch}" for os in ("darwin", "freebsd") for arch in ("amd64", "arm64")),
}


@pytest.fixture
def script(tmp_path, monkeypatch):
    """The release script as a module, making everything below a folder of the test."""
    path = ROOT / ".goreleaser-like" / "release.py"
    spec = importlib.util.spec_from_file_location("release_script", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "release_script", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BUILDS", tmp_path / "builds")
    return module


@pytest.fixture
def targets(script):
    return script.load_targets(ROOT / ".goreleaser-like" / "targets.toml")


def test_whole_matrix(targets):
    assert {target.name for target in targets} == MATRIX
    assert all(target.note for target in targets)


def test_workflow_makes_every_target_that_can_be(targets):
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    for target in targets:
        assert (target.name in workflow) is (target.state != "cannot"), target.name


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("linux/vax", "no target"),
        ("windows/386", "cannot be made"),
        ("freebsd/arm64", "not made on"),
    ],
)
def test_targets_that_are_refused(script, targets, wanted, said):
    with pytest.raises(script.ReleaseError, match=said):
        script.choose(targets, wanted)


@pytest.fixture
def made(script, monkeypatch):
    """Stand-ins for what takes minutes: the compiler, and the walk over its result."""
    calls = []

    def run(name, *args):
        calls.append(name)
        folder = script.BUILDS / ("emulated/arm64/out" if name == "build/emulated.py" else "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pocketbase").write_bytes(b"executable")

    monkeypatch.setattr(script, "python", run)
    monkeypatch.setattr(script, "here", lambda: "linux/amd64")
    return calls


def release_of(script, tmp_path, targets, *args):
    monkey = ["release.py", f"--out={tmp_path / 'out'}", *args]
    old, sys.argv = sys.argv, monkey
    try:
        options = script._options()
    finally:
        sys.argv = old
    script.run(options, targets)
    return next((tmp_path / "out").iterdir())


def test_everything_a_release_has(script, tmp_path, targets, made):
    folder = release_of(script, tmp_path, targets, "--snapshot", "--draft")
    assert made == ["build/nuitka.py", "build/smoke.py"]
    archive = next(folder.glob("pocketbase_*_linux_amd64.zip"))
    with zipfile.ZipFile(archive) as bundle:
        assert sorted(bundle.namelist()) == ["CHANGELOG.md", "LICENSE.md", "pocketbase"]
        assert bundle.getinfo("pocketbase").external_attr >> 16 & 0o777 == 0o755
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "checksums.txt"], cwd=folder, check=False
    )
    assert checked.returncode == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["draft"] is True
    assert manifest["files"][0]["name"] == archive.name
    assert manifest["files"][0]["size"] == archive.stat().st_size
    assert json.loads((folder / "sbom.cdx.json").read_text())["bomFormat"] == "CycloneDX"
    assert "pocketbase serve" in (folder / "notes.md").read_text()


def test_another_architecture_is_made_under_emulation(script, tmp_path, targets, made):
    """The walk over its API is part of making it: afterwards this machine cannot run it any more."""
    folder = release_of(
        script, tmp_path, targets, "--snapshot", "--targets=linux/amd64,linux/arm64"
    )
    assert made == ["build/nuitka.py", "build/smoke.py", "build/emulated.py"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [file["arch"] for file in manifest["files"]] == ["amd64", "arm64"]


def repository(tmp_path, script, monkeypatch):
    """A small repository that the script takes for ours."""
    root = tmp_path / "repo"
    (root / "app" / "pocketbase_server").mkdir(parents=True)
    (root / "app" / "pocketbase_server" / "version.py").write_text('__version__ = "1.2.3"\n')
    (root / "docs" / "changes").mkdir(parents=True)
    for name in ("LICENSE.md", "CHANGELOG.md", "docs/changes/added.md"):
        (root / name).write_text("- text\n")
    monkeypatch.setattr(script, "ROOT", root)

    def git(*words):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)

    git("init", "-q")
    git("config", "user.email", "a@example.com")
    git("config", "user.name", "a")
    git("add", "-A")
    git("commit", "-qm", "one")
    return root, git


def test_tag_dirt_and_resuming(script, tmp_path, targets, made, monkeypatch):
    root, git = repository(tmp_path, script, monkeypatch)
    with pytest.raises(script.ReleaseError, match="no version tag"):
        release_of(script, tmp_path, targets)
    git("tag", "v1.2.3")
    (root / "LICENSE.md").write_text("changed\n")
    with pytest.raises(script.ReleaseError, match="has changes"):
        release_of(script, tmp_path, targets)
    git("checkout", "LICENSE.md")
    assert made == []
    folder = release_of(script, tmp_path, targets)
    assert folder.name == "1.2.3"
    first = (folder / "manifest.json").read_bytes()
    release_of(script, tmp_path, targets)
    assert made == ["build/nuitka.py", "build/smoke.py"], "what is done is not done again"
    assert (folder / "manifest.json").read_bytes() == first
    next(folder.glob("*.zip")).write_bytes(b"damaged")
    release_of(script, tmp_path, targets)
    assert len(made) == 4, "what was damaged is made anew"


def test_failed_walk_leaves_no_archive(script, tmp_path, targets, made, monkeypatch):
    compile_only = script.python

    def fail(name, *args):
        if name == "build/smoke.py":
            raise script.ReleaseError("smoke")
        compile_only(name, *args)

    monkeypatch.setattr(script, "python", fail)
    with pytest.raises(script.ReleaseError, match="smoke"):
        release_of(script, tmp_path, targets, "--snapshot")
    folder = next((tmp_path / "out").iterdir())
    assert not list(folder.glob("*.zip"))
    assert not (folder / "manifest.json").exists()


def test_archives_of_equal_files_are_equal(script, tmp_path, targets):
    executable = tmp_path / "pocketbase"
    executable.write_bytes(b"x" * 1000)
    digests = set()
    for name in "ab":
        script.write_archive(tmp_path / f"{name}.zip", executable, targets[0])
        digests.add(script.digest(tmp_path / f"{name}.zip"))
    assert len(digests) == 1


def test_joining_what_other_machines_made(script, tmp_path, targets, made):
    folder = release_of(script, tmp_path, targets, "--snapshot")
    made_here = next(folder.glob("*.zip"))
    archives = tmp_path / "archives"
    archives.mkdir()
    for arch in ("amd64", "arm64"):
        copy = archives / made_here.name.replace("amd64", arch)
        copy.write_bytes(made_here.read_bytes() + arch.encode())
    folder = release_of(script, tmp_path, targets, "--snapshot", f"--join={archives}")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [file["arch"] for file in manifest["files"]] == ["amd64", "arm64"]
    with pytest.raises(script.ReleaseError, match="holds no archive"):
        release_of(script, tmp_path, targets, "--snapshot", f"--join={tmp_path}")
