"""The one module that speaks islpy's dimension indices and AST types.

Everything else works in names: parameters and iterators by name, expressions as `Affine`,
conditions as `Condition`. Isl drops dimension names on many operations, so a statement's
iterator names are always given beside its space. Names that isl's text form reserves are
mangled here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import islpy as isl

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

_RESERVED = frozenset(
    {
        *("and", "ceil", "ceild", "exists", "false", "floor", "floord", "implies", "infinity"),
        *("infty", "max", "min", "mod", "nan", "not", "or", "rat", "true"),
    }
)
_LOOP_NAME = re.compile(r"c\d+")
_IN, _OUT, _PARAM, _SET = (
    isl.dim_type.in_,
    isl.dim_type.out,
    isl.dim_type.param,
    isl.dim_type.set,
)


class NoFormError(Exception):
    """An expression of isl's that no affine or condition of ours has the form of, as text."""


@lru_cache(maxsize=4096)
def mangle(name: str) -> str:
    """A name that isl's parser accepts as an identifier, and that no loop of its AST can have.

    isl reads its keywords in any case, and identifiers in ASCII only. Different names stay
    different: what ends in two underscores is always the result of this function.
    """
    plain = "".join(c if c.isascii() else f"_u{ord(c):x}_" for c in name)
    special = name.lower() in _RESERVED or _LOOP_NAME.fullmatch(name) or name.endswith("__")
    return f"{plain}__" if special or plain != name else name


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


# ---- spaces ---------------------------------------------------------------------------------


def space(parameters: Sequence[str], name: str | None, iterators: Sequence[str]) -> isl.Space:
    """The set space `[parameters] -> { name[iterators] }`."""
    result = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, len(parameters), len(iterators))
    for position, parameter in enumerate(parameters):
        result = result.set_dim_name(_PARAM, position, mangle(parameter))
    for position, iterator in enumerate(iterators):
        result = result.set_dim_name(_SET, position, mangle(iterator))
    return result if name is None else result.set_tuple_name(_SET, name)


def parameter_space(parameters: Sequence[str]) -> isl.Space:
    """The space of parameters alone."""
    return space(parameters, None, ()).params()


class Frame:
    """A set space with the names of its parameters and iterators: where affines become isl's.

    `frame.pw_aff(affine)` is the quasi-affine function, `frame.holds(condition)` the set of
    points where a condition is true.
    """

    def __init__(
        self, parameters: Sequence[str], name: str | None, iterators: Sequence[str]
    ) -> None:
        self.parameters = tuple(parameters)
        self.iterators = tuple(iterators)
        self.space = (
            space(parameters, name, iterators)
            if name is not None or iterators
            else parameter_space(parameters)
        )
        self._local = isl.LocalSpace.from_space(self.space)
        self._position = {n: (_PARAM, i) for i, n in enumerate(self.parameters)}
        self._position.update({n: (_SET, i) for i, n in enumerate(self.iterators)})

    def universe(self) -> isl.Set:
        """Every point of the space."""
        return isl.Set.universe(self.space)

    def empty(self) -> isl.Set:
        """No point of the space."""
        return isl.Set.empty(self.space)

    def _zero(self) -> isl.Aff:
        return isl.Aff.zero_on_domain(self._local)

    def _variable(self, name: str) -> isl.PwAff:
        if name not in self._position:
            raise InternalError(f"{name} is not a name of the space {self.space}")
        kind, position = self._position[name]
        return isl.PwAff.from_aff(isl.Aff.var_on_domain(self._local, kind, position))

    def pw_aff(self, affine: Affine) -> isl.PwAff:
        """The affine as a function on this space."""
        if affine.is_linear:
            return isl.PwAff.from_aff(self.linear_aff(affine))
        total = isl.PwAff.from_aff(self._zero().set_constant_val(_val(affine.constant)))
        for atom, factor in affine.terms:
            total = total.add(self._atom(atom).scale_val(_val(factor)))
        return total

    def linear_aff(self, affine: Affine) -> isl.Aff:
        """A linear affine as an `isl.Aff`."""
        aff = self._zero().set_constant_val(_val(affine.constant))
        for atom, factor in affine.terms:
            if not isinstance(atom, str) or atom not in self._position:
                raise InternalError(f"{atom} is not a name of the space {self.space}")
            kind, position = self._position[atom]
            aff = aff.add_coefficient_val(_IN if kind == _SET else kind, position, _val(factor))
        return aff

    def _atom(self, atom: Atom) -> isl.PwAff:
        match atom:
            case str():
                return self._variable(atom)
            case Floor(numerator, denominator):
                return self.pw_aff(numerator).scale_down_val(_val(denominator)).floor()
            case Mod(numerator, denominator):
                return self.pw_aff(numerator).mod_val(_val(denominator))
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
                return self._compare(relation, self.pw_aff(left), self.pw_aff(right))
            case All(operands):
                result = self.universe()
                for operand in operands:
                    result = result.intersect(self.holds(operand))
                return result
            case Any(operands):
                result = self.empty()
                for operand in operands:
                    result = result.union(self.holds(operand))
                return result
            case Not(operand):
                return self.holds(operand).complement()

    def _compare(self, relation: str, left: isl.PwAff, right: isl.PwAff) -> isl.Set:
        table: dict[str, Callable[[isl.PwAff], isl.Set]] = {
            "<": left.lt_set,
            "<=": left.le_set,
            "==": left.eq_set,
            "!=": left.ne_set,
            ">=": left.ge_set,
            ">": left.gt_set,
        }
        return table[relation](right)

    def access(self, array: str, subscripts: Sequence[Affine]) -> isl.Map:
        """The relation from points of this space to elements of an array.

        A subscript that is read from data may be any: its dimension is left open.
        """
        target = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, len(self.parameters), len(subscripts))
        for position, parameter in enumerate(self.parameters):
            target = target.set_dim_name(_PARAM, position, mangle(parameter))
        target = target.set_tuple_name(_SET, array)
        between = self.space.map_from_domain_and_range(target)
        if all(subscript.is_linear for subscript in subscripts):
            function = isl.MultiAff.zero(between)
            for position, subscript in enumerate(subscripts):
                function = function.set_at(position, self.linear_aff(subscript))
            return isl.Map.from_multi_aff(function)
        relation = isl.Map.universe(between)
        for position, subscript in enumerate(subscripts):
            if subscript.is_data:
                continue
            index = isl.Map.from_pw_aff(self.pw_aff(subscript))
            relation = relation.intersect(_at_output(index, position, target))
        return relation


def _at_output(index: isl.Map, position: int, target: isl.Space) -> isl.Map:
    """Lift a map to one dimension into one to `target`, constraining only `position`."""
    rank = target.dim(_SET)
    lifted = index.insert_dims(_OUT, 0, position).add_dims(_OUT, rank - position - 1)
    return lifted.set_tuple_name(_OUT, target.get_tuple_name(_SET))


def _val(value: int) -> isl.Val:
    return (
        isl.Val.int_from_si(isl.DEFAULT_CONTEXT, value)
        if abs(value) < 2**62
        else isl.Val(str(value))
    )


# ---- from isl to ours -----------------------------------------------------------------------


def affine_from_expr(expr: isl.AstExpr, rename: Mapping[str, Affine]) -> Affine:
    """An integer AST expression as an affine; identifiers go through `rename`."""
    kind = expr.get_type()
    if kind == isl.ast_expr_type.int:
        return Affine.integer(expr.get_val().to_python())
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
        return All() if expr.get_val().to_python() else Any()
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
    denominator = aff.get_denominator_val().to_python()
    terms: list[tuple[Atom, int]] = []

    def scaled(value: isl.Val) -> int:
        return int((value.mul(_val(denominator))).to_python())

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
    denominator = div.get_denominator_val().to_python()
    numerator = affine_from_aff(div.scale_val(_val(denominator)), parameters, iterators)
    return None if numerator is None else numerator.floordiv(denominator)


def sample_point(set_: isl.Set) -> tuple[dict[str, int], tuple[int, ...]] | None:
    """A point of a set: parameter values by (mangled) name, and coordinates. None if empty."""
    if set_.is_empty():
        return None
    point = set_.sample_point()
    space_ = point.get_space()
    params = {
        space_.get_dim_name(_PARAM, i): point.get_coordinate_val(_PARAM, i).to_python()
        for i in range(space_.dim(_PARAM))
    }
    coordinates = tuple(
        point.get_coordinate_val(_SET, i).to_python() for i in range(space_.dim(_SET))
    )
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
                small = small.upper_bound_val(_PARAM, position, _val(bound))
                low = -bound if least is None else least
                small = small.lower_bound_val(_PARAM, position, _val(low))
            if not small.is_empty():
                return small
    return set_


def _least(set_: isl.Set, position: int) -> isl.Set:
    """Fix a parameter at its value of least size."""
    for value in range(65):
        for signed in (value, -value):
            fixed = set_.fix_val(_PARAM, position, _val(signed))
            if not fixed.is_empty():
                return fixed
    return set_
