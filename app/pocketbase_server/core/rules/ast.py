"""The tree of an expression: what was written, nothing about tables or SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Identifier:
    """A path (`author.name`, `@request.auth.id`), a macro (`@now`) or a word (`null`)."""

    name: str
    position: int = -1


@dataclass(slots=True, frozen=True)
class Text:
    """A literal in quotes."""

    value: str


@dataclass(slots=True, frozen=True)
class Number:
    """A literal number."""

    value: float


@dataclass(slots=True, frozen=True)
class Param:
    """`{:name}`: a value given by code."""

    name: str


@dataclass(slots=True, frozen=True)
class Slot:
    """The n-th literal that was lifted out of the text before it was parsed."""

    number: int
    is_number: bool


@dataclass(slots=True, frozen=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Operand, ...]
    position: int = -1


Operand = Identifier | Text | Number | Param | Slot | Call


@dataclass(slots=True, frozen=True)
class Comparison:
    """Two operands and the sign between them."""

    left: Operand
    sign: str
    right: Operand
    position: int = -1


@dataclass(slots=True, frozen=True)
class And:
    """Every part must hold."""

    parts: tuple[Expression, ...]


@dataclass(slots=True, frozen=True)
class Or:
    """At least one part must hold."""

    parts: tuple[Expression, ...]


Expression = Comparison | And | Or


def identifiers(node: Expression | Operand) -> set[str]:
    """Return the names of all identifiers in the tree."""
    found: set[str] = set()
    todo: list[Expression | Operand] = [node]
    while todo:
        match todo.pop():
            case Identifier(name):
                found.add(name)
            case Call(_, arguments):
                todo.extend(arguments)
            case Comparison(left, _, right):
                todo += (left, right)
            case And(parts) | Or(parts):
                todo.extend(parts)
            case _:
                pass
    return found


def count(node: Expression) -> int:
    """Return how many comparisons there are."""
    total = 0
    todo: list[Expression] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, Comparison):
            total += 1
        else:
            todo.extend(part.parts)
    return total
