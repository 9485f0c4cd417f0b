"""Forms written in XML: the texts of a few elements, and nothing else that XML can do."""

from __future__ import annotations

from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

_DEEPEST: Final = 10_000


class XmlError(ValueError):
    """The text is no XML, or more than we read of it."""


def read_xml(data: bytes) -> dict[str, str]:
    """Return the texts of the elements directly below the root, by name; of equal ones the last.

    What follows the root is not looked at. Raises `XmlError`.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)  # noqa: FBT003 - the parser's signature
    except _End:
        return reader.texts
    except ExpatError as ex:
        raise XmlError(str(ex)) from ex
    raise XmlError("there is no element")


class _End(Exception):  # noqa: N818 - it is no error
    """The root is closed."""


class _Reader:
    """Takes note of what the parser tells."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._path: list[str] = []
        self._pieces: list[str] = []
        self.parser = parser = ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.XmlDeclHandler = self._declaration
        # SECURITY: an entity stands for any amount of text, or for a file
        parser.EntityDeclHandler = parser.SkippedEntityHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEEPEST:
            raise XmlError("nested too deeply")
        self._path.append(name)
        if len(self._path) == 2:  # noqa: PLR2004 - below the root
            self._pieces = []

    def _text(self, text: str) -> None:
        if len(self._path) == 2:  # noqa: PLR2004 - below the root
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        if len(self._path) == 2:  # noqa: PLR2004 - below the root
            self.texts[name.rpartition(":")[2]] = "".join(self._pieces)
        self._path.pop()
        if not self._path:
            raise _End

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0" or (encoding or "utf-8").lower() != "utf-8":
            raise XmlError("unsupported declaration")


def _refuse(*_: Any) -> int:
    raise XmlError("entities are not read")
