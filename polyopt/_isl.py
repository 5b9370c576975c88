"""The one module that speaks islpy's dimension indices and AST types.

Everything else works in names: parameters and iterators by name, expressions as `Affine`,
conditions as `Condition`. Isl drops dimension names on many operations, so a statement's
iterator names are always given beside its space. Names that isl's text form reserves are
mangled in `_spaces` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import count
from typing import TypeVar

import islpy as isl

from polyopt._spaces import basis, between, integer, mangle, val
from polyopt.errors import InternalError
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
    Opaque,
    extreme,
)

_IN, _OUT, _PARAM, _SET = (
    isl.dim_type.in_,
    isl.dim_type.out,
    isl.dim_type.param,
    isl.dim_type.set,
)


class NoFormError(Exception):
    """An expression of isl's that no affine or condition of ours has the form of, as text."""


@contextmanager
def limited(operations: int) -> Iterator[None]:
    """Bound isl's work inside the block; `isl.Error` when it is exceeded."""
    context = isl.DEFAULT_CONTEXT
    before = context.get_max_operations()
    context.reset_operations()
    context.set_max_operations(operations)
    try:
        yield
    finally:
        context.set_max_operations(before)
        context.reset_operations()


Sets = TypeVar("Sets", isl.Set, isl.Map, isl.UnionMap)


def coalesced(sets: Sets) -> Sets:
    """The same in fewer pieces, where isl can: for some relations it says that it cannot "relax a
    redundant constraint" (isl_tab.c)."""
    try:
        return sets.coalesce()
    except isl.Error:
        return sets


class Frame:
    """A set space with the names of its parameters and iterators: where affines become isl's.

    `frame.pw_aff(affine)` is the quasi-affine function, `frame.holds(condition)` the set of
    points where a condition is true.

    What is quasi-affine is built as one `isl.Aff`, from functions that are kept for each space:
    piecewise functions of one piece take isl ten times as long, and each argument that isl takes
    over costs 32 bytes for ever (tests/runtime/test_leaks.py).
    """

    def __init__(
        self, parameters: Sequence[str], name: str | None, iterators: Sequence[str]
    ) -> None:
        self.parameters = tuple(parameters)
        self.iterators = tuple(iterators)
        self._domain = self.parameters, name, self.iterators
        self._basis = basis(*self._domain)
        self.space = self._basis.space

    def universe(self) -> isl.Set:
        """Every point of the space."""
        return self._basis.universe

    def empty(self) -> isl.Set:
        """No point of the space."""
        return isl.Set.empty(self.space)

    def pw_aff(self, affine: Affine) -> isl.PwAff:
        """The affine as a function on this space."""
        whole = self._aff(affine)
        if whole is not None:
            return whole.to_pw_aff()
        names = [(a, f) for a, f in affine.terms if isinstance(a, str)]
        total = self._linear(names, affine.constant).to_pw_aff()
        for atom, factor in affine.terms:
            if not isinstance(atom, str):
                total = total.add(_times(self._atom(atom), factor))
        return total

    def linear_aff(self, affine: Affine) -> isl.Aff:
        """A linear affine as an `isl.Aff`."""
        return self._linear(affine.terms, affine.constant)

    def _linear(self, terms: Sequence[tuple[Atom, int]], constant: int) -> isl.Aff:
        total: isl.Aff | None = None
        for atom, factor in terms:
            if not isinstance(atom, str) or atom not in self._basis.names:
                raise InternalError(f"{atom} is not a name of the space {self.space}")
            variable, kind, position = self._basis.names[atom]
            if total is None and factor == 1:
                total = variable
            else:
                before = self._basis.zero if total is None else total
                total = before.add_coefficient_val(kind, position, val(factor))
        total = self._basis.zero if total is None else total
        return total.set_constant_val(val(constant)) if constant else total

    def _aff(self, affine: Affine) -> isl.Aff | None:
        """A quasi-affine as an `isl.Aff`; None for what has more pieces than one."""
        if affine.is_linear:
            return self.linear_aff(affine)
        names = [(a, f) for a, f in affine.terms if isinstance(a, str)]
        total = self._linear(names, affine.constant)
        for atom, factor in affine.terms:
            if isinstance(atom, str):
                continue
            if not isinstance(atom, Floor | Mod):
                return None
            inner = self._aff(atom.numerator)
            if inner is None:
                return None
            divisor = val(atom.denominator)
            floor = isinstance(atom, Floor)
            value = inner.scale_down_val(divisor).floor() if floor else inner.mod_val(divisor)
            total = total.add(_times(value, factor))
        return total

    def _atom(self, atom: Atom) -> isl.PwAff:
        match atom:
            case str():
                return self.linear_aff(Affine.name(atom)).to_pw_aff()
            case Floor(numerator, denominator):
                return self.pw_aff(numerator).scale_down_val(val(denominator)).floor()
            case Mod(numerator, denominator):
                return self.pw_aff(numerator).mod_val(val(denominator))
            case Extreme(kind, operands):
                values = [self.pw_aff(o) for o in operands]
                total = values[0]
                for value in values[1:]:
                    total = total.min(value) if kind == "min" else total.max(value)
                return total
            case Choice(condition, then, otherwise):
                where = self.holds(condition)
                chosen = self.pw_aff(then).intersect_domain(where)
                return chosen.union_add(self.pw_aff(otherwise).intersect_domain(where.complement()))
            case Opaque():
                raise InternalError(f"{atom} is read from data, of which sets know nothing")

    def holds(self, condition: Condition) -> isl.Set:
        """The points where the condition is true."""
        match condition:
            case Compare(relation, left, right):
                return self._compare(relation, left, right)
            case All(operands):
                parts = [self.holds(operand) for operand in operands]
                return reduce(isl.Set.intersect, parts) if parts else self.universe()
            case Any(operands):
                parts = [self.holds(operand) for operand in operands]
                return reduce(isl.Set.union, parts) if parts else self.empty()
            case Not(operand):
                return self.holds(operand).complement()

    def _compare(self, relation: str, left: Affine, right: Affine) -> isl.Set:
        one, other = self._aff(left), self._aff(right)
        if one is None or other is None:
            return _where(relation, self.pw_aff(left), self.pw_aff(right))
        return _where(relation, one, other)

    def access(self, array: str, subscripts: Sequence[Affine]) -> isl.Map:
        """The relation from points of this space to elements of an array.

        A subscript that is read from data may be any: its dimension is left open.
        """
        relations, target = between(self._domain, array, len(subscripts))
        if all(subscript.is_linear for subscript in subscripts):
            function = isl.MultiAff.zero(relations)
            for position, subscript in enumerate(subscripts):
                function = function.set_at(position, self.linear_aff(subscript))
            return function.as_map()
        relation = isl.Map.universe(relations)
        for position, subscript in enumerate(subscripts):
            if subscript.is_data:
                continue
            index = self.pw_aff(subscript).as_map()
            relation = relation.intersect(_at_output(index, position, target))
        return relation


Function = TypeVar("Function", isl.Aff, isl.PwAff)


def _times(function: Function, factor: int) -> Function:
    return function if factor == 1 else function.scale_val(val(factor))


def _where(relation: str, left: Function, right: Function) -> isl.Set:
    table: dict[str, Callable[[Function], isl.Set]] = {
        "<": left.lt_set,
        "<=": left.le_set,
        "==": left.eq_set,
        "!=": left.ne_set,
        ">=": left.ge_set,
        ">": left.gt_set,
    }
    return table[relation](right)


def _at_output(index: isl.Map, position: int, target: isl.Space) -> isl.Map:
    """Lift a map to one dimension into one to `target`, constraining only `position`."""
    rank = target.dim(_SET)
    lifted = index.insert_dims(_OUT, 0, position).add_dims(_OUT, rank - position - 1)
    return lifted.set_tuple_name(_OUT, target.get_tuple_name(_SET))


# ---- from isl to ours -----------------------------------------------------------------------


def affine_from_expr(expr: isl.AstExpr, rename: Mapping[str, Affine]) -> Affine:
    """An integer AST expression as an affine; identifiers go through `rename`."""
    kind = expr.get_type()
    if kind == isl.ast_expr_type.int:
        return Affine.integer(integer(expr.get_val()))
    if kind == isl.ast_expr_type.id:
        return rename[expr.get_id().get_name()]
    op = expr.get_op_type()
    args = [
        affine_from_expr(expr.get_op_arg(i), rename)
        for i in range(expr.get_op_n_arg())
        if op not in (isl.ast_expr_op_type.cond, isl.ast_expr_op_type.select)
    ]
    return _combine(op, args, expr)


def is_choice(expr: isl.AstExpr) -> bool:
    """Whether an AST expression is one of two values, by a condition: `c ? a : b`."""
    t = isl.ast_expr_op_type
    return expr.get_type() == isl.ast_expr_type.op and expr.get_op_type() in (t.cond, t.select)


def _combine(op: int, args: list[Affine], expr: isl.AstExpr) -> Affine:
    t = isl.ast_expr_op_type
    if op == t.add:
        return args[0] + args[1]
    if op == t.sub:
        return args[0] - args[1]
    if op == t.minus:
        return -args[0]
    if op == t.mul:
        left, right = (args[1], args[0]) if args[0].is_constant else (args[0], args[1])
        if right.is_constant:
            return left * right.constant
    if op in (t.div, t.pdiv_q) and args[1].is_constant:
        return args[0].floordiv(args[1].constant, exact=True)
    if op == t.fdiv_q and args[1].is_constant:
        return args[0].floordiv(args[1].constant)
    if op in (t.pdiv_r, t.zdiv_r) and args[1].is_constant:
        return args[0].mod(args[1].constant, exact=op == t.pdiv_r)
    if op in (t.min, t.max):
        return extreme("min" if op == t.min else "max", args)
    raise NoFormError(expr.to_C_str())


def condition_from_expr(expr: isl.AstExpr, rename: Mapping[str, Affine]) -> Condition:
    """A boolean AST expression as a condition."""
    t = isl.ast_expr_op_type
    if expr.get_type() == isl.ast_expr_type.int:
        return All() if integer(expr.get_val()) else Any()
    op = expr.get_op_type()
    if op in (t.and_, t.and_then, t.or_, t.or_else):
        parts: list[Condition] = []
        kind = All if op in (t.and_, t.and_then) else Any
        for i in range(expr.get_op_n_arg()):
            part = condition_from_expr(expr.get_op_arg(i), rename)
            parts.extend(part.operands if isinstance(part, kind) else (part,))
        return kind(tuple(parts))
    relations = {t.eq: "==", t.le: "<=", t.lt: "<", t.ge: ">=", t.gt: ">"}
    if op in relations:
        left, right = (affine_from_expr(expr.get_op_arg(i), rename) for i in (0, 1))
        return Compare(relations[op], left, right)  # type: ignore[arg-type]
    raise NoFormError(expr.to_C_str())


FEW_PARAMETERS = 24
"""Parameters up to which isl may be told all that is known of them at once."""


def mentioned(set_: isl.Set) -> frozenset[int]:
    """The positions of the parameters on which a set depends."""
    kind = isl.dim_type.param
    return frozenset(p for p in range(set_.dim(kind)) if set_.involves_dims(kind, p, 1))


def told_of(set_: isl.Set, positions: frozenset[int]) -> isl.Set:
    """A set without the constraints that speak of other parameters than some."""
    kind, others = isl.dim_type.param, mentioned(set_) - positions
    for first in others:
        if first - 1 not in others:
            last = next(p for p in count(first) if p not in others)
            set_ = set_.drop_constraints_involving_dims(kind, first, last - first)
    return set_


def parameter_condition(set_: isl.Set, parameters: Sequence[str]) -> Condition:
    """A set of parameter values as a condition on them."""
    params = set_.params() if not set_.is_params() else set_
    build = isl.AstBuild.from_context(isl.Set.universe(params.get_space()))
    rename = {mangle(p): Affine.name(p) for p in parameters}
    return condition_from_expr(build.expr_from_set(params), rename)


def affine_from_pw_aff(
    function: isl.PwAff, parameters: Sequence[str], iterators: Sequence[str]
) -> Affine | None:
    """A function with one piece (or equal pieces) as an affine, else None."""
    if function.n_piece() != 1:
        function = function.coalesce()
        if function.n_piece() != 1:
            return None
    return affine_from_aff(function.get_pieces()[0][1], parameters, iterators)


def one_form(
    function: isl.PwAff, parameters: Sequence[str], iterators: Sequence[str] = ()
) -> Affine | None:
    """The affine that a function is in all of its pieces, None where they differ."""
    found = {affine_from_aff(aff, parameters, iterators) for _, aff in function.get_pieces()}
    return found.pop() if len(found) == 1 else None


def affine_from_aff(
    aff: isl.Aff, parameters: Sequence[str], iterators: Sequence[str]
) -> Affine | None:
    """An `isl.Aff` with integer coefficients as an affine, floors included, else None."""
    denominator = integer(aff.get_denominator_val())
    terms: list[tuple[Atom, int]] = []

    def scaled(value: isl.Val) -> int:
        return integer(value if denominator == 1 else value.mul(val(denominator)))

    for kind, names in ((_PARAM, parameters), (_IN, iterators)):
        for position, name in enumerate(names):
            factor = scaled(aff.get_coefficient_val(kind, position))
            if factor:
                terms.append((name, factor))
    total = Affine.of(terms, scaled(aff.get_constant_val()))
    for position in range(aff.dim(isl.dim_type.div)):
        factor = scaled(aff.get_coefficient_val(isl.dim_type.div, position))
        if factor:
            inner = _div_affine(aff.get_div(position), parameters, iterators)
            if inner is None:
                return None
            total = total + inner * factor
    return total if denominator == 1 else total.floordiv(denominator, exact=False)


def _div_affine(div: isl.Aff, parameters: Sequence[str], iterators: Sequence[str]) -> Affine | None:
    denominator = integer(div.get_denominator_val())
    numerator = affine_from_aff(div.scale_val(val(denominator)), parameters, iterators)
    return None if numerator is None else numerator.floordiv(denominator)


def sample_point(set_: isl.Set) -> tuple[dict[str, int], tuple[int, ...]] | None:
    """A point of a set: parameter values by (mangled) name, and coordinates. None if empty."""
    if set_.is_empty():
        return None
    point = set_.sample_point()
    space_ = point.get_space()
    params = {
        space_.get_dim_name(_PARAM, i): integer(point.get_coordinate_val(_PARAM, i))
        for i in range(space_.dim(_PARAM))
    }
    coordinates = tuple(integer(point.get_coordinate_val(_SET, i)) for i in range(space_.dim(_SET)))
    return params, coordinates


def smallest_point(
    set_: isl.Set, parameters: Sequence[str]
) -> tuple[dict[str, int], tuple[int, ...]] | None:
    """The point of a set that a person checks most easily: values by name, and coordinates.

    Parameters are small, as equal as they can be and not negative where that is possible; at
    those the first coordinates in lexicographic order. None where the set is empty.
    """
    small = _small_parameters(set_)
    for position in range(small.dim(_PARAM)):
        small = _least(small, position)
    try:
        first = small.lexmin()
    except isl.Error:  # isl's own limits with some floored coordinates: any small point then
        first = small
    found = sample_point(first) or sample_point(small) or sample_point(set_)
    if found is None:
        return None
    values, coordinates = found
    return {p: values.get(mangle(p), 0) for p in parameters}, coordinates


def _small_parameters(set_: isl.Set) -> isl.Set:
    """Restrict every parameter by the first bound in 0, 1, 2, … for which points remain."""
    for least in (0, None):
        for bound in (0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 32, 64, 1024):
            small = set_
            for position in range(set_.dim(_PARAM)):
                small = small.upper_bound_val(_PARAM, position, val(bound))
                low = -bound if least is None else least
                small = small.lower_bound_val(_PARAM, position, val(low))
            if not small.is_empty():
                return small
    return set_


def _least(set_: isl.Set, position: int) -> isl.Set:
    """Fix a parameter at its value of least size."""
    for value in range(65):
        for signed in (value, -value):
            fixed = set_.fix_val(_PARAM, position, val(signed))
            if not fixed.is_empty():
                return fixed
    return set_
