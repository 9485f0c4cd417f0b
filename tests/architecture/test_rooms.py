"""The house keeps its own rules: signs at the doors, one line per plug-in, words in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app" / "pocketbase_server"
CLI = ROOT / "cli" / "pocketbase_cli"
PACKAGES = sorted(p.parent for base in (APP, CLI) for p in base.rglob("__init__.py"))
MODULES = sorted(p for base in (APP, CLI) for p in base.rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_room_has_a_sign(package):
    """
    A package says in its docstring what lives there.
    """
    tree = ast.parse((package / "__init__.py").read_text())

    assert ast.get_docstring(tree)


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_grows_into_a_hall(module):
    """
    No module is longer than 500 lines.
    """
    assert len(module.read_text().splitlines()) <= 500


def test_the_field_table_lists_the_files_of_its_room():
    """
    Every file of core/fields except the shared ones is one field type of the table.
    """
    from pocketbase_server.core.fields import FIELD_TYPES

    modules = {cls.__module__.rsplit(".", 1)[1] for cls in FIELD_TYPES.values()}
    files = {p.stem for p in (APP / "core" / "fields").glob("*.py")}

    assert len(FIELD_TYPES) == len(modules)
    assert modules <= files
    assert {"base", "__init__"} <= files - modules


def test_hook_names_follow_one_rule():
    """
    snake_case names turn into the reference's JavaScript names without exceptions.
    """
    from pocketbase_server.core.hooks import HookTable
    from pocketbase_server.core.hooks.table import wire_name

    names = [name for name, _ in HookTable()]

    assert len(names) == 84
    assert wire_name("record_auth_with_oauth2_request") == "onRecordAuthWithOAuth2Request"
    assert wire_name("mailer_record_otp_send") == "onMailerRecordOTPSend"
    assert all(re.fullmatch(r"on([A-Z][A-Za-z0-9]*)+", wire_name(n)) for n in names)


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_async_stays_at_the_rim(module):
    """
    `async def` appears only in web/ and serve/.
    """
    text = module.read_text()
    at_rim = any(part in {"web", "serve"} for part in module.relative_to(ROOT).parts)

    assert at_rim or "async def" not in text
