"""Marks: threads on the outermost parallel loop of each path, vectors on the innermost.

A nest that is one long sum has threads too, each with a partial result. Recurrences become scans.
"""

from __future__ import annotations

from functools import partial

from polyopt.transform.array_sums import is_scattered
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.rows import jam_rows
from polyopt.transform.auto.views import TYPICAL_SIZE, inner_loop, sums_apart, views
from polyopt.transform.edit import Place, is_inside, places
from polyopt.transform.legality import Level, Path
from polyopt.transform.parts import by_nests
from polyopt.transform.promotion import accumulator
from polyopt.transform.schedule import Schedule

_TOO_FEW = 4
_LEAST_CHUNK = 2
"""Iterations of which the parts of a sum into lines are multiples: each has a line's work."""


def mark_loops(search: Search, schedule: Schedule) -> Schedule:
    """Mark parallel and vector loops; whether threads pay is decided at the call, by the work."""
    schedule = by_nests(schedule, partial(_vectors, search))
    schedule = by_nests(schedule, partial(jam_rows, search))
    return by_nests(schedule, partial(_threads, search)) if search.threads > 1 else schedule


def _levels(schedule: Schedule) -> dict[tuple[tuple[int, ...], int], Level]:
    return {(lv.path, lv.position): lv for lv in schedule.verdict.levels}


def _threads(search: Search, schedule: Schedule) -> Schedule:
    levels = _levels(schedule)
    marked = [p.path for p in places(schedule.tree) if p.member.parallel or p.member.pipeline]
    around = views(schedule.scop, schedule.verdict, search.trips(schedule))
    for place in places(schedule.tree):
        level = levels[(place.path, place.position)]
        counts = [
            v.trips for s in place.member.statements for v in around[s] if v.member == place.member
        ]
        trips = max(counts, default=float(TYPICAL_SIZE))
        free = not any(_on_one_path(place.path, path) for path in marked)
        if free and trips >= _TOO_FEW and not place.member.unroll:
            new = _on_threads(search, schedule, place, level)
            if new is not None:
                schedule = new
                marked.append(place.path)
    return schedule


def _on_threads(search: Search, schedule: Schedule, place: Place, level: Level) -> Schedule | None:
    """A loop on threads; one that sums in partial results, where it is a whole nest, since inside
    of another loop parts would be combined in each of its iterations, or where data say into
    which elements: then copies are made only where they pay."""
    name = name_of(schedule, place)
    if level.is_parallel:
        return attempt(schedule, partial(Schedule.parallel, loop=name))
    enclosed = any(is_inside(place, other) for other in places(schedule.tree))
    scattered = is_scattered(schedule.scop, level)
    if level.carried or not (scattered or not enclosed) or not search.packs:
        return None
    one = accumulator(schedule.judge.footprints, schedule.tree, level)
    if one is None and not scattered and not sums_apart(schedule.scop, level):
        return None
    chunk = None if scattered or one is not None else _LEAST_CHUNK
    return attempt(schedule, partial(Schedule.reduce, loop=name, parallel=True, chunk=chunk))


def _on_one_path(first: Path, second: Path) -> bool:
    """Whether one place is above the other, or in the same band."""
    short = min(len(first), len(second))
    return first[:short] == second[:short]


def _vectors(search: Search, schedule: Schedule) -> Schedule:
    for place in innermost(schedule):
        schedule = _around_straight_code(search, schedule, place) or _vectorized(
            search, schedule, place
        )
    return schedule


def _around_straight_code(search: Search, schedule: Schedule, place: Place) -> Schedule | None:
    """The loop around small ones in vectors, these written out; None where that is not to be."""
    name = place.member.statements[0]
    nest = frozenset(_enclosing(schedule, place)[0].member.statements)
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), nest)[name]
    inner = inner_loop(around)
    if inner is None or inner is around[-1]:
        return None
    enclosing = reversed(_enclosing(schedule, place))
    target = next((p for p in enclosing if p.member == inner.member), None)
    if target is None:  # of a statement in parts, the views tell of another one
        return None
    if _is_settled(target):
        return schedule
    if not inner.is_vector or inner.has_reduction:
        return None
    within = [p for p in places(schedule.tree) if is_inside(p, target)]

    def steps(s: Schedule) -> Schedule:
        s = s.vectorize(name_of(s, target), search.machine.vector_bits // _widest(schedule, target))
        for loop in within:
            s = s.unroll(name_of(schedule, loop))
        return s

    return attempt(schedule, steps)


def _enclosing(schedule: Schedule, place: Place) -> list[Place]:
    """The loops around a place, and itself, outermost first."""
    return [p for p in places(schedule.tree) if p == place or is_inside(place, p)]


def _vectorized(search: Search, schedule: Schedule, place: Place) -> Schedule:
    level = _levels(schedule)[(place.path, place.position)]
    if _is_settled(place) or _is_short(search, schedule, place):
        return schedule
    name = name_of(schedule, place)
    if not level.is_vector:
        scan = partial(Schedule.scan, loop=name)
        return (attempt(schedule, scan) if search.packs else None) or schedule
    if level.reductions and accumulator(schedule.judge.footprints, schedule.tree, level) is None:
        return schedule
    width = max(1, search.machine.vector_bits // _widest(schedule, place))
    return attempt(schedule, partial(Schedule.vectorize, loop=name, width=width)) or schedule


def _is_settled(place: Place) -> bool:
    """Whether the loop has been given its form: lanes, or iterations side by side."""
    return bool(place.member.vector or place.member.unroll or place.member.scan)


def _is_short(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether the loop is known to run too few times to fill a vector."""
    trips = search.most_trips(schedule, place)
    return trips is not None and trips < _TOO_FEW


def _widest(schedule: Schedule, place: Place) -> int:
    scop = schedule.scop
    bits = [scop.dtype(scop.statement(s).array).bits for s in place.member.statements]
    return max([*bits, 8])


def innermost(schedule: Schedule) -> tuple[Place, ...]:
    """The last loop of every path."""
    found = places(schedule.tree)
    return tuple(
        p
        for p in found
        if not any(
            q.path[: len(p.path)] == p.path and (q.path, q.position) > (p.path, p.position)
            for q in found
        )
    )
