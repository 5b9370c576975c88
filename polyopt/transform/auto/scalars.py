"""Scalar temporaries: private copies wherever no value passes between iterations."""

from __future__ import annotations

from functools import partial

from polyopt.transform.auto.context import attempt
from polyopt.transform.promotion import private_block
from polyopt.transform.schedule import Schedule
from polyopt.transform.storage import private_depth


def privatize_scalars(schedule: Schedule) -> Schedule:
    """Privatise every scalar local that can be, uses that share no value apart from each other;
    one whose copies no bounded block holds is left."""
    for name in [a.name for a in schedule.scop.arrays if a.kind == "local" and not a.shape]:
        schedule = attempt(schedule, partial(Schedule.rename, array=name)) or schedule
    private = {name for name, _ in schedule.scop.private}
    for array in schedule.scop.arrays:
        if array.kind != "local" or array.shape or array.name in private:
            continue
        if private_depth(schedule.scop, schedule.dependences, array.name):
            new = attempt(schedule, partial(Schedule.privatize, array=array.name))
            if (
                new is not None
                and private_block(new.judge.footprints, new.tree, array.name) is not None
            ):
                schedule = new
    return schedule


def blocks_exist(schedule: Schedule) -> bool:
    """Whether every private scalar still has a bounded block to live in."""
    return all(
        private_block(schedule.judge.footprints, schedule.tree, name) is not None
        for name, _ in schedule.scop.private
    )
