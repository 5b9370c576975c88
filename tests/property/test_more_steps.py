"""Steps that need a nest of their kind, on random programs: partial results, parts deep inside.

A random script first, then every loop is tried with them; what is accepted gives plain Python's
results.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from engine import SIZES
from oracle import Case, HeavyError, PlainError, bounded
from random_program import make_program
from random_script import draw_step

from polyopt.emit.lower import lower
from polyopt.errors import (
    BadArgumentError,
    IllegalScheduleError,
    NoSuchLoopError,
    UnsupportedSyntaxError,
)
from polyopt.model.types import FpMode
from polyopt.transform.schedule import Schedule

_REFUSED = (IllegalScheduleError, BadArgumentError, NoSuchLoopError, HeavyError)

Make = Callable[[Schedule], Schedule]


def _cases(first: int, wanted: int) -> Iterator[tuple[int, Case, FpMode]]:
    """Programs with statements, in a mode in which their results can be compared."""
    for seed in range(first, first + 8 * wanted):
        program = make_program(seed)
        try:
            case = Case.of(program)
        except (HeavyError, UnsupportedSyntaxError):
            continue
        if case.scop.statements:
            yield seed, case, "reassociate" if program.exact else "strict"


def _scripted(case: Case, fp: FpMode, rng: random.Random) -> Schedule:
    """A few accepted random steps."""
    schedule = case.original(fp)
    for _ in range(rng.randint(0, 3)):
        try:
            schedule = bounded(draw_step(rng, schedule).apply, schedule)
        except _REFUSED:
            continue
    return schedule


def _agrees(case: Case, schedule: Schedule, seed: int) -> bool:
    """Whether the schedule could be compared; the comparison raises where it differs."""
    try:
        runner = case.runner(schedule, bounded(lower, schedule))
        return bool(case.check(runner, schedule.fp, SIZES, seed))
    except (HeavyError, PlainError, IllegalScheduleError):
        return False


def _reductions(schedule: Schedule, rng: random.Random) -> Iterator[Make]:
    for loop in schedule.loops:
        yield partial(Schedule.reduce, loop=loop, partials=rng.choice((2, 3, 8)))
        yield partial(Schedule.reduce, loop=loop, parallel=True, chunk=rng.choice((1, 2, 5)))


def _separations(schedule: Schedule, rng: random.Random) -> Iterator[Make]:
    """Strips, the loop inside moved out of them, and full strips apart inside that loop."""
    for row, line in zip(schedule.loops, schedule.loops[1:], strict=False):
        size, skew = rng.choice((2, 3)), rng.choice((0, 1, 2))

        def make(s: Schedule, row: str = row, line: str = line, n: int = size, k: int = skew):
            s = s.strip_mine(row, n, name="strip")
            s = s.skew(line, by=row, factor=k) if k else s
            return s.permute("strip", line, row).separate(row, inside=line).unroll(row)

        yield make


@pytest.mark.parametrize(("ways", "least"), [(_reductions, 12), (_separations, 12)])
def test_accepted_steps_give_plain_results(
    ways: Callable[[Schedule, random.Random], Iterator[Make]], least: int
) -> None:
    rng = random.Random(5)
    compared = 0
    for seed, case, fp in _cases(52_000, 60):
        schedule = _scripted(case, fp, rng)
        for way in ways(schedule, rng):
            try:
                made = bounded(way, schedule)
            except _REFUSED:
                continue
            compared += _agrees(case, made, seed)
        if compared >= 3 * least:
            break
    assert compared >= least
