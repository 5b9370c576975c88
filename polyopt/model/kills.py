"""Writes in loops over data that hide earlier ones, although sets do not know that they run.

    for k in range(ptr[i], ptr[i + 1]):
        s = 0.0                              S1[i, k]
        for j in range(n):
            s += A[i, j] * B[col[k], j]      S2[i, k, j]

Whether S1[i, k] runs is not known, but where S2[i, k, j] does, it does: of the values of s that
S2 reads, none is older.
"""

from __future__ import annotations

from collections.abc import Sequence

import islpy as isl

from polyopt.model.scop import Statement

Touching = tuple[Statement, isl.Map]
"""A statement, and the elements that each of its instances touches."""


def hides(statement: Statement) -> bool:
    """Whether an instance of a statement in a loop over data writes in any case, if it runs."""
    named = not any(s.is_data for s in statement.subscripts)
    plain = statement.guard is None and statement.reduction is None and not statement.late
    return named and plain and bool(statement.ranges)


def without_hidden(
    reached: isl.UnionMap,
    sinks: Sequence[Touching],
    writes: Sequence[Touching],
    order: isl.UnionMap,
) -> isl.UnionMap:
    """Pairs of a source and a sink, but for those with such a write between them, in an order."""
    for write, written in writes:
        for sink, touched in sinks:
            depth = _shared(write, sink)
            if not depth:
                continue
            between = touched.apply_range(written.reverse())
            for position in range(depth):
                between = between.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
            times = order.intersect_domain(isl.UnionSet.from_set(written.domain()))
            later = times.lex_lt_union_map(order)
            hiding = isl.UnionMap.from_map(between).intersect(later.reverse())
            older = order.lex_lt_union_map(times)
            reached = reached.subtract(older.apply_range(hiding.reverse()))
    return reached


def _shared(write: Statement, sink: Statement) -> int:
    """How many loops decide whether a write runs, where they all are around the sink too."""
    names = [b.name for b in write.ranges]
    if names != [b.name for b in sink.ranges][: len(names)]:
        return 0
    return max(write.iterators.index(i) for i in write.loose) + 1
