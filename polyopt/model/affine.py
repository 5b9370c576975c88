"""Quasi-affine integer expressions: the one form of bounds, subscripts, schedule rows and indices.

An `Affine` is an integer combination of atoms plus a constant. An atom is a name (an iterator or
a parameter), a floored quotient, a remainder, a minimum or maximum of other affines, or one of two
by a condition. All are immutable, hashable and kept in one canonical order, so `==` is structural
and `str()` stable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Floor:
    """`floor(numerator / denominator)`, denominator > 0. `exact`: numerator known non-negative."""

    numerator: Affine
    denominator: int
    exact: bool = False

    def __str__(self) -> str:
        return f"({self.numerator})//{self.denominator}"


@dataclass(frozen=True, slots=True)
class Mod:
    """`numerator - denominator * floor(numerator / denominator)`: in [0, denominator)."""

    numerator: Affine
    denominator: int
    exact: bool = False

    def __str__(self) -> str:
        return f"({self.numerator})%{self.denominator}"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The minimum or maximum of two or more affines."""

    kind: Literal["min", "max"]
    operands: tuple[Affine, ...]

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.operands))})"


@dataclass(frozen=True, slots=True)
class Choice:
    """`then` where the condition holds, else `otherwise`."""

    condition: Condition
    then: Affine
    otherwise: Affine

    def __str__(self) -> str:
        return f"({self.then} if {self.condition} else {self.otherwise})"


class Opaque:
    """An integer of which only the run knows the value: what is read from data.

    Sets and relations know nothing of it. Values of it are hashable and compared by what they read.
    """

    __slots__ = ()

    def names(self) -> frozenset[str]:
        """The iterators and parameters that it depends on."""
        raise NotImplementedError

    def substituted(self, values: Mapping[str, Affine]) -> Opaque:
        """The same with names replaced."""
        raise NotImplementedError


Atom = str | Floor | Mod | Extreme | Choice | Opaque


def _atom_key(atom: Atom) -> tuple[int, str]:
    return (0, atom) if isinstance(atom, str) else (1, str(atom))


@dataclass(frozen=True, slots=True)
class Affine:
    """`sum(coefficient * atom) + constant`; terms sorted, no zero coefficient."""

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    @staticmethod
    def of(terms: Iterable[tuple[Atom, int]], constant: int = 0) -> Affine:
        """Collect like terms into canonical form."""
        sums: dict[Atom, int] = {}
        for atom, factor in terms:
            sums[atom] = sums.get(atom, 0) + factor
        kept = sorted(((a, f) for a, f in sums.items() if f), key=lambda t: _atom_key(t[0]))
        return Affine(tuple(kept), constant)

    @staticmethod
    def name(name: str) -> Affine:
        """The affine of one iterator or parameter."""
        return Affine(((name, 1),), 0)

    @staticmethod
    def integer(value: int) -> Affine:
        """A constant."""
        return Affine((), value)

    @property
    def is_constant(self) -> bool:
        """True where no name is in it."""
        return not self.terms

    @property
    def single_name(self) -> str | None:
        """The name, where this is exactly one name with coefficient 1 and no constant."""
        if self.constant == 0 and len(self.terms) == 1:
            atom, factor = self.terms[0]
            if factor == 1 and isinstance(atom, str):
                return atom
        return None

    def coefficient(self, name: str) -> int:
        """The coefficient of a plain name (0 where absent; floors are not looked into)."""
        for atom, factor in self.terms:
            if atom == name:
                return factor
        return 0

    def names(self) -> frozenset[str]:
        """Every name in it, those inside floors, remainders and extremes included."""
        return frozenset(self._names())

    def _names(self) -> Iterator[str]:
        for atom, _ in self.terms:
            if isinstance(atom, str):
                yield atom
            elif isinstance(atom, Extreme):
                for operand in atom.operands:
                    yield from operand._names()
            elif isinstance(atom, Choice):
                for part in (*compared(atom.condition), atom.then, atom.otherwise):
                    yield from part._names()
            elif isinstance(atom, Opaque):
                yield from atom.names()
            else:
                yield from atom.numerator._names()

    @property
    def is_linear(self) -> bool:
        """True where every atom is a plain name."""
        return all(isinstance(a, str) for a, _ in self.terms)

    @property
    def is_data(self) -> bool:
        """True where part of it is read from data."""
        return any(self._opaque())

    def opaque(self) -> tuple[Opaque, ...]:
        """What of it is read from data, those inside floors, remainders and extremes included."""
        return tuple(self._opaque())

    def _opaque(self) -> Iterator[Opaque]:
        for atom, _ in self.terms:
            match atom:
                case Opaque():
                    yield atom
                case Extreme(_, operands):
                    for operand in operands:
                        yield from operand._opaque()
                case Choice(condition, then, otherwise):
                    for part in (*compared(condition), then, otherwise):
                        yield from part._opaque()
                case Floor(numerator) | Mod(numerator):
                    yield from numerator._opaque()

    def __add__(self, other: Affine | int) -> Affine:
        other = as_affine(other)
        return Affine.of((*self.terms, *other.terms), self.constant + other.constant)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return self * -1

    def __sub__(self, other: Affine | int) -> Affine:
        return self + as_affine(other) * -1

    def __rsub__(self, other: int) -> Affine:
        return as_affine(other) - self

    def __mul__(self, factor: int) -> Affine:
        return Affine.of(((a, f * factor) for a, f in self.terms), self.constant * factor)

    __rmul__ = __mul__

    def floordiv(self, divisor: int, exact: bool = False) -> Affine:
        """Floored quotient by a positive constant."""
        if divisor == 1:
            return self
        if self.constant % divisor == 0 and all(f % divisor == 0 for _, f in self.terms):
            return Affine.of(((a, f // divisor) for a, f in self.terms), self.constant // divisor)
        return Affine(((Floor(self, divisor, exact), 1),), 0)

    def mod(self, divisor: int, exact: bool = False) -> Affine:
        """Remainder in [0, divisor) by a positive constant."""
        if self.constant % divisor == 0 and all(f % divisor == 0 for _, f in self.terms):
            return Affine()
        if self.is_constant:
            return Affine((), self.constant % divisor)
        return Affine(((Mod(self, divisor, exact), 1),), 0)

    def __floordiv__(self, divisor: int) -> Affine:
        return self.floordiv(divisor)

    def __mod__(self, divisor: int) -> Affine:
        return self.mod(divisor)

    def substitute(self, values: Mapping[str, Affine]) -> Affine:
        """Replace names by affines, everywhere and at once."""
        if not values or not (self.names() & values.keys()):
            return self
        result = Affine((), self.constant)
        for atom, factor in self.terms:
            result = result + _substitute_atom(atom, values) * factor
        return result

    def replace_atoms(self, known: Mapping[Atom, Affine]) -> Affine:
        """Replace whole atoms that are terms of it, or of the extremes in it."""
        if not known or self.is_linear:
            return self
        result = Affine((), self.constant)
        for atom, factor in self.terms:
            result = result + _replaced(atom, known) * factor
        return result

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The integer value, every name given."""
        return self.constant + sum(f * _evaluate_atom(a, values) for a, f in self.terms)

    def __str__(self) -> str:
        parts: list[str] = []
        for atom, factor in self.terms:
            sign = "-" if factor < 0 else "+"
            size = "" if abs(factor) == 1 else f"{abs(factor)}*"
            quotient = factor != 1 and isinstance(atom, Floor | Mod)
            parts.append(f"{sign} {size}({atom})" if quotient else f"{sign} {size}{atom}")
        if self.constant or not parts:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        text = " ".join(parts)
        return text[2:] if text.startswith("+ ") else "-" + text[2:]


def _substitute_atom(atom: Atom, values: Mapping[str, Affine]) -> Affine:
    if isinstance(atom, str):
        return values.get(atom, Affine.name(atom))
    if isinstance(atom, Opaque):
        return Affine(((atom.substituted(values), 1),), 0)
    if isinstance(atom, Extreme):
        return extreme(atom.kind, [o.substitute(values) for o in atom.operands])
    if isinstance(atom, Choice):
        condition = substitute_condition(atom.condition, values)
        return choice(condition, atom.then.substitute(values), atom.otherwise.substitute(values))
    inner = atom.numerator.substitute(values)
    divide: Callable[..., Affine] = inner.floordiv if isinstance(atom, Floor) else inner.mod
    return divide(atom.denominator, exact=False)


def _replaced(atom: Atom, known: Mapping[Atom, Affine]) -> Affine:
    if atom in known:
        return known[atom]
    if isinstance(atom, Extreme):
        return extreme(atom.kind, [o.replace_atoms(known) for o in atom.operands])
    return Affine(((atom, 1),), 0)


def _evaluate_atom(atom: Atom, values: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        return values[atom]
    if isinstance(atom, Opaque):
        raise TypeError(f"{atom} is known to the run alone")
    if isinstance(atom, Extreme):
        results = [o.evaluate(values) for o in atom.operands]
        return min(results) if atom.kind == "min" else max(results)
    if isinstance(atom, Choice):
        holds = evaluate_condition(atom.condition, values)
        return (atom.then if holds else atom.otherwise).evaluate(values)
    inner = atom.numerator.evaluate(values)
    return inner // atom.denominator if isinstance(atom, Floor) else inner % atom.denominator


def extreme(kind: Literal["min", "max"], operands: Iterable[Affine]) -> Affine:
    """Minimum or maximum, flattened, without duplicates, constants that differ folded."""
    flat: list[Affine] = []
    for operand in operands:
        inner = operand.terms[0][0] if len(operand.terms) == 1 else None
        same = isinstance(inner, Extreme) and inner.kind == kind
        if (
            isinstance(inner, Extreme)
            and same
            and operand.terms[0][1] == 1
            and not operand.constant
        ):
            flat.extend(inner.operands)
        else:
            flat.append(operand)
    best: dict[tuple[tuple[Atom, int], ...], int] = {}
    pick = min if kind == "min" else max
    for operand in flat:
        known = best.get(operand.terms)
        best[operand.terms] = operand.constant if known is None else pick(known, operand.constant)
    kept = [Affine(terms, constant) for terms, constant in best.items()]
    if len(kept) == 1:
        return kept[0]
    return Affine(((Extreme(kind, tuple(kept)), 1),), 0)


def choice(condition: Condition, then: Affine, otherwise: Affine) -> Affine:
    """`then` where the condition holds, else `otherwise`."""
    if then == otherwise:
        return then
    if all(side.is_constant for side in compared(condition)):
        return then if evaluate_condition(condition, {}) else otherwise
    return Affine(((Choice(condition, then, otherwise), 1),), 0)


@runtime_checkable
class SupportsAffine(Protocol):
    """Anything that converts to an affine, such as a size symbol."""

    def as_affine(self) -> Affine:
        """This value as an affine."""
        ...


def as_affine(value: object) -> Affine:
    """Convert an int, a name, a size symbol or an affine.

    Raises TypeError for anything else.
    """
    if isinstance(value, Affine):
        return value
    if isinstance(value, int):
        return Affine.integer(int(value))
    if isinstance(value, str):
        return Affine.name(value)
    if isinstance(value, SupportsAffine):
        return value.as_affine()
    raise TypeError(f"an integer, a name or a size symbol is needed, not {value!r}")


# ---- conditions ----------------------------------------------------------------------------

Relation = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Compare:
    """`left relation right` between two affines."""

    relation: Relation
    left: Affine
    right: Affine

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class All:
    """Every operand holds; with none, true."""

    operands: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        return " and ".join(f"({o})" for o in self.operands) or "true"


@dataclass(frozen=True, slots=True)
class Any:
    """At least one operand holds; with none, false."""

    operands: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        return " or ".join(f"({o})" for o in self.operands) or "false"


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: Condition

    def __str__(self) -> str:
        return f"not ({self.operand})"


Condition = Compare | All | Any | Not
"""An affine condition: what domains, guards and assumptions are made of."""


def evaluate_condition(condition: Condition, values: Mapping[str, int]) -> bool:
    """The truth of a condition, every name given."""
    match condition:
        case Compare(relation, left, right):
            a, b = left.evaluate(values), right.evaluate(values)
            table = {"<": a < b, "<=": a <= b, "==": a == b, "!=": a != b, ">=": a >= b}
            return table.get(relation, a > b)
        case All(operands):
            return all(evaluate_condition(o, values) for o in operands)
        case Any(operands):
            return any(evaluate_condition(o, values) for o in operands)
        case Not(operand):
            return not evaluate_condition(operand, values)


def compared(condition: Condition) -> Iterator[Affine]:
    """Every affine that a condition compares."""
    match condition:
        case Compare(_, left, right):
            yield left
            yield right
        case All(operands) | Any(operands):
            for operand in operands:
                yield from compared(operand)
        case Not(operand):
            yield from compared(operand)


def substitute_condition(condition: Condition, values: Mapping[str, Affine]) -> Condition:
    """Replace names by affines in every comparison."""
    match condition:
        case Compare(relation, left, right):
            return Compare(relation, left.substitute(values), right.substitute(values))
        case All(operands):
            return All(tuple(substitute_condition(o, values) for o in operands))
        case Any(operands):
            return Any(tuple(substitute_condition(o, values) for o in operands))
        case Not(operand):
            return Not(substitute_condition(operand, values))
