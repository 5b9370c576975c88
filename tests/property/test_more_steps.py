"""Steps that need a nest of their kind, on random programs: partial results, parts deep inside,
groups and items of OpenCL.

A random script first, then every loop is tried with them; what is accepted gives plain Python's
results.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from engine import SIZES
from oracle import Case, HeavyError, PlainError, bounded, compare, copied
from random_program import make_program
from random_script import draw_step

import polyopt as po
from polyopt.emit.lower import lower
from polyopt.errors import (
    BadArgumentError,
    IllegalScheduleError,
    NoSuchLoopError,
    UnsupportedSyntaxError,
)
from polyopt.model.types import FpMode
from polyopt.runtime import opencl_steps
from polyopt.transform.edit import places
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


def _grids(schedule: Schedule, rng: random.Random) -> Iterator[Make]:
    """Neighbouring loops as groups, as items, or tiled into groups of items."""
    bands: dict[tuple[int, ...], list[str]] = {}
    for loop, place in zip(schedule.loops, places(schedule.tree), strict=True):
        bands.setdefault(place.path, []).append(loop)
    for names in bands.values():
        for first in range(len(names)):
            chosen = tuple(names[first : first + rng.choice((1, 2))])
            sizes = {n: rng.choice((1, 2, 3)) for n in chosen}

            def tiled(s: Schedule, sizes: dict[str, int] = sizes) -> Schedule:
                groups = tuple(f"{n}_tile" for n in sizes)
                return s.tile(sizes).map_to_grid(groups=groups, items=tuple(sizes))

            yield partial(Schedule.map_to_grid, **{rng.choice(("groups", "items")): chosen})
            yield tiled


@pytest.mark.parametrize(("ways", "least"), [(_reductions, 12), (_separations, 12), (_grids, 12)])
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


def _on_device(case: Case, schedule: Schedule, seed: int) -> int:
    """Run an accepted schedule on an OpenCL device; at how many sizes it was compared."""
    kernel = po.kernel(
        case.program.function,
        target=po.OpenCL(model="gpu"),
        fp=schedule.fp,
        schedule=lambda original: po.Script.parse(schedule.script).replay(original).schedule,
        cache=False,
    )
    compared = 0
    for n, m in SIZES:
        rough = schedule.fp == "strict" and (seed + n) % 2 == 0
        try:
            before, after, rounded = case.expected(n, m, seed, rough=rough)
        except PlainError:
            return compared
        if schedule.fp == "strict" or not rounded:
            found = copied(before)
            kernel(*found.values())
            compare((n, m), after, found)
            compared += 1
    return compared


def test_grids_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl_steps, "LARGE_LAUNCH", -1)
    monkeypatch.setattr(opencl_steps, "LARGE_PIECES", -1)
    rng = random.Random(9)
    kernels = compared = 0
    for seed, case, fp in _cases(61_000, 40):
        schedule = _scripted(case, fp, rng)
        packed = any(step.name == "pack" for step in schedule.steps)  # which devices have not
        accepted = [] if packed else list(_accepted(schedule, rng))
        if accepted:
            compared += _on_device(case, rng.choice(accepted), seed)
            kernels += 1
        if kernels == 6:
            break
    assert compared >= 4 * kernels


def _accepted(schedule: Schedule, rng: random.Random) -> Iterator[Schedule]:
    for way in _grids(schedule, rng):
        try:
            yield bounded(way, schedule)
        except _REFUSED:
            continue
