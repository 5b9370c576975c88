"""Size symbols: the names of extents in annotations, `N, M = po.symbols("N M")`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine, Compare, SupportsAffine, as_affine

if TYPE_CHECKING:
    import sympy

Operand = int | Affine | SupportsAffine


@dataclass(frozen=True, slots=True)
class Symbol:
    """A size that a call fixes: an array's extent, or an integer argument of the same name.

    Sums and multiples are `Affine`; `<`, `<=`, `>`, `>=` give conditions. `==` compares the
    symbols themselves, as sympy's does; inside a kernel every comparison is read from the source.
    """

    name: str

    def as_affine(self) -> Affine:
        """This symbol as an affine expression."""
        return Affine.name(self.name)

    def __add__(self, other: Operand) -> Affine:
        return self.as_affine() + as_affine(other)

    __radd__ = __add__

    def __sub__(self, other: Operand) -> Affine:
        return self.as_affine() - as_affine(other)

    def __rsub__(self, other: Operand) -> Affine:
        return as_affine(other) - self.as_affine()

    def __neg__(self) -> Affine:
        return -self.as_affine()

    def __mul__(self, factor: int) -> Affine:
        return self.as_affine() * factor

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Affine:
        return self.as_affine() // _positive(divisor)

    def __mod__(self, divisor: int) -> Affine:
        return self.as_affine() % _positive(divisor)

    def __lt__(self, other: Operand) -> Compare:
        return self._compare("<", other)

    def __le__(self, other: Operand) -> Compare:
        return self._compare("<=", other)

    def __gt__(self, other: Operand) -> Compare:
        return self._compare(">", other)

    def __ge__(self, other: Operand) -> Compare:
        return self._compare(">=", other)

    def _compare(self, relation: Literal["<", "<=", ">", ">="], other: Operand) -> Compare:
        return Compare(relation, self.as_affine(), as_affine(other))

    def _sympy_(self) -> sympy.Symbol:
        """The sympy symbol of the same name: an integer, not negative."""
        import sympy  # noqa: PLC0415  (0.3 s, needed by few)

        return sympy.Symbol(self.name, integer=True, nonnegative=True)

    def __str__(self) -> str:
        return self.name


def _positive(divisor: int) -> int:
    if divisor <= 0:
        raise BadArgumentError(
            f"a size symbol is divided by positive integer constants only, not by {divisor!r}"
        )
    return divisor


def symbols(names: str) -> Symbol | tuple[Symbol, ...]:
    """Size symbols by their names, separated by spaces or commas.

    One name gives one `Symbol`, several a tuple. Raises BadArgumentError where a name is no
    identifier.
    """
    parts = [part for part in re.split(r"[\s,]+", names) if part]
    wrong = [part for part in parts if not part.isidentifier()]
    if wrong or not parts:
        raise BadArgumentError(
            f"po.symbols takes identifiers separated by spaces, as in po.symbols('N M'), "
            f"not {names!r}"
        )
    made = tuple(Symbol(part) for part in parts)
    return made[0] if len(made) == 1 else made
