"""From tokens to the tree."""

from __future__ import annotations

from functools import lru_cache
from string import ascii_letters, digits
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
from pocketbase_server.core.rules.tokens import (
    NUMBER_SLOT,
    TEXT_SLOT,
    Kind,
    Scanner,
    Token,
    TokenError,
    number_of,
    shown,
    unexpected,
)

MAX_COMPARISONS: Final = 200
_MAX_CALLS: Final = 3
"""How deep functions may stand in each other."""

_OPERANDS: Final = frozenset(
    {Kind.IDENTIFIER, Kind.FUNCTION, Kind.TEXT, Kind.NUMBER, Kind.PARAM, Kind.SLOT}
)

_DIGITS: Final = "-" + digits
_BEGINNINGS: Final = f"@_#{ascii_letters}{_DIGITS}'\"{TEXT_SLOT}{NUMBER_SLOT}"
"""Characters that an argument may begin with."""


def parse(text: str, slots: int = 0, *, params: bool = False) -> Expression:
    """Return the tree of an expression from which so many literals were lifted.

    With *params*, `{:name}` may stand for values. Raises `RuleSyntaxError` with the position of what
    is wrong.
    """
    tree = _Parser(Scanner(text), slots, params=params).parse()
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

    __slots__ = ("items", "join", "left", "outer_end", "sign")

    def __init__(self, outer_end: int) -> None:
        self.outer_end = outer_end
        """Where the text ends in which the group stands."""
        self.items: list[tuple[str, Expression]] = []
        self.join = "&&"
        self.left: tuple[Operand, int] | None = None
        self.sign: str = ""


class _Parser:
    """Reads tokens one by one; groups are kept on a stack of its own, so depth costs no recursion."""

    def __init__(self, scanner: Scanner, slots: int, *, params: bool) -> None:
        self._scanner = scanner
        self._slots = 0
        self._most_slots = slots
        self._allows_params = params
        self._stack = [_Group(0)]
        self._awaits_join = False

    def parse(self) -> Expression:
        """Read everything."""
        while True:
            token = self._scanner.next()
            if token.kind is not Kind.END:
                self._take(token)
            elif len(self._stack) > 1:
                self._end_group()
            else:
                return self._close()

    def _take(self, token: Token) -> None:
        group = self._stack[-1]
        if token.kind is Kind.OPEN:
            self._stack.append(_Group(self._scanner.enter(token.position)))
            self._awaits_join = False
        elif token.kind in {Kind.CLOSE, Kind.COMMA}:
            raise unexpected(token.text, token.position)
        elif self._awaits_join:
            self._take_join(group, token)
        elif group.left is None:
            group.left = self._operand(token, "left"), token.position
        elif not group.sign:
            group.sign = _sign(token)
        else:
            self._compare(group, token)

    def _end_group(self) -> None:
        inner = self._close()
        self._scanner.leave(self._stack.pop().outer_end)
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
            message = (
                "empty filter expression" if is_empty else "invalid or incomplete filter expression"
            )
            raise RuleSyntaxError(message, self._scanner.at)
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
                return Number(number_of(token.text))
            case Kind.PARAM:
                return self._param(token)
            case Kind.SLOT:
                return self._slot(token)
            case _:
                return Text(token.text)

    def _slot(self, token: Token) -> Slot:
        number = self._slots
        if number >= self._most_slots:
            # SECURITY: the caller wrote the character himself
            raise unexpected(token.text, token.position)
        self._slots += 1
        return Slot(number, token.text == NUMBER_SLOT)

    def _param(self, token: Token) -> Param:
        if not self._allows_params:
            # SECURITY: only code may name the values that come with a plan
            raise unexpected("{", token.position)
        return Param(token.text)

    # -- functions

    def _call(self, name: Token, depth: int) -> Call:
        if depth <= 0:
            message = f"max nested function arguments reached (max: {_MAX_CALLS})"
            raise RuleSyntaxError(message, name.position)
        arguments: list[Operand] = []
        is_separated = True
        while (char := self._peek_argument(name)) != ")":
            if char == ",":
                is_separated = _separate(name, self._scanner.at, is_separated=is_separated)
                self._scanner.next()
                continue
            self._check_argument(name, char, is_separated=is_separated)
            arguments.append(self._argument(name, char, depth - 1))
            is_separated = False
        self._scanner.next()
        return Call(name.text, tuple(arguments), name.position)

    def _peek_argument(self, name: Token) -> str:
        try:
            char = self._scanner.peek()
        except RuleSyntaxError as ex:
            what = f'failed to scan comment in function "{name.text}"'
            raise RuleSyntaxError(f"{what}: {ex.message}", ex.position) from ex
        if not char:
            message = f"""invalid or incomplete function "{name.text}" (expected ')')"""
            raise RuleSyntaxError(message, name.position)
        return char

    def _check_argument(self, name: Token, char: str, *, is_separated: bool) -> None:
        if not is_separated:
            message = f'expected comma after the last argument in function "{name.text}"'
            raise RuleSyntaxError(message, self._scanner.at)
        allowed = f"{_BEGINNINGS}{{" if self._allows_params else _BEGINNINGS
        if char not in allowed:
            what = f"unsupported argument character '{shown(char)}'"
            raise RuleSyntaxError(f'{what} in function "{name.text}"', self._scanner.at)

    def _argument(self, name: Token, char: str, depth: int) -> Operand:
        begun = ""
        try:
            token = self._scanner.next()
            begun = f'"{token.text}"'
            return self._value(token, depth)
        except RuleSyntaxError as ex:
            begun = ex.shown if isinstance(ex, TokenError) and not begun else begun
            kind = "text" if char in "'\"" else "number" if char in _DIGITS else "identifier"
            what = f'invalid {kind} argument {begun} in function "{name.text}"'
            raise RuleSyntaxError(f"{what}: {ex.message}", ex.position) from ex


def _separate(name: Token, position: int, *, is_separated: bool) -> bool:
    if is_separated:
        raise RuleSyntaxError(f'unexpected comma in function "{name.text}"', position)
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
