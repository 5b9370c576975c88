"""Temporaries: private copies wherever no value passes between iterations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from polyopt.errors import BadArgumentError
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.scop import Access, Scop, Statement
from polyopt.transform.auto.context import attempt
from polyopt.transform.promotion import copies_fit
from polyopt.transform.schedule import Schedule, over
from polyopt.transform.script import Step
from polyopt.transform.storage import private_depth, privatize, rename, reused_depth, uses


def privatize_temporaries(schedule: Schedule, *, arrays: bool = True) -> Schedule:
    """Privatise every scalar local that can be, uses that share no value apart from each other,
    and with `arrays` the arrays that alone keep a loop from running side by side; one for whose
    copies there is no place is left."""
    schedule = _on_scalars(schedule, "rename", rename)
    schedule = _on_scalars(schedule, "privatize", _private)
    if not arrays:
        return schedule
    schedule = _renamed_arrays(schedule)
    for name in _in_the_way(schedule):
        made = _privatized(schedule, name)
        schedule = made if made is schedule else _expanded(made)
    return schedule


Change = Callable[[Scop, Dependences, str], Scop]


def _private(scop: Scop, dependences: Dependences, array: str) -> Scop:
    return privatize(scop, dependences, scop.tree, array, None)


def _on_scalars(schedule: Schedule, step: str, change: Change) -> Schedule:
    """The schedule after one step on every scalar local that takes it. They are judged together,
    and one by one only where not all have a place."""
    scop, old = schedule.scop, {a.name for a in schedule.scop.arrays}
    taken: list[str] = []
    for array in schedule.scop.arrays:
        if array.kind == "local" and not array.shape:
            try:
                scop = change(scop, schedule.dependences, array.name)
            except BadArgumentError:
                continue
            taken.append(array.name)
    if not taken:
        return schedule
    changed = frozenset(taken) | {a.name for a in scop.arrays} - old
    steps = tuple(Step(step, (array,)) for array in taken)
    new = attempt(schedule, lambda s: over(s, scop, analyse(scop, s.dependences, changed), *steps))
    if new is not None and blocks_exist(new):
        return new
    for each in steps:
        new = attempt(schedule, each.on)
        schedule = new if new is not None and blocks_exist(new) else schedule
    return schedule


def _expanded(schedule: Schedule) -> Schedule:
    """The schedule with the copies of the last privatised array side by side where that makes a
    contraction of the sums into it, and takes no more memory than an array of the kernel."""
    scop = schedule.scop
    array, copies = scop.private[-1]
    users = [s for s in scop.statements if uses(s, array)]
    if not any(_contracts(s, s.iterators[copies - 1]) for s in users if s.array == array):
        return schedule
    rank = len(scop.array(array).shape) + 1
    if not any(
        s.iterators[copies - 1] in _names(a) and len(_names(a)) >= rank and a.array != array
        for s in users
        for a in s.accesses
    ):
        return schedule
    return attempt(schedule, partial(Schedule.expand, array=array)) or schedule


def _contracts(statement: Statement, row: str) -> bool:
    """Whether a sum reads one operand that moves with a loop and one that does not."""
    operands = [_names(a) for a in statement.accesses if a.array != statement.array]
    summed = set(statement.iterators) - {n for s in statement.subscripts for n in s.names()}
    moving = any(row in names for names in operands)
    return (
        statement.reduction is not None
        and bool(summed)
        and moving
        and any(row not in names for names in operands)
    )


def _names(access: Access) -> set[str]:
    return {n for s in access.subscripts for n in s.names()}


def _privatized(schedule: Schedule, array: str) -> Schedule:
    new = attempt(schedule, partial(Schedule.privatize, array=array))
    return new if new is not None and blocks_exist(new) else schedule


def _in_the_way(schedule: Schedule) -> tuple[str, ...]:
    """The arrays whose elements iterations use again, although no value passes between them, in a
    loop that carries nothing else."""

    @cache
    def is_reused(array: str) -> bool:
        return reused_depth(schedule.scop, schedule.dependences, array) > 0

    found: dict[str, None] = {}
    for level in schedule.verdict.levels:
        if not level.reductions and all(d.kind in ("anti", "output") for d in level.carried):
            arrays = dict.fromkeys(d.array for d in level.carried)
            if all(schedule.scop.array(a).shape and is_reused(a) for a in arrays):
                found |= arrays
    return tuple(found)


def _renamed_arrays(schedule: Schedule) -> Schedule:
    """The local arrays under several names where that is what lets one be privatised: one that is
    filled before the loop in whose iterations it is written anew."""
    for array in [a.name for a in schedule.scop.arrays if a.kind == "local" and a.shape]:
        if private_depth(schedule.scop, schedule.dependences, array):
            continue
        new = attempt(schedule, partial(Schedule.rename, array=array))
        before = len(schedule.scop.arrays)
        if new is not None:
            names = {array, *(a.name for a in new.scop.arrays[before:])}
            schedule = new if names & set(_in_the_way(new)) else schedule
    return schedule


def blocks_exist(schedule: Schedule) -> bool:
    """Whether there is still a place for the copies of every privatised local."""
    return all(
        copies_fit(schedule.judge.footprints, schedule.tree, name)
        for name, _ in schedule.scop.private
    )
