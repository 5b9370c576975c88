"""C expressions as text that knows how tightly it binds, so that no needless bracket is printed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """C's levels of precedence, loosest first."""

    TERNARY = 3
    OR = 4
    AND = 5
    BIT_OR = 6
    BIT_XOR = 7
    BIT_AND = 8
    EQUALITY = 9
    RELATION = 10
    SHIFT = 11
    SUM = 12
    PRODUCT = 13
    UNARY = 14
    POSTFIX = 15
    PRIMARY = 16


@dataclass(frozen=True, slots=True)
class Text:
    """A C expression and the level of its outermost operator."""

    text: str
    level: Level

    def at(self, least: int) -> str:
        """The text, in brackets where it binds more loosely than `least`."""
        return self.text if self.level >= least else f"({self.text})"

    def __str__(self) -> str:
        return self.text


def primary(text: str) -> Text:
    """A name, a number, or anything that already stands in brackets."""
    return Text(text, Level.PRIMARY)


def call(function: str, *arguments: Text) -> Text:
    """`function(a, b, …)`."""
    return Text(f"{function}({', '.join(str(a) for a in arguments)})", Level.POSTFIX)


def infix(operator: str, left: Text, right: Text, level: Level) -> Text:
    """A binary operator that groups to the left."""
    return Text(f"{left.at(level)} {operator} {right.at(level + 1)}", level)


def prefix(operator: str, operand: Text) -> Text:
    """A unary operator; `--x` never arises, and a cast binds like one."""
    inner = operand.at(Level.UNARY)
    if inner.startswith(operator):
        inner = f"({inner})"
    return Text(operator + inner, Level.UNARY)


def cast(ctype: str, operand: Text) -> Text:
    """`(ctype)operand`."""
    return Text(f"({ctype}){operand.at(Level.UNARY)}", Level.UNARY)
