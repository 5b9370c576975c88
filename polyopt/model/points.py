"""The integer points of sets and relations at given values of the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import islpy as isl

from polyopt._isl import mangle

Point = tuple[int, ...]
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
    return (low.to_python(), high.to_python()) if low.is_int() and high.is_int() else None


def within(set_: isl.Set, box: Sequence[tuple[int, int] | None]) -> isl.Set:
    """The part of a set inside a box; None leaves a dimension as it is."""
    for position, span in enumerate(box):
        if span is not None:
            low, high = (isl.Val.int_from_si(isl.DEFAULT_CONTEXT, v) for v in span)
            set_ = set_.lower_bound_val(_SET, position, low)
            set_ = set_.upper_bound_val(_SET, position, high)
    return set_


def integer_points(set_: isl.Set, values: Mapping[str, int]) -> tuple[Point, ...]:
    """Every point of a bounded set at some values of the parameters, in lexicographic order."""
    here = at_values(set_, values)
    found: list[isl.Point] = []
    here.foreach_point(found.append)  # a list's own method raises nothing inside isl
    rank = range(here.dim(_SET))
    return tuple(
        sorted(tuple(p.get_coordinate_val(_SET, d).to_python() for d in rank) for p in found)
    )


def integer_pairs(relation: isl.Map, values: Mapping[str, int]) -> tuple[tuple[Point, Point], ...]:
    """Every pair of a bounded relation at some values of the parameters, in order."""
    cut = relation.dim(isl.dim_type.in_)
    return tuple((p[:cut], p[cut:]) for p in integer_points(relation.wrap(), values))
