"""Sums over sets as formulas: how many points a set has, for all values of the parameters.

A set is counted by summing over its coordinates, the innermost first. For fixed outer ones a
convex set has the coordinates from its least to its greatest, which isl gives as pieces of affine
functions; the sum of a polynomial between two affines is a polynomial again (Faulhaber's formula,
in Bernoulli's polynomials). Existentials are made coordinates of their own first, so that strides
count as well. What is no polynomial, since it rounds an outer coordinate, stays a sum unevaluated.
Formulas hold for sizes that are not negative, as sympy's symbols of them say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count as numbers

import islpy as isl
import sympy

from polyopt._isl import affine_from_aff, parameter_condition
from polyopt._spaces import integer, mangle
from polyopt.errors import BadArgumentError, InternalError
from polyopt.model.affine import (
    Affine,
    All,
    Any,
    Atom,
    Choice,
    Compare,
    Condition,
    Extreme,
    Floor,
    Mod,
    Not,
)
from polyopt.model.symbols import Symbol

_SET, _PARAM = isl.dim_type.set, isl.dim_type.param
_MOST_EXISTENTIALS = 12

Piece = tuple[isl.Set, sympy.Expr]
"""A set of sizes, and what is added there. Several may hold the same sizes."""


def counted(set_: isl.Set, parameters: Sequence[str]) -> list[Piece]:
    """The number of points, per set of parameter values.

    Raises BadArgumentError for a set without end, such as the iterations that data decide, and
    for one that needs more than `_MOST_EXISTENTIALS` coordinates of its own, one after the other.
    """
    if not set_.is_bounded():
        raise BadArgumentError(
            "how often a loop runs, or which elements it touches, is known to the data alone: "
            "no formula in the sizes counts that"
        )
    fresh = numbers()
    plain = set_.reset_tuple_id()
    names = tuple(f"x{next(fresh)}" for _ in range(plain.dim(_SET)))
    return _Sums(tuple(parameters), fresh).over(plain, names, frozenset(), sympy.Integer(1))


class _Sums:
    """Sums terms over sets, one coordinate after the other."""

    def __init__(self, parameters: tuple[str, ...], fresh: Iterable[int]) -> None:
        self.parameters = parameters
        self._fresh = iter(fresh)

    def over(
        self,
        set_: isl.Set,
        names: tuple[str, ...],
        added: frozenset[str],
        term: sympy.Expr,
        spent: int = 0,
    ) -> list[Piece]:
        """The sum of a term over a set; `added` are coordinates that were existentials, `spent`
        how many there have been on the way here."""
        if not names:
            return [] if set_.is_empty() else [(set_.params().coalesce(), term)]
        found: list[Piece] = []
        disjoint = set_.compute_divs().make_disjoint()
        for basic in disjoint.get_basic_sets():
            flat = basic.lift().flatten()
            new = tuple(f"x{next(self._fresh)}" for _ in range(flat.dim(_SET) - len(names)))
            if spent + len(new) > _MOST_EXISTENTIALS:
                raise BadArgumentError(
                    "no formula in the sizes counts this kernel: its loops begin at remainders, as "
                    "range(i % 2, n, 2) does, and each sum over them leaves others. Let the loops "
                    "begin at sums of sizes and loop variables"
                )
            every = (*names, *new)
            one = isl.Set(flat)
            found += self._along(one, every, added | set(new), term, spent + len(new))
        return found

    def _along(
        self,
        set_: isl.Set,
        names: tuple[str, ...],
        added: frozenset[str],
        term: sympy.Expr,
        spent: int,
    ) -> list[Piece]:
        """Sum over the innermost coordinate that was no existential, else over the innermost."""
        plain = [k for k, n in enumerate(names) if n not in added]
        position = plain[-1] if plain else len(names) - 1
        others = (*names[:position], *names[position + 1 :])
        for k, name in enumerate(names):
            set_ = set_.set_dim_name(_SET, k, name)
        first = len(self.parameters)
        line = set_.move_dims(_PARAM, first, _SET, 0, position)
        line = line.move_dims(_PARAM, first + position, _SET, 1, len(others) - position)
        found: list[Piece] = []
        for low_set, low in line.dim_min(0).get_pieces():
            for high_set, high in line.dim_max(0).get_pieces():
                where = low_set.intersect(high_set)
                if where.is_empty():
                    continue
                ends = self._affine(low, others), self._affine(high, others)
                summed = _sum_between(term, symbol(names[position]), *ends)
                rest = isl.Set.from_params(where.params())
                rest = rest.move_dims(_SET, 0, _PARAM, first, len(others))
                found += self.over(rest, others, added & set(others), summed, spent)
        return found

    def _affine(self, aff: isl.Aff, others: Sequence[str]) -> sympy.Expr:
        value = affine_from_aff(aff, (*self.parameters, *others), ())
        if value is None:
            raise InternalError(f"a bound without a form: {aff}")
        return as_sympy(value)


def _sum_between(
    term: sympy.Expr, variable: sympy.Symbol, low: sympy.Expr, high: sympy.Expr
) -> sympy.Expr:
    """The sum of a term for a variable from `low` to `high`."""
    if low == high:
        return sympy.expand(term.subs(variable, low))
    if not term.is_polynomial(variable):
        return sympy.Sum(term, (variable, low, high))
    total = sympy.Integer(0)
    for (power,), factor in sympy.Poly(term, variable).terms():
        above = sympy.bernoulli(power + 1, high + 1) if power else high + 1
        below = sympy.bernoulli(power + 1, low) if power else low
        total += factor * (above - below) / (power + 1)
    return sympy.expand(total)


# ---- formulas --------------------------------------------------------------------------------


def formula(pieces: Iterable[Piece], known: isl.Set, parameters: Sequence[str]) -> sympy.Expr:
    """Pieces added up, as one expression: a polynomial where that holds for all known sizes."""
    return _expression(_regions(pieces, known), known, parameters)


def quotient(
    above: Iterable[Piece], below: Iterable[Piece], known: isl.Set, parameters: Sequence[str]
) -> sympy.Expr:
    """One sum of pieces by another, where that is not 0."""
    parts = [
        (first.intersect(second), sympy.cancel(a / b))
        for first, a in _regions(above, known)
        for second, b in _regions(below, known)
        if b != 0 and not first.intersect(second).is_empty()
    ]
    return _expression(parts, known, parameters)


def not_negative(context: isl.Set, parameters: Sequence[str]) -> isl.Set:
    """The part of some sizes of which none is negative."""
    for name in parameters:
        position = context.find_dim_by_name(_PARAM, mangle(name))
        if position >= 0:
            zero = isl.Val.int_from_si(isl.DEFAULT_CONTEXT, 0)
            context = context.lower_bound_val(_PARAM, position, zero)
    return context


def _regions(pieces: Iterable[Piece], known: isl.Set) -> list[Piece]:
    """The same sum as disjoint sets of sizes that cover all that are known."""
    regions: list[Piece] = [(known, sympy.Integer(0))]
    for set_, term in pieces:
        parts = [
            part
            for region, total in regions
            for part in ((region.intersect(set_), total + term), (region.subtract(set_), total))
        ]
        regions = [(s.coalesce(), sympy.expand(t)) for s, t in parts if not s.is_empty()]
    return regions


def _expression(regions: list[Piece], known: isl.Set, parameters: Sequence[str]) -> sympy.Expr:
    """Disjoint regions as one expression, those joined that have one form in common."""
    apart = [(isl.Set(b), t) for s, t in regions for b in s.get_basic_sets()]
    apart.sort(key=lambda piece: (len(_fixed(piece[0], parameters)), piece[1] == 0))
    joined = _joined(apart, parameters)
    if len(joined) > 1:  # conditions read better where none is said of what gives 0 by itself
        joined = _joined([piece for piece in apart if piece[1] != 0], parameters)
    elif joined:
        return tidy(joined[0][1])
    cases = [
        (tidy(term), as_relation(parameter_condition(_loosened(set_, known), parameters)))
        for set_, term in joined
    ]
    return sympy.Piecewise(*cases, (0, True))


def _loosened(set_: isl.Set, known: isl.Set) -> isl.Set:
    """A set without the constraints that it has anyhow, of those that are known."""
    result = isl.Set.empty(set_.get_space())
    for basic in set_.get_basic_sets():
        result = result.union(isl.Set(_loosened_basic(basic, set_, known)))
    return result.gist(known).coalesce()


def _loosened_basic(basic: isl.BasicSet, set_: isl.Set, known: isl.Set) -> isl.BasicSet:
    if basic.dim(isl.dim_type.div):
        return basic
    rank = range(basic.dim(_PARAM))
    # Conditions on several sizes go first: those on one read better.
    kept = sorted(
        basic.get_constraints(), key=lambda c: -sum(c.involves_dims(_PARAM, k, 1) for k in rank)
    )
    for constraint in list(kept):
        others = [c for c in kept if c is not constraint]
        loose = isl.BasicSet.universe(basic.get_space())
        for other in others:
            loose = loose.add_constraint(other)
        if isl.Set(loose).intersect(known).is_subset(set_):
            kept = others
    result = isl.BasicSet.universe(basic.get_space())
    for constraint in kept:
        result = result.add_constraint(constraint)
    return result


def _joined(apart: Iterable[Piece], parameters: Sequence[str]) -> list[Piece]:
    """Regions of which one's form holds in others are one."""
    joined: list[Piece] = []
    for set_, term in apart:
        for k, (other, form) in enumerate(joined):
            if _equal(form, term, _fixed(set_, parameters)):
                joined[k] = (other.union(set_).coalesce(), form)
                break
        else:
            joined.append((set_, term))
    return joined


def _fixed(where: isl.Set, parameters: Sequence[str]) -> dict[sympy.Symbol, int]:
    """The parameters that have one value in a set."""
    values = (where.plain_get_val_if_fixed(_PARAM, k) for k in range(where.dim(_PARAM)))
    known = zip(parameters, values, strict=True)
    return {symbol(n): integer(v) for n, v in known if v.is_int()}


def _equal(form: sympy.Expr, term: sympy.Expr, fixed: dict[sympy.Symbol, int]) -> bool:
    """Whether a form gives a term where some symbols have the values known."""
    return bool(sympy.expand((form - term).subs(fixed)) == 0)


def tidy(term: sympy.Expr) -> sympy.Expr:
    """Factored where it is a polynomial."""
    free = term.free_symbols
    return sympy.factor(term) if free and term.is_polynomial(*free) else term


def symbol(name: str) -> sympy.Symbol:
    """The symbol of a size."""
    return Symbol(name)._sympy_()


def as_sympy(value: Affine) -> sympy.Expr:
    """An affine as a sympy expression."""
    total = sympy.Integer(value.constant)
    for atom, factor in value.terms:
        total += factor * _atom(atom)
    return total


def _atom(atom: Atom) -> sympy.Expr:
    match atom:
        case str():
            return symbol(atom)
        case Floor(numerator, denominator):
            return sympy.floor(as_sympy(numerator) / denominator)
        case Mod(numerator, denominator):
            return sympy.Mod(as_sympy(numerator), denominator)
        case Extreme(kind, operands):
            parts = map(as_sympy, operands)
            return sympy.Min(*parts) if kind == "min" else sympy.Max(*parts)
        case Choice(condition, then, otherwise):
            sides = (as_sympy(then), as_relation(condition)), (as_sympy(otherwise), True)
            return sympy.Piecewise(*sides)
    raise InternalError(f"an affine without a formula: {atom}")


def as_relation(condition: Condition) -> sympy.Basic:
    """An affine condition as sympy has it."""
    match condition:
        case Compare(relation, left, right):
            makers = {
                "<": sympy.Lt,
                "<=": sympy.Le,
                "==": sympy.Eq,
                "!=": sympy.Ne,
                ">=": sympy.Ge,
                ">": sympy.Gt,
            }
            return makers[relation](as_sympy(left), as_sympy(right))
        case All(operands):
            return sympy.And(*map(as_relation, operands))
        case Any(operands):
            return sympy.Or(*map(as_relation, operands))
        case Not(operand):
            return sympy.Not(as_relation(operand))
