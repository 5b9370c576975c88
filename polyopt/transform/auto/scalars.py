"""Temporaries: private copies wherever no value passes between iterations."""

from __future__ import annotations

from functools import partial

from polyopt.model.nest import Array
from polyopt.transform.auto.context import attempt
from polyopt.transform.promotion import copies_fit
from polyopt.transform.schedule import Schedule
from polyopt.transform.storage import private_depth, reused_depth


def privatize_locals(schedule: Schedule, *, arrays: bool = True) -> Schedule:
    """Privatise every local that can be, uses of a scalar that share no value apart from each
    other; one for whose copies there is no place is left, and with `arrays` false every array."""
    for name in [a.name for a in schedule.scop.arrays if a.kind == "local" and not a.shape]:
        schedule = attempt(schedule, partial(Schedule.rename, array=name)) or schedule
    if arrays:
        schedule = _renamed_arrays(schedule)
    for array in schedule.scop.arrays:
        if _is_wanted(schedule, array, arrays=arrays):
            new = attempt(schedule, partial(Schedule.privatize, array=array.name))
            if new is not None and copies_fit(new.judge.footprints, new.tree, array.name):
                schedule = new
    return schedule


def _is_wanted(schedule: Schedule, array: Array, *, arrays: bool) -> bool:
    """Whether private copies of an array would free loops: always those of a scalar, those of an
    array where iterations between which no value passes use its elements again."""
    scop, dependences = schedule.scop, schedule.dependences
    if array.kind != "local" or array.name in dict(scop.private):
        return False
    if array.shape:
        return arrays and reused_depth(scop, dependences, array.name) > 0
    return private_depth(scop, dependences, array.name) > 0


def _renamed_arrays(schedule: Schedule) -> Schedule:
    """The local arrays under several names where that is what lets one be privatised: one that is
    filled before the loop in whose iterations it is written anew."""
    for array in [a for a in schedule.scop.arrays if a.kind == "local" and a.shape]:
        if private_depth(schedule.scop, schedule.dependences, array.name):
            continue
        new = attempt(schedule, partial(Schedule.rename, array=array.name))
        before = len(schedule.scop.arrays)
        if new is not None and any(
            _is_wanted(new, a, arrays=True) for a in (array, *new.scop.arrays[before:])
        ):
            schedule = new
    return schedule


def blocks_exist(schedule: Schedule) -> bool:
    """Whether there is still a place for the copies of every privatised local."""
    return all(
        copies_fit(schedule.judge.footprints, schedule.tree, name)
        for name, _ in schedule.scop.private
    )
