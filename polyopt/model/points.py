"""The integer points of sets and relations at given values of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import islpy as isl

from polyopt._spaces import integer, mangle
from polyopt.model.affine import Affine

Point = tuple[int, ...]
Function = Callable[[Point], int]
_SET, _PARAM = isl.dim_type.set, isl.dim_type.param


def at_values(set_: isl.Set, values: Mapping[str, int]) -> isl.Set:
    """The part of a set at some values of the parameters, with no parameters left."""
    for name, value in values.items():
        position = set_.find_dim_by_name(_PARAM, mangle(name))
        if position >= 0:
            set_ = set_.fix_val(_PARAM, position, isl.Val.int_from_si(isl.DEFAULT_CONTEXT, value))
    return set_.project_out(_PARAM, 0, set_.dim(_PARAM))


def spans(set_: isl.Set, values: Mapping[str, int]) -> tuple[tuple[int, int] | None, ...]:
    """Per dimension the least and the greatest coordinate at some values of the parameters; None
    for one without end, and nothing at all for an empty set."""
    here = at_values(set_, values)
    if here.is_empty():
        return ()
    return tuple(_span(here, position) for position in range(here.dim(_SET)))


def _span(set_: isl.Set, position: int) -> tuple[int, int] | None:
    low, high = set_.dim_min_val(position), set_.dim_max_val(position)
    return (integer(low), integer(high)) if low.is_int() and high.is_int() else None


def within(set_: isl.Set, box: Sequence[tuple[int, int] | None]) -> isl.Set:
    """The part of a set inside a box; None leaves a dimension as it is."""
    for position, span in enumerate(box):
        if span is not None:
            low, high = (isl.Val.int_from_si(isl.DEFAULT_CONTEXT, v) for v in span)
            set_ = set_.lower_bound_val(_SET, position, low)
            set_ = set_.upper_bound_val(_SET, position, high)
    return set_


def function_of(row: Affine, names: Sequence[str], values: Mapping[str, int]) -> Function:
    """An affine as a function of points with coordinates of some names; the other names have the
    values given."""
    if not row.is_linear:
        return lambda point: row.evaluate({**values, **dict(zip(names, point, strict=True))})
    constant = row.constant + sum(
        factor * values[str(name)] for name, factor in row.terms if name not in names
    )
    terms = [(names.index(str(name)), factor) for name, factor in row.terms if name in names]
    if len(terms) == 1:
        ((place, factor),) = terms
        return lambda point: constant + factor * point[place]
    return lambda point: constant + sum(factor * point[place] for place, factor in terms)


_BOUNDS = (*range(1, 13), 16, 20, 24, 32, 48, 64, 128, 1024)


def least_values(possible: isl.Set, parameters: Sequence[str]) -> dict[str, int] | None:
    """Values of the parameters that are not negative, small and about equal; None where there are
    none in the set."""
    for name in parameters:
        position = possible.find_dim_by_name(_PARAM, mangle(name))
        if position >= 0:
            possible = possible.lower_bound_val(_PARAM, position, _val(0))
    for bound in _BOUNDS:
        small = possible
        for position in range(possible.dim(_PARAM)):
            small = small.upper_bound_val(_PARAM, position, _val(bound))
        if not small.is_empty():
            return _first(small, parameters)
    return None if possible.is_empty() else _first(possible, parameters)


def _first(possible: isl.Set, parameters: Sequence[str]) -> dict[str, int]:
    names = [possible.get_dim_name(_PARAM, k) for k in range(possible.dim(_PARAM))]
    points = isl.Set.from_params(possible.params()).move_dims(_SET, 0, _PARAM, 0, len(names))
    point = points.lexmin().sample_point()
    values = [integer(point.get_coordinate_val(_SET, k)) for k in range(len(names))]
    known = dict(zip(names, values, strict=True))
    return {name: known.get(mangle(name), 0) for name in parameters}


def runs_often(domain: isl.Set, position: int, times: int) -> isl.Set:
    """The values of the parameters for which a coordinate takes values so far apart."""
    rank = domain.dim(_SET)
    line = domain.project_out(_SET, position + 1, rank - position - 1)
    line = line.project_out(_SET, 0, position).reset_tuple_id()
    apart = line.flat_product(line)
    step = isl.Constraint.inequality_alloc(isl.LocalSpace.from_space(apart.get_space()))
    step = step.set_coefficient_val(_SET, 0, _val(-1)).set_coefficient_val(_SET, 1, _val(1))
    return apart.add_constraint(step.set_constant_val(_val(1 - times))).params()


def _val(value: int) -> isl.Val:
    return isl.Val.int_from_si(isl.DEFAULT_CONTEXT, value)


def integer_points(set_: isl.Set, values: Mapping[str, int]) -> tuple[Point, ...]:
    """Every point of a bounded set at some values of the parameters, in lexicographic order."""
    here = at_values(set_, values)
    found: list[isl.Point] = []
    here.foreach_point(found.append)  # a list's own method raises nothing inside isl
    rank = range(here.dim(_SET))
    return tuple(
        sorted(tuple(p.get_coordinate_val(_SET, d).get_num_si() for d in rank) for p in found)
    )


def integer_pairs(relation: isl.Map, values: Mapping[str, int]) -> tuple[tuple[Point, Point], ...]:
    """Every pair of a bounded relation at some values of the parameters, in order."""
    cut = relation.dim(isl.dim_type.in_)
    return tuple((p[:cut], p[cut:]) for p in integer_points(relation.wrap(), values))


def moves(relation: isl.Map, position: int) -> bool:
    """Whether some pair of a relation differs in a coordinate."""
    same = isl.Map.universe(relation.get_space())
    same = same.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
    return not relation.is_subset(same)
