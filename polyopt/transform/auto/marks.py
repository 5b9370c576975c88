"""Marks: threads on the outermost parallel loop of each path, vectors on the innermost."""

from __future__ import annotations

from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.cost import views
from polyopt.transform.edit import Place, places
from polyopt.transform.legality import Level
from polyopt.transform.promotion import accumulator
from polyopt.transform.schedule import Schedule

_TOO_FEW = 4


def mark_loops(search: Search, schedule: Schedule) -> Schedule:
    """Mark parallel and vector loops; whether threads pay is decided at the call, by the work."""
    schedule = _vectors(search, schedule)
    return _threads(search, schedule) if search.threads > 1 else schedule


def _levels(schedule: Schedule) -> dict[tuple[tuple[int, ...], int], Level]:
    return {(lv.path, lv.position): lv for lv in schedule.verdict.levels}


def _threads(search: Search, schedule: Schedule) -> Schedule:
    levels = _levels(schedule)
    covered: set[str] = {
        s for p in places(schedule.tree) if p.member.parallel for s in p.member.statements
    }
    around = views(schedule.scop, schedule.verdict, search.trips(schedule))
    for place in places(schedule.tree):
        level = levels[(place.path, place.position)]
        trips = max(
            v.trips for s in place.member.statements for v in around[s] if v.member == place.member
        )
        free = not covered & set(place.member.statements)
        if level.is_parallel and free and trips >= _TOO_FEW:
            name = name_of(schedule, place)
            new = attempt(schedule, lambda s, n=name: s.parallel(n))
            if new is not None:
                schedule = new
                covered |= set(place.member.statements)
    return schedule


def _vectors(search: Search, schedule: Schedule) -> Schedule:
    for place in _innermost(schedule):
        level = _levels(schedule)[(place.path, place.position)]
        if not level.is_vector or place.member.vector:
            continue
        if (
            level.reductions
            and accumulator(schedule.judge.footprints, schedule.tree, level) is None
        ):
            continue
        width = max(1, search.machine.vector_bits // _widest(schedule, place))
        name = name_of(schedule, place)
        schedule = attempt(schedule, lambda s, n=name, w=width: s.vectorize(n, w)) or schedule
    return schedule


def _widest(schedule: Schedule, place: Place) -> int:
    scop = schedule.scop
    bits = [scop.dtype(scop.statement(s).array).bits for s in place.member.statements]
    return max([*bits, 8])


def _innermost(schedule: Schedule) -> tuple[Place, ...]:
    found = places(schedule.tree)
    last: dict[str, Place] = {}
    for place in found:
        for statement in place.member.statements:
            last[statement] = place
    return tuple(p for p in found if all(last[s] == p for s in p.member.statements))
