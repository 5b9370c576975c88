"""Affine texts with the interval they stay in, so that random subscripts stay in their arrays.

An interval's ends are linear in the two sizes N and M, which are not negative: `(a, b, c)` is
`a*N + b*M + c`, and one end is below another where each of its three numbers is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Linear = tuple[int, int, int]

ZERO: Linear = (0, 0, 0)


def plus(a: Linear, b: Linear, factor: int = 1) -> Linear:
    """`a + factor * b`."""
    return (a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2])


def each(pick: Callable[[int, int], int], a: Linear, b: Linear) -> Linear:
    """The two combined number by number."""
    return (pick(a[0], b[0]), pick(a[1], b[1]), pick(a[2], b[2]))


def value(a: Linear, n: int, m: int) -> int:
    """Its value at N = n, M = m."""
    return a[0] * n + a[1] * m + a[2]


def text(a: Linear) -> str:
    """Python source."""
    parts = []
    for factor, name in zip(a, ("N", "M", ""), strict=True):
        if factor:
            size = (
                name
                if name and abs(factor) == 1
                else f"{abs(factor)}" + (f" * {name}" if name else "")
            )
            parts.append(f"{'-' if factor < 0 else '+'} {size}")
    joined = " ".join(parts) or "+ 0"
    return joined[2:] if joined.startswith("+ ") else "-" + joined[2:]


@dataclass(frozen=True)
class Term:
    """Python source of an integer, never below `low` nor above `high`: `base` and a linear form."""

    base: str
    low: Linear
    high: Linear
    more: Linear = ZERO

    @property
    def text(self) -> str:
        """Python source."""
        if not self.base:
            return text(self.more)
        if self.more == ZERO:
            return self.base
        added = text(self.more)
        return f"{self.base} - {added[1:]}" if added[0] == "-" else f"{self.base} + {added}"

    @property
    def inner(self) -> str:
        """The text as an operand of a product or a quotient."""
        return self.text if self.text.isidentifier() or self.text.isdigit() else f"({self.text})"

    def shifted(self, amount: Linear) -> Term:
        """This plus a linear amount."""
        return Term(
            self.base, plus(self.low, amount), plus(self.high, amount), plus(self.more, amount)
        )

    def __add__(self, other: Term) -> Term:
        return Term(
            f"{self.text} + {other.text}", plus(self.low, other.low), plus(self.high, other.high)
        )

    def __sub__(self, other: Term) -> Term:
        low, high = plus(self.low, other.high, -1), plus(self.high, other.low, -1)
        return Term(f"{self.text} - {other.inner}", low, high)

    def times(self, factor: int) -> Term:
        """This times a positive constant."""
        return Term(
            f"{factor} * {self.inner}", plus(ZERO, self.low, factor), plus(ZERO, self.high, factor)
        )

    def floordiv(self, divisor: int) -> Term:
        """The floored quotient."""
        a, b, c = self.low
        low = (min(a, 0), min(b, 0), c // divisor)
        a, b, c = self.high
        return Term(f"{self.inner} // {divisor}", low, (max(a, 0), max(b, 0), -(-c // divisor)))

    def mod(self, divisor: int) -> Term:
        """The remainder."""
        return Term(f"{self.inner} % {divisor}", ZERO, (0, 0, divisor - 1))

    def at_least_zero(self) -> Term:
        """This, moved up where it could be negative."""
        a, b, c = self.low
        return self.shifted((max(-a, 0), max(-b, 0), max(-c, 0)))


def constant(number: int) -> Term:
    """A constant."""
    return linear((0, 0, number))


def linear(a: Linear) -> Term:
    """A linear form of the sizes."""
    return Term("", a, a, a)


def lesser(a: Term, b: Term) -> Term:
    """`min(a, b)`."""
    return Term(f"min({a.text}, {b.text})", each(min, a.low, b.low), a.high)


def greater(a: Term, b: Term) -> Term:
    """`max(a, b)`."""
    return Term(f"max({a.text}, {b.text})", a.low, each(max, a.high, b.high))


def chosen(a: Term, condition: str, b: Term) -> Term:
    """`a if condition else b`."""
    text = f"({a.text} if {condition} else {b.text})"
    return Term(text, each(min, a.low, b.low), each(max, a.high, b.high))


def size_of(a: Term) -> Term:
    """`abs(a)`."""
    return Term(f"abs({a.text})", ZERO, each(max, each(max, a.high, plus(ZERO, a.low, -1)), ZERO))
