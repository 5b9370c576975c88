"""The cost of a tree in nanoseconds, from access strides, reuse and the machine's facts.

An analytical estimate, good for ranking and no more. For each statement the innermost loop says
how many cache lines an iteration touches and whether vectors apply; for each access the innermost
loop that does not move it says from which cache its lines are reused (the data that the loops
inside touch must fit). Line costs follow measured bandwidths of the cache levels.
"""

from __future__ import annotations

from polyopt.machine import Machine
from polyopt.model.affine import Affine
from polyopt.model.expr import Binary, Call, walk
from polyopt.model.scop import Scop, Statement
from polyopt.transform.auto.views import (
    TYPICAL_SIZE,
    LoopView,
    Trips,
    inner_loop,
    step_of,
    stride_of,
    views,
)
from polyopt.transform.legality import Verdict

_FLOP = 0.14
_CALL = 12.0
_DIVIDE = 2.0
_RECURRENCE = 1.1
_GUARD = 0.5
_L1_LINE = 0.3
_JUMP = 1.0
_REGION = 3000.0
_STRIDED_PENALTY = 1.6

_Shape = tuple[str, tuple[tuple[object, ...], ...]]
"""An array, and per subscript how each loop moves it and what else it has but its constant."""


class Estimates:
    """The costs of trees over one model; a statement among loops that are alike is costed once."""

    def __init__(self, scop: Scop, machine: Machine, threads: int, trips: Trips) -> None:
        self._scop, self._machine, self._threads, self._trips = scop, machine, threads, trips
        self._shapes: dict[tuple[object, ...], tuple[_Shape, ...]] = {}
        self._known: dict[tuple[object, ...], float] = {}

    def cost(self, verdict: Verdict, only: frozenset[str] | None = None) -> float:
        """The estimated nanoseconds of a tree, or of some statements in it. Loops are taken as
        parallel and vector where the verdict allows it, whether marked or not."""
        seen: set[tuple[object, ...]] = set()
        around = views(self._scop, verdict, self._trips, only)
        return sum([self._statement(name, loops, seen) for name, loops in around.items()])

    def _statement(
        self, name: str, loops: tuple[LoopView, ...], seen: set[tuple[object, ...]]
    ) -> float:
        """The cost of one statement; `seen` has what those before it touch in the same loops."""
        statement = self._scop.statement(name)
        around = tuple(id(v.member) for v in loops)
        repeated: list[bool] = []
        for shape in self._shapes_of(statement, loops):
            repeated.append((shape, around) in seen)
            seen.add((shape, around))
        key = (name, *repeated, *map(_facts, loops))
        if key not in self._known:
            machine, threads = self._machine, self._threads
            self._known[key] = _statement_cost(
                self._scop, statement, loops, machine, threads, repeated
            )
        return self._known[key]

    def _shapes_of(self, statement: Statement, loops: tuple[LoopView, ...]) -> tuple[_Shape, ...]:
        """The shapes of a statement's accesses in some loops."""
        key = (statement.name, *(v.member.row(statement.name) for v in loops))
        if key not in self._shapes:
            self._shapes[key] = tuple(
                (a.array, tuple(_shape(x, statement, loops) for x in a.subscripts))
                for a in statement.accesses
            )
        return self._shapes[key]


def _facts(loop: LoopView) -> tuple[object, ...]:
    """All of a loop that the cost depends on."""
    marks = (loop.is_parallel, loop.is_vector, loop.is_shared, loop.is_small, loop.sums_apart)
    return (tuple(loop.moves.items()), loop.trips, marks, loop.member.pipeline)


def _statement_cost(
    scop: Scop,
    statement: Statement,
    loops: tuple[LoopView, ...],
    machine: Machine,
    threads: int,
    repeated: list[bool],
) -> float:
    """`repeated`: per access, whether a statement before touches the same lines."""
    instances = 1.0
    for loop in loops:
        instances *= loop.trips
    inner = inner_loop(loops)
    bits = scop.dtype(statement.array).bits
    lanes = 1.0
    if inner is not None and inner.is_vector:
        # A loop shorter than a vector does not fill one.
        lanes = max(1.0, min(machine.vector_bits / max(bits, 8), inner.trips / 2))
    memory, strided = 0.0, False
    # The copies of a private scalar are side by side, but where other elements are gathered.
    lie_in_lanes = all(
        stride_of(a.subscripts, inner) <= 1
        for a in statement.accesses
        if a.array not in scop.private_scalars
    )
    for access, is_near in zip(statement.accesses, repeated, strict=True):
        subscripts = scop.cells(access)
        step = stride_of(subscripts, inner)
        if access.array in scop.private_scalars and lie_in_lanes:
            step = min(step, 1)
        strided = strided or step > 1
        lines = _lines(step, scop.dtype(access.array).bits, machine)
        if is_near:
            memory += lines * _L1_LINE * 0.5 + (_JUMP / 2 if step > 1 else 0.0)
            continue
        line = _line_cost(scop, statement, subscripts, loops, machine)
        written = access.array == statement.array and line > _L1_LINE
        memory += lines * line * (2 if written else 1) + (_JUMP if step > 1 else 0.0)
    arithmetic = _arithmetic(statement)
    recurrent = inner is not None and not inner.is_vector
    speed = 1.0 if strided else lanes
    compute = arithmetic / speed + (_RECURRENCE if recurrent else 0.0)
    guard = _GUARD if any(v.is_shared for v in loops) else 0.0
    per_instance = max(compute, memory) + 0.3 * min(compute, memory) + guard
    return _threaded(instances * per_instance, loops, threads)


def _shape(
    subscript: Affine, statement: Statement, loops: tuple[LoopView, ...]
) -> tuple[object, ...]:
    """A subscript as the loops move it, without its constant: accesses of one shape share most of
    their lines, whatever a statement calls its iterators."""
    steps = [step_of(subscript, v) for v in loops]
    others = [t for t in subscript.terms if t[0] not in statement.iterators]
    return (*steps, *others)


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
        on_threads = loop.is_parallel or loop.sums_apart or loop.member.pipeline
        if on_threads and loop.trips >= threads:
            return time / threads + (regions * _REGION if threads > 1 else 0.0)
        regions *= loop.trips
    return time


def _lines(step: int, bits: int, machine: Machine) -> float:
    if step == 0:
        return 0.0
    return bits / 8 / machine.line if step == 1 else _STRIDED_PENALTY


def _line_cost(
    scop: Scop,
    statement: Statement,
    subscripts: tuple[Affine, ...],
    loops: tuple[LoopView, ...],
    machine: Machine,
) -> float:
    """The cost of one line of an access: where its next use finds it."""
    inner = inner_loop(loops)
    spatial = stride_of(subscripts, inner) == 2
    for depth in range(len(loops) - 2, -1, -1):
        step = stride_of(subscripts, loops[depth])
        if step == 0 or (step == 1 and spatial):
            return _level_cost(_footprint(scop, statement, loops[depth + 1 :], machine), machine)
    return _level_cost(_footprint(scop, statement, loops, machine), machine)


def _footprint(
    scop: Scop, statement: Statement, loops: tuple[LoopView, ...], machine: Machine
) -> float:
    """Bytes that the loops touch, whole lines where they move across lines."""
    total = 0.0
    for array, subscripts in {(a.array, scop.cells(a)) for a in statement.accesses}:
        elements = 1.0
        for subscript in subscripts:
            span = 1.0
            for loop in loops:
                if step_of(subscript, loop) != 0:
                    span *= loop.trips
            elements *= min(span, float(TYPICAL_SIZE) * 2)
        size = scop.dtype(array).bits / 8
        contiguous = bool(subscripts) and any(step_of(subscripts[-1], v) != 0 for v in loops)
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
