"""Sums of whole rows: several of them at once.

    for i:                                     for i_tile: for j: four times
        for j: q[i] += A[i, j] * p[j]     →        q[4 * i_tile + …] += A[4 * i_tile + …, j] * p[j]
        for j: s[j] += A[i, j] * r[i]              s[j] += A[4 * i_tile + …, j] * r[4 * i_tile + …]

What rows share, the line that they are multiplied with or the one that they are added to, is read
and written once for four of them, and four chains of additions run side by side (2000 rows of 2000
from memory, one core: 1.08 ms to 0.75 for q, 2.0 to 1.2 for both). Rows that data select are
anywhere in memory: one at a time, each would be waited for (100,000 rows of 20 with 64 columns:
347 ms, and 175 ms in fours). The order of every sum along s is kept.
"""

from __future__ import annotations

from functools import partial

from polyopt.errors import BadArgumentError
from polyopt.model.tree import Mark
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.views import stride_of, sums_apart, views
from polyopt.transform.edit import Place, is_inside, node_at, places
from polyopt.transform.jamming import begins_in_data
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule

_ROWS = 4


def jam_rows(search: Search, schedule: Schedule) -> Schedule:
    """The loops that sum up rows in vectors, four iterations side by side."""
    for place in reversed(places(schedule.tree)):  # one that is jammed leaves those before it
        if _sums_rows(search, schedule, place):
            jam = partial(_jammed, place=place)
            schedule = attempt(schedule, jam) or schedule
    return schedule


def _jammed(schedule: Schedule, place: Place) -> Schedule:
    """The loop jammed, where the loops inside have the same bounds in all of its iterations.

    Raises BadArgumentError where they have not."""
    name = name_of(schedule, place)
    new = schedule.unroll_and_jam(name, _ROWS)
    rows = set(place.member.rows)
    for loop in places(new.tree):
        ends = not any(is_inside(p, loop) for p in places(new.tree))
        if ends and rows & set(loop.member.rows) and not (loop.member.unroll or loop.member.vector):
            raise BadArgumentError(f'the loops inside "{name}" have bounds that follow it.')
    return new


def _sums_rows(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether a loop has only vector loops inside, whose bounds data do not tell, and its
    iterations add up rows: to one line that it comes back to, or each row by itself along a line.
    """
    member, scop = place.member, schedule.scop
    if member.parallel or member.unroll or member.vector or member.pipeline:
        return False
    if _is_in_block(schedule, place):
        return False
    within = [p for p in places(schedule.tree) if is_inside(p, place)]
    if not within or not all(
        p.member.vector and begins_in_data(scop, p.member) is None for p in within
    ):
        return False
    level, inner = _level(schedule, place), [_level(schedule, p) for p in within]
    if all(lv.is_parallel for lv in inner) and not level.is_parallel:
        if begins_in_data(scop, member) is not None or search.jams:
            return True
        to_lines = all(_adds_to_a_line(schedule, name) for name in member.statements)
        return to_lines and _is_long(search, schedule, place)
    apart = level.is_parallel or sums_apart(scop, level)
    return (
        search.packs
        and not scop.bounds
        and apart
        and _is_long(search, schedule, place)
        and any(_shares_a_line(search, schedule, place, lv) for lv in inner if lv.reductions)
    )


def _adds_to_a_line(schedule: Schedule, name: str) -> bool:
    """Whether a statement adds to elements of an array of which it reads no others: they stay in
    registers over rows that are jammed, since no other pointer reaches them."""
    statement, scop = schedule.scop.statement(name), schedule.scop
    shared = scop.array(statement.array).shape and statement.array not in dict(scop.private)
    others = {a.subscripts for a in statement.accesses if a.array == statement.array}
    return bool(statement.reduction and shared) and others == {statement.subscripts}


def _is_in_block(schedule: Schedule, place: Place) -> bool:
    """Whether a loop is in a tile with blocks of its own: its sums are in registers already."""
    above = (node_at(schedule.tree, place.path[:depth]) for depth in range(len(place.path)))
    return any(isinstance(node, Mark) for node in above)


def _is_long(search: Search, schedule: Schedule, place: Place) -> bool:
    """Whether a loop runs often enough for strips."""
    return (search.most_trips(schedule, place) or 0.0) >= _ROWS * 2


def _shares_a_line(search: Search, schedule: Schedule, place: Place, inner: Level) -> bool:
    """Whether a vector loop reads a line that is the same in all iterations of a loop around it,
    and nothing from where data say: such rows are asked for ahead, one after another."""
    names = frozenset(inner.member.statements)
    around = views(schedule.scop, schedule.verdict, search.trips(schedule), names)
    for name in names:
        outer = next((v for v in around[name] if v.member == place.member), None)
        along = next((v for v in around[name] if v.member == inner.member), None)
        accesses = schedule.scop.statement(name).accesses
        if any(x.is_data for a in accesses for x in a.subscripts):
            return False
        for access in accesses if outer and along else ():
            if stride_of(access.subscripts, along) and not stride_of(access.subscripts, outer):
                return True
    return False


def _level(schedule: Schedule, place: Place) -> Level:
    at = place.path, place.position
    return next(lv for lv in schedule.verdict.levels if (lv.path, lv.position) == at)
