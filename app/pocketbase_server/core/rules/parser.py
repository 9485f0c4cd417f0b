"""From tokens to the tree."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.ast import (
    And,
    Call,
    Comparison,
    Expression,
    Identifier,
    Number,
    Operand,
    Or,
    Param,
    Slot,
    Text,
    count,
    identifiers,
)
from pocketbase_server.core.rules.tokens import NUMBER_SLOT, Kind, Token, scan

MAX_COMPARISONS: Final = 200
_MAX_CALLS: Final = 3
"""How deep functions may stand in each other."""

_OPERANDS: Final = frozenset(
    {Kind.IDENTIFIER, Kind.FUNCTION, Kind.TEXT, Kind.NUMBER, Kind.PARAM, Kind.SLOT}
)


def parse(text: str, slots: int = 0) -> Expression:
    """Return the tree of an expression from which so many literals were lifted.

    Raises `RuleSyntaxError` with the position of what is wrong.
    """
    tree = _Parser(scan(text), slots).parse()
    if count(tree) > MAX_COMPARISONS:
        raise RuleSyntaxError("max filter expressions limit reached")
    return tree


parse_kept = lru_cache(maxsize=2048)(parse)
"""`parse` for texts that come again: rules, and filters without their literals."""


def references(expression: str) -> set[str]:
    """Return the identifiers that an expression uses: `{"author.name", "@request.body.x:isset"}`.

    Raises `RuleSyntaxError`.
    """
    return identifiers(parse_kept(expression)) if expression.strip() else set()


class _Group:
    """What stands between two parentheses (or the whole), as far as it is read."""

    __slots__ = ("items", "join", "left", "opened", "sign")

    def __init__(self, opened: int) -> None:
        self.opened = opened
        self.items: list[tuple[str, Expression]] = []
        self.join = "&&"
        self.left: tuple[Operand, int] | None = None
        self.sign: str = ""

    @property
    def is_complete(self) -> bool:
        return bool(self.items) and self.left is None and self.join != ""


class _Parser:
    """Reads tokens one by one; groups are kept on a stack of its own, so depth costs no recursion."""

    def __init__(self, tokens: list[Token], slots: int) -> None:
        self._tokens = tokens
        self._at = 0
        self._slots = 0
        self._most_slots = slots
        self._stack = [_Group(-1)]
        self._awaits_join = False

    def parse(self) -> Expression:
        """Read everything."""
        while (token := self._next()).kind is not Kind.END:
            self._take(token)
        if len(self._stack) > 1:
            missing = len(self._stack) - 1
            raise RuleSyntaxError(
                f"invalid formatted group - missing {missing} closing bracket(s)",
                self._stack[-1].opened,
            )
        return self._close()

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, token: Token) -> None:
        group = self._stack[-1]
        if token.kind is Kind.OPEN:
            self._stack.append(_Group(token.position))
            self._awaits_join = False
        elif token.kind is Kind.CLOSE:
            self._end_group(token)
        elif self._awaits_join:
            self._take_join(group, token)
        elif group.left is None:
            group.left = self._operand(token, "left"), token.position
        elif not group.sign:
            group.sign = _sign(token)
        else:
            self._compare(group, token)

    def _end_group(self, token: Token) -> None:
        if len(self._stack) == 1:
            raise RuleSyntaxError("unexpected character ')'", token.position)
        inner = self._close()
        self._stack.pop()
        group = self._stack[-1]
        # COMPAT: a group may stand anywhere; what was begun before it is dropped
        group.left, group.sign = None, ""
        group.items.append((group.join, inner))
        self._awaits_join = True

    def _close(self) -> Expression:
        """Return the tree of the innermost group."""
        group = self._stack[-1]
        if not self._awaits_join:
            is_empty = not group.items and group.left is None
            at = self._tokens[self._at - 1].position
            raise RuleSyntaxError(
                "empty filter expression"
                if is_empty
                else "invalid or incomplete filter expression",
                at,
            )
        return _tree(group.items)

    def _take_join(self, group: _Group, token: Token) -> None:
        if token.kind is not Kind.JOIN:
            raise _unexpected("expected && or ||", token)
        group.join = token.text
        self._awaits_join = False

    def _compare(self, group: _Group, token: Token) -> None:
        assert group.left is not None  # noqa: S101 - the sign came after it
        left, position = group.left
        right = self._operand(token, "right")
        group.items.append((group.join, Comparison(left, group.sign, right, position)))
        group.left, group.sign = None, ""
        self._awaits_join = True

    # -- operands

    def _operand(self, token: Token, side: str) -> Operand:
        if token.kind not in _OPERANDS:
            comma = "," if side == "left" else ""
            what = f"expected {side} operand (identifier, function{comma} text or number)"
            raise _unexpected(what, token)
        return self._value(token, _MAX_CALLS)

    def _value(self, token: Token, depth: int) -> Operand:
        match token.kind:
            case Kind.FUNCTION:
                return self._call(token, depth)
            case Kind.IDENTIFIER:
                return Identifier(token.text, token.position)
            case Kind.NUMBER:
                return Number(float(token.text))
            case Kind.PARAM:
                return Param(token.text)
            case Kind.SLOT:
                return self._slot(token)
            case _:
                return Text(token.text)

    def _slot(self, token: Token) -> Slot:
        number = self._slots
        if number >= self._most_slots:
            # SECURITY: the caller wrote the character himself
            shown = f"\\x{ord(token.text):02x}"
            raise RuleSyntaxError(f"unexpected character '{shown}'", token.position)
        self._slots += 1
        return Slot(number, token.text == NUMBER_SLOT)

    def _call(self, name: Token, depth: int) -> Call:
        if depth <= 0:
            message = f"max nested function arguments reached (max: {_MAX_CALLS})"
            raise RuleSyntaxError(message, name.position)
        arguments: list[Operand] = []
        is_separated = True
        while (token := self._next()).kind is not Kind.CLOSE:
            if token.kind is Kind.COMMA:
                is_separated = _separate(name, token, is_separated=is_separated)
                continue
            self._check_argument(name, token, is_separated=is_separated)
            arguments.append(self._value(token, depth - 1))
            is_separated = False
        return Call(name.text, tuple(arguments), name.position)

    def _check_argument(self, name: Token, token: Token, *, is_separated: bool) -> None:
        if token.kind is Kind.END:
            message = f"""invalid or incomplete function "{name.text}" (expected ')')"""
            raise RuleSyntaxError(message, name.position)
        if token.kind is Kind.OPEN:
            message = f"""unsupported argument character '(' in function "{name.text}\""""
            raise RuleSyntaxError(message, token.position)
        if not is_separated or token.kind not in _OPERANDS:
            message = f'expected comma after the last argument in function "{name.text}"'
            raise RuleSyntaxError(message, token.position)


def _separate(name: Token, comma: Token, *, is_separated: bool) -> bool:
    if is_separated:
        raise RuleSyntaxError(f'unexpected comma in function "{name.text}"', comma.position)
    return True


def _sign(token: Token) -> str:
    if token.kind is not Kind.SIGN:
        raise _unexpected("expected a sign operator", token)
    return token.text


def _unexpected(what: str, token: Token) -> RuleSyntaxError:
    return RuleSyntaxError(f'{what}, got "{token.text}" ({token.kind.value})', token.position)


def _tree(items: list[tuple[str, Expression]]) -> Expression:
    """Return items and the joins before them as a tree: && binds closer than ||."""
    groups: list[list[Expression]] = []
    for join, item in items:
        if join == "||" and groups:
            groups.append([item])
        elif groups:
            groups[-1].append(item)
        else:
            groups.append([item])
    parts = [part[0] if len(part) == 1 else And(tuple(part)) for part in groups]
    return parts[0] if len(parts) == 1 else Or(tuple(parts))
