"""Sums of whole rows: several of them at once.

    for k in range(ptr[i], ptr[i + 1]):           for k_tile: for j: C[i, j] += a[k] * B[col[k], j]
        for j: C[i, j] += a[k] * B[col[k], j]  →                          + … four of them in turn

Rows that data select are anywhere in memory: one at a time, each would be waited for (measured on
100,000 rows of 20 with 64 columns: 347 ms, and 175 ms in fours), and C be read and written for
each. Rows one after another a C compiler takes together by itself; those of OpenCL do not (mvt,
2000 rows, PoCL 3.0: 4.4 ms, and 3.2 ms in fours). The order of every sum is kept.
"""

from __future__ import annotations

from functools import partial

from polyopt.transform.auto.context import attempt, name_of
from polyopt.transform.edit import Place, is_inside, places
from polyopt.transform.jamming import begins_in_data
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule

_ROWS = 4


def jam_rows(schedule: Schedule, *, all_rows: bool) -> Schedule:
    """The loops that sum up rows in vectors, four iterations side by side; only those over data
    but where `all_rows`."""
    if not (schedule.scop.bounds or all_rows):
        return schedule
    for place in reversed(places(schedule.tree)):  # one that is jammed leaves those before it
        over_data = begins_in_data(schedule.scop, place.member) is not None
        if (over_data or all_rows) and _sums_rows(schedule, place):
            jam = partial(Schedule.unroll_and_jam, loop=name_of(schedule, place), factor=_ROWS)
            schedule = attempt(schedule, jam) or schedule
    return schedule


def _sums_rows(schedule: Schedule, place: Place) -> bool:
    """Whether a loop comes back to what it wrote, and has only parallel vector loops inside, whose
    bounds do not follow it."""
    if place.member.parallel or place.member.unroll:
        return False
    within = [p for p in places(schedule.tree) if is_inside(p, place)]
    rows = all(
        p.member.vector
        and _level(schedule, p).is_parallel
        and begins_in_data(schedule.scop, p.member) is None
        for p in within
    )
    return bool(within) and rows and not _level(schedule, place).is_parallel


def _level(schedule: Schedule, place: Place) -> Level:
    at = place.path, place.position
    return next(lv for lv in schedule.verdict.levels if (lv.path, lv.position) == at)
