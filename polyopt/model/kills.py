"""Writes that hide earlier ones from what runs only where they did, although sets do not know it.

    for k in range(ptr[i], ptr[i + 1]):
        s = 0.0                              S1[i, k]
        for j in range(n):
            s += A[i, j] * B[col[k], j]      S2[i, k, j]
        if s > limit[i]:
            t = s * s                        S3[i, k]
            y[k] = t                         S4[i, k]

Whether S1[i, k] runs is not known, but where S2[i, k, j] does, it does: of the values of s that
S2 reads, none is older. So it is with t: S3 and S4 run under one condition, and nothing writes
what it reads from the one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import islpy as isl

from polyopt._isl import Frame, limited
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Call, Expr, Load, conjuncts, data, loads, walk
from polyopt.model.order import order_map
from polyopt.model.scop import Scop, Statement

_OPERATIONS = 30_000


@dataclass(frozen=True)
class Kill:
    """In the pairs `when` of a write and a later sink, the write has run wherever the sink does.

    `asked` are the subscripts of what the sink reads to know whether it runs, so even where the
    write has not run.
    """

    write: str
    sink: str
    when: isl.UnionMap
    asked: frozenset[tuple[Affine, ...]]


def kills(
    scop: Scop,
    frames: Mapping[str, Frame],
    vectors: Mapping[str, tuple[Affine, ...]],
    array: str,
    *,
    is_backwards: bool = False,
) -> tuple[Kill, ...]:
    """The kills of an array's writes that loops over data or guards decide.

    `is_backwards`: the vectors are of time that runs backwards, where no guard tells what is next.
    """
    writes = [s for s in scop.statements if s.array == array and _may_kill(s)]
    if is_backwards:
        writes = [s for s in writes if s.guard is None]
    sinks = [s for s in scop.statements if any(a.array == array for a in s.accesses)]
    found: list[Kill] = []
    for write in writes:
        for sink in sinks:
            depth = _shared(write, sink)
            if depth is None:
                continue
            try:
                with limited(_OPERATIONS):
                    when = _when(scop, frames, vectors, (write, sink), depth)
            except isl.Error:
                continue
            if not when.is_empty():
                asked = _asked(sink, array) if write.guard is not None else frozenset()
                found.append(Kill(write.name, sink.name, when, asked))
    return tuple(found)


def _may_kill(statement: Statement) -> bool:
    """Whether an instance writes the one element that it names, once it runs."""
    named = not any(s.is_data for s in statement.subscripts)
    plain = statement.reduction is None and not statement.late
    decided = bool(statement.ranges) or statement.guard is not None
    return named and plain and decided and all(map(_is_steady, _conditions(statement.guard)))


def _shared(write: Statement, sink: Statement) -> int | None:
    """How many leading iterators must be equal for the sink to tell that the write runs; None
    where it never does."""
    names = [b.name for b in write.ranges]
    if names != [b.name for b in sink.ranges][: len(names)]:
        return None
    if write.guard is None:
        return max(write.iterators.index(i) for i in write.loose) + 1
    depth = len(write.iterators)
    same = write.iterators == sink.iterators[:depth]
    around = write.exits == sink.exits[: len(write.exits)]
    asked = _conditions(write.guard) <= _conditions(sink.guard)
    return depth if sink is not write and same and around and asked else None


def _asked(sink: Statement, array: str) -> frozenset[tuple[Affine, ...]]:
    """The subscripts of what a statement's guard and loops read of an array."""
    exprs = [sink.guard] if sink.guard is not None else []
    exprs += [e for b in sink.ranges for e in data(b.value)]
    return frozenset(load.subscripts for e in exprs for load in loads(e) if load.array == array)


def _conditions(guard: Expr | None) -> frozenset[Expr]:
    """The operands of a guard that is an `and`."""
    return frozenset() if guard is None else frozenset(conjuncts(guard))


def _is_steady(condition: Expr) -> bool:
    """Whether a condition has one value however often it is computed from the same data.

    Compilers may contract `a * b + c` at one place and not at another, and vector functions
    differ from scalar ones: a guard with more than one floating-point operation is not taken.
    """
    nodes = list(walk(condition))
    floats = [n for n in nodes if isinstance(n, Binary) and n.dtype.kind not in "iub"]
    calls = any(isinstance(n, Call) for n in nodes)
    return not calls and len(floats) <= 1 and all(n.op in _ONCE for n in floats)


_ONCE = frozenset({"add", "sub", "mul", "min", "max"})


def _when(
    scop: Scop,
    frames: Mapping[str, Frame],
    vectors: Mapping[str, tuple[Affine, ...]],
    pair: tuple[Statement, Statement],
    depth: int,
) -> isl.UnionMap:
    """The pairs of a write and a sink that is later in the same iteration of `depth` loops,
    between which no condition of the write changes."""
    write, sink = pair
    if write.guard is not None and _is_before(vectors[sink.name], vectors[write.name], depth):
        return isl.UnionMap.empty(scop.facts.get_space())
    read = {load for e in _conditions(write.guard) for load in loads(e)}
    changing = [
        s
        for s in scop.statements
        if any(s.array == load.array for load in read) and _may_be_between(s, pair, vectors, depth)
    ]
    names = {s.name for s in (write, sink, *changing)}
    times = {name: order_map({name: vectors[name]}, frames) for name in names}
    for each in (write, sink, *changing):
        times[each.name] = times[each.name].intersect_domain(isl.UnionSet(each.domain))
    later = times[write.name].lex_lt_union_map(times[sink.name])
    when = later.intersect(isl.UnionMap(_equal(write, sink, depth)))
    for load, change in _changes(read, changing):
        if when.is_empty():
            break
        asked = frames[write.name].access(load.array, load.subscripts)
        written = frames[change.name].access(change.array, change.subscripts)
        clash = isl.UnionMap(asked.apply_range(written.reverse()))
        from_ = clash.intersect(times[write.name].lex_le_union_map(times[change.name]))
        until = times[change.name].lex_lt_union_map(times[sink.name])
        when = when.subtract(from_.apply_range(until))
    return when


def _may_be_between(
    statement: Statement,
    pair: tuple[Statement, Statement],
    vectors: Mapping[str, tuple[Affine, ...]],
    depth: int,
) -> bool:
    """Whether a statement may run from a write on and before a sink in the same iteration, as far
    as the text tells: what stands before both, or behind both, does not."""
    sides = [_is_before(vectors[statement.name], vectors[each.name], depth) for each in pair]
    return None in sides or sides[0] != sides[1]


def _is_before(first: tuple[Affine, ...], second: tuple[Affine, ...], depth: int) -> bool | None:
    """Whether one statement stands before another in the `depth` loops of one iteration; None where
    the text does not tell, as in a further loop that both are in."""
    for one, other in zip(first, second, strict=True):
        if one.is_constant and other.is_constant and one != other:
            return one.constant < other.constant
        if one != other:
            return None
        depth -= not one.is_constant
        if depth < 0:
            return None
    return False


def _changes(read: set[Load], changing: Sequence[Statement]) -> Iterator[tuple[Load, Statement]]:
    """The loads of a guard, each with the statements that write its array."""
    for load in sorted(read, key=str):
        yield from ((load, s) for s in changing if s.array == load.array)


def _equal(write: Statement, sink: Statement, depth: int) -> isl.Map:
    """Pairs of instances with the same first iterators."""
    pairs = isl.Map.from_domain_and_range(write.domain, sink.domain)
    for position in range(depth):
        pairs = pairs.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
    return pairs


def hidden(
    kill: Kill, write: isl.Map, touched: isl.Map, order: isl.UnionMap
) -> tuple[isl.UnionMap, isl.UnionMap]:
    """What a kill hides: of each source the touches of sinks, `source → [sink → element]`, and
    the touches `sink → element` before which no older source is visible."""
    elements = isl.UnionMap(touched.range_map().apply_range(write.reverse()))
    sinks = isl.UnionMap(touched.domain_map()).apply_range(kill.when.reverse())
    by = elements.intersect(sinks)
    times = order.intersect_domain(isl.UnionSet(write.domain()))
    older = order.lex_lt_union_map(times)
    return older.apply_range(by.reverse()), by.domain().unwrap()
