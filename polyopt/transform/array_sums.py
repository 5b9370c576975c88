"""Reductions into whole arrays: each part of a loop's range has a copy of the array.

    for i: h[idx[i]] += x[i]    →    parallel for part: for i in part: h_part[part][idx[i]] += x[i]
                                     for part: for all e: h[e] += h_part[part][e]

Array privatisation of a reduction, as for histograms and scattered sums (Pottenger and Eigenmann
1995; OpenMP's array reductions), with parts that depend on sizes alone.
"""

from __future__ import annotations

from polyopt.model.expr import data, loads
from polyopt.model.scop import ReductionOp, Scop, Statement
from polyopt.transform.legality import Level

ArraySums = tuple[tuple[str, ReductionOp], ...]
"""Arrays, each with the operator by which copies of it are combined."""

_MIXED_BITS = 16
"""Floats of this width are computed in another type than they are stored in."""


def array_sums(scop: Scop, level: Level) -> ArraySums | None:
    """The arrays into which a loop's carried reductions go, where nothing else in the loop uses
    them; None where something does, or one has no copies that can be combined."""
    inside = [s for s in scop.statements if s.name in level.member.statements]
    indexing = frozenset().union(*map(_indexing, inside))
    found: dict[str, ReductionOp] = {}
    for name in dict.fromkeys(d.array for d in level.reductions):
        array = scop.array(name)
        number = array.dtype.is_integer or array.dtype.is_float
        wide = array.dtype.is_integer or array.dtype.bits > _MIXED_BITS
        op = _operator([s for s in inside if any(a.array == name for a in s.accesses)], name)
        if not (array.shape and number and wide) or op is None or name in indexing:
            return None
        if name in dict(scop.private):
            return None
        found[name] = op
    return tuple(found.items()) or None


def is_scattered(scop: Scop, level: Level) -> bool:
    """Whether all of a loop's carried reductions go where data say."""
    targets = [scop.statement(n).subscripts for n in {d.source for d in level.reductions}]
    return bool(targets) and all(any(x.is_data for x in subscripts) for subscripts in targets)


def _operator(users: list[Statement], array: str) -> ReductionOp | None:
    """The one operator by which all users of an array accumulate into it."""
    found: set[ReductionOp | None] = set()
    for s in users:
        own = all(a.subscripts == s.subscripts for a in s.accesses if a.array == array)
        found.add(s.reduction.op if s.reduction and s.array == array and own else None)
    return found.pop() if len(found) == 1 else None


def _indexing(statement: Statement) -> frozenset[str]:
    """The arrays whose elements say where a statement's accesses go, or how often it runs."""
    subscripts = [x for a in statement.accesses for x in a.subscripts]
    bounds = [b.value for b in statement.ranges]
    return frozenset(x.array for a in (*subscripts, *bounds) for e in data(a) for x in loads(e))
