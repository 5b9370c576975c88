"""The cost of a tree in nanoseconds, from access strides, reuse and the machine's facts.

An analytical estimate, good for ranking and no more. Every size symbol is taken at one typical
value, since a specialisation does not know its sizes. For each statement the innermost loop says
how many cache lines an iteration touches and whether vectors apply; for each access the innermost
loop that does not move it says from which cache its lines are reused (the data that the loops
inside touch must fit). Line costs follow measured bandwidths of the cache levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import islpy as isl

from polyopt.machine import Machine
from polyopt.model.affine import Affine, Floor
from polyopt.model.expr import Binary, Call, walk
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Member
from polyopt.transform.legality import Level, Verdict

TYPICAL_SIZE = 1000
"""What a size symbol is taken to be."""

_FLOP = 0.14
_CALL = 12.0
_DIVIDE = 2.0
_RECURRENCE = 1.1
_GUARD = 0.5
_L1_LINE = 0.3
_REGION = 3000.0
_STRIDED_PENALTY = 1.6


@dataclass(frozen=True)
class LoopView:
    """One loop around a statement: the iterator it moves, its trips, and what it carries."""

    member: Member
    iterator: str | None
    trips: float
    is_parallel: bool
    is_vector: bool
    has_reduction: bool
    is_shared: bool


def views(scop: Scop, verdict: Verdict, trips: Trips) -> dict[str, tuple[LoopView, ...]]:
    """Per statement the loops around it, outermost first."""
    found: dict[str, list[LoopView]] = {s.name: [] for s in scop.statements}
    for level in verdict.levels:
        for name in level.member.statements:
            found[name].append(_view(scop.statement(name), level, found[name], trips))
    return {name: tuple(v) for name, v in found.items()}


def _view(
    statement: Statement, level: Level, outside: list[LoopView], trips: Trips
) -> LoopView:
    iterator, count = _moved(statement, level.member, outside, trips)
    return LoopView(
        level.member,
        iterator,
        count,
        level.is_parallel,
        level.is_vector,
        bool(level.reductions),
        _needs_guard(level.member),
    )


def _needs_guard(member: Member) -> bool:
    """Whether statements share the loop that do not run in all of its iterations alike."""
    kinds = {(len(r.names()) > 0, r.constant) for _, r in member.rows}
    return len(kinds) > 1


def _moved(
    statement: Statement, member: Member, outside: list[LoopView], trips: Trips
) -> tuple[str | None, float]:
    """The iterator that a loop moves, and its trips: a tile loop's are the strips, a point
    loop's the strip's size."""
    row = member.row(statement.name)
    size = _strip(row)
    done = {v.iterator for v in outside if not _strip(v.member.row(statement.name))}
    free = [i for i in statement.iterators if i in row.names() and i not in done]
    if not free:
        return None, 1.0
    iterator = free[-1]
    total = trips.of(statement, iterator)
    strips = [_strip(v.member.row(statement.name)) for v in outside if v.iterator == iterator]
    span = min([float(s) for s in strips if s] + [total])
    return iterator, max(1.0, span / size) if size else span


def _strip(row: Affine) -> int:
    """The strip size of a tile loop's row, 0 for a point loop's."""
    if len(row.terms) == 1 and isinstance(row.terms[0][0], Floor):
        return row.terms[0][0].denominator
    return 0


class Trips:
    """How often each iterator takes a value: its constant extent, or the typical size."""

    def __init__(self, scop: Scop) -> None:
        self._found: dict[tuple[str, str], float] = {}
        self._scop = scop

    def of(self, statement: Statement, iterator: str) -> float:
        """The trips of one iterator of a statement."""
        key = (statement.domain_text, iterator)
        if key not in self._found:
            self._found[key] = self._count(statement, statement.iterators.index(iterator))
        return self._found[key]

    def _count(self, statement: Statement, position: int) -> float:
        domain = statement.domain
        if domain.is_empty():
            return 0.0
        rest = domain.dim(isl.dim_type.set) - position - 1
        line = domain.project_out(isl.dim_type.set, position + 1, rest)
        line = line.project_out(isl.dim_type.set, 0, position)
        line = line.project_out(isl.dim_type.param, 0, line.dim(isl.dim_type.param))
        low, high = line.dim_min_val(0), line.dim_max_val(0)
        if low.is_int() and high.is_int():
            return float(high.to_python() - low.to_python() + 1)
        return float(TYPICAL_SIZE)


def cost(scop: Scop, verdict: Verdict, machine: Machine, trips: Trips, threads: int) -> float:
    """The estimated nanoseconds of a whole tree. Loops are taken as parallel and vector where
    the verdict allows it, whether marked or not."""
    seen: set[tuple[object, ...]] = set()
    around = views(scop, verdict, trips)
    return sum(
        _statement_cost(scop, scop.statement(name), loops, machine, threads, seen)
        for name, loops in around.items()
    )


def _statement_cost(
    scop: Scop,
    statement: Statement,
    loops: tuple[LoopView, ...],
    machine: Machine,
    threads: int,
    seen: set[tuple[object, ...]],
) -> float:
    instances = 1.0
    for loop in loops:
        instances *= loop.trips
    inner = loops[-1] if loops else None
    bits = scop.dtype(statement.array).bits
    lanes = machine.vector_bits / max(bits, 8) if inner is not None and inner.is_vector else 1.0
    memory, strided = 0.0, False
    for access in statement.accesses:
        step = _stride(access.subscripts, inner)
        strided = strided or step > 1
        lines = _lines(step, scop.dtype(access.array).bits, machine)
        key = (access.array, _shape(access.subscripts), tuple(v.member for v in loops))
        if key in seen:
            memory += lines * _L1_LINE * 0.5
            continue
        seen.add(key)
        line = _line_cost(scop, statement, access.subscripts, access.array, loops, machine)
        written = access.array == statement.array and line > _L1_LINE
        memory += lines * line * (2 if written else 1)
    arithmetic = _arithmetic(statement)
    recurrent = inner is not None and not inner.is_vector
    speed = 1.0 if strided else lanes
    compute = arithmetic / speed + (_RECURRENCE if recurrent else 0.0)
    guard = _GUARD if any(v.is_shared for v in loops) else 0.0
    per_instance = max(compute, memory) + 0.3 * min(compute, memory) + guard
    return _threaded(instances * per_instance, loops, threads)


def _shape(subscripts: tuple[Affine, ...]) -> tuple[Affine, ...]:
    """Subscripts without their constants: accesses of one shape share most of their lines."""
    return tuple(s - s.constant for s in subscripts)


def _arithmetic(statement: Statement) -> float:
    total = 0.1
    for node in walk(statement.value):
        if isinstance(node, Call):
            total += _CALL
        elif isinstance(node, Binary):
            total += _DIVIDE if node.op in ("div", "floordiv", "mod", "pow") else _FLOP
    return total


def _threaded(time: float, loops: tuple[LoopView, ...], threads: int) -> float:
    regions = 1.0
    for loop in loops:
        if loop.is_parallel and loop.trips >= threads:
            return time / threads + (regions * _REGION if threads > 1 else 0.0)
        regions *= loop.trips
    return time


def _stride(subscripts: tuple[Affine, ...], loop: LoopView | None) -> int:
    """How the element moves with the loop: 0 not at all, 1 along the line, 2 across lines."""
    if loop is None or loop.iterator is None:
        return 0
    moves = [s.coefficient(loop.iterator) for s in subscripts]
    hidden = any(loop.iterator in s.names() and not s.coefficient(loop.iterator) for s in subscripts)
    if hidden or any(moves[:-1]):
        return 2
    if not moves or moves[-1] == 0:
        return 0
    return 1 if abs(moves[-1]) == 1 else 2


def _lines(step: int, bits: int, machine: Machine) -> float:
    if step == 0:
        return 0.0
    return bits / 8 / machine.line if step == 1 else _STRIDED_PENALTY


def _line_cost(
    scop: Scop,
    statement: Statement,
    subscripts: tuple[Affine, ...],
    array: str,
    loops: tuple[LoopView, ...],
    machine: Machine,
) -> float:
    """The cost of one line of an access: where its next use finds it."""
    inner = loops[-1] if loops else None
    spatial = _stride(subscripts, inner) == 2
    for depth in range(len(loops) - 2, -1, -1):
        step = _stride(subscripts, loops[depth])
        if step == 0 or (step == 1 and spatial):
            return _level_cost(_footprint(scop, statement, loops[depth + 1 :], machine), machine)
    return _level_cost(_footprint(scop, statement, loops, machine), machine)


def _footprint(
    scop: Scop, statement: Statement, loops: tuple[LoopView, ...], machine: Machine
) -> float:
    """Bytes that the loops touch, whole lines where they move across lines."""
    total = 0.0
    trips: Mapping[str | None, float] = {v.iterator: v.trips for v in loops}
    for array, subscripts in {(a.array, a.subscripts) for a in statement.accesses}:
        elements = 1.0
        for subscript in subscripts:
            moving = [n for n in subscript.names() if n in trips]
            elements *= max((trips[n] for n in moving), default=1.0)
        size = scop.dtype(array).bits / 8
        contiguous = bool(subscripts) and any(n in trips for n in subscripts[-1].names())
        total += elements * (size if contiguous else machine.line)
    return total


def _level_cost(footprint: float, machine: Machine) -> float:
    """Nanoseconds a line of 64 bytes, by the smallest cache that holds the footprint."""
    if footprint <= machine.l1 * 0.75:
        return _L1_LINE
    if footprint <= machine.l2 * 0.75:
        return 0.55
    if footprint <= machine.l3 * 0.6:
        return 0.9
    return 3.0


