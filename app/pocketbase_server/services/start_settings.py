"""Settings given at start: `pb_config.yaml` beside the data directory, and `PB_…` variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import AppError, Issue, ValidationErrors
from pocketbase_server.core.options import Option, Section, options_of

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.settings.model import Settings

FILE: Final = "pb_config.yaml"
PLACE: Final = "PB_CONFIG"
"""Names the variable that holds another path of the file."""
PREFIX: Final = "PB_"
_LARGEST: Final = 1 << 20
_TRUE: Final = frozenset(("1", "true", "yes", "on"))
_FALSE: Final = frozenset(("0", "false", "no", "off", ""))
_MARKS: Final = re.compile(r"[_-]")


class StartSettingsError(AppError):
    """The file or a variable cannot be understood; the message says where and why."""


def apply_start_settings(app: App) -> None:
    """Put what file and variables say over the stored settings, and store that; variables win.

    Raises `StartSettingsError`; nothing has changed then.
    """
    path = Path(os.environ.get(PLACE) or app.config.data_dir.parent / FILE)
    current = app.settings.current
    given = _over(_from_file(path, current), _from_variables(current))
    if not given:
        return
    new = current.clone()
    try:
        new.merge(given)
        if new.export(with_secrets=True) != current.export(with_secrets=True):
            app.settings.save(new)
    except ValidationErrors as ex:
        raise StartSettingsError(f"settings at start: {_told(ex.issues)}") from ex
    except AppError as ex:
        raise StartSettingsError(f"settings at start: {ex.message}") from ex


def _told(issues: Mapping[str, Any], path: str = "") -> str:
    told = []
    for name, issue in issues.items():
        where = f"{path}{name}"
        told.append(
            f"{where}: {issue.message}" if isinstance(issue, Issue) else _told(issue, f"{where}.")
        )
    return " ".join(told)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return two trees as one; where both say something, *above* counts."""
    done = dict(below)
    for name, value in above.items():
        inner = done.get(name)
        is_tree = isinstance(inner, dict) and isinstance(value, dict)
        done[name] = _over(inner, value) if is_tree else value  # type: ignore[arg-type]
    return done


# -- the file


def _from_file(path: Path, settings: Settings) -> dict[str, Any]:
    try:
        text = path.read_text()[:_LARGEST]
    except FileNotFoundError:
        if os.environ.get(PLACE):
            raise StartSettingsError(f"{path} ({PLACE}) does not exist") from None
        return {}
    except (OSError, UnicodeDecodeError) as ex:
        raise StartSettingsError(f"cannot read {path}: {ex}") from ex
    # PERF: who has no such file need not wait for this at every start
    import yaml

    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as ex:
        raise StartSettingsError(f"{path} is no YAML: {' '.join(str(ex).split())}") from ex
    if tree is None:
        return {}
    return _spelt(settings, tree, str(path))


def _spelt(section: Section, tree: Any, where: str) -> dict[str, Any]:
    """Return a tree with names as the API spells them; `access_key` will do for `accessKey`."""
    if not isinstance(tree, dict):
        raise StartSettingsError(f"{where}: expected names with values, found {tree!r}")
    known = {_folded(option.wire): option for option in options_of(type(section))}
    done: dict[str, Any] = {}
    for name, value in tree.items():
        option = known.get(_folded(str(name)))
        if option is None:
            names = ", ".join(sorted(o.wire for o in known.values()))
            raise StartSettingsError(f"{where}: there is no setting {name!r}; there are: {names}")
        done[option.wire] = _checked(section, option, value, f"{where}: {name}")
    return done


def _folded(name: str) -> str:
    return _MARKS.sub("", name).lower()


def _checked(section: Section, option: Option, value: Any, where: str) -> Any:
    inner = getattr(section, option.attribute)
    if isinstance(inner, Section):
        return _spelt(inner, value, where)
    wanted = {"bool": bool, "int": int, "str": str}.get(option.kind, list)
    if option.kind == "str" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, wanted) or (option.kind == "int" and isinstance(value, bool)):
        raise StartSettingsError(f"{where} must be of type {wanted.__name__}, not {value!r}")
    return value


# -- variables


def _from_variables(settings: Settings) -> dict[str, Any]:
    known = dict(_variables(settings, PREFIX, ()))
    sections = tuple(
        f"{PREFIX}{o.attribute.upper()}_"
        for o in options_of(type(settings))
        if isinstance(getattr(settings, o.attribute), Section)
    )
    done: dict[str, Any] = {}
    for name, text in os.environ.items():
        if name in known:
            path, kind = known[name]
            _put(done, path, _value(name, kind, text))
        elif name.startswith(sections):
            raise StartSettingsError(f"the variable {name} names no setting")
    return done


Variable = tuple[tuple[str, ...], str]


def _variables(section: Section, prefix: str, path: tuple[str, ...]) -> list[tuple[str, Variable]]:
    """Return every variable's name with the setting's path and kind: PB_S3_ACCESS_KEY and so on."""
    found: list[tuple[str, Variable]] = []
    for option in options_of(type(section)):
        name, inner = f"{prefix}{option.attribute.upper()}", getattr(section, option.attribute)
        here = (*path, option.wire)
        if isinstance(inner, Section):
            found += _variables(inner, f"{name}_", here)
        elif option.kind in {"bool", "int", "str", "list[str]"}:
            found.append((name, (here, option.kind)))
    return found


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for name in above:
        tree = tree.setdefault(name, {})
    tree[last] = value


def _value(name: str, kind: str, text: str) -> Any:
    plain = text.strip()
    if kind == "str":
        return text
    if kind == "list[str]":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == "int" and plain.lstrip("-").isdecimal():
        return int(plain)
    if kind == "bool" and plain.lower() in _TRUE | _FALSE:
        return plain.lower() in _TRUE
    raise StartSettingsError(f"the variable {name} must be a {kind}, not {text!r}")
