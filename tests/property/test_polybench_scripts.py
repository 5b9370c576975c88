"""Random scripts on the kernels of PolyBench: what is accepted gives plain Python's bits, every
access watched; what is refused mostly changes a result."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import islpy as isl
import numpy as np
import pytest
from forced import forced
from oracle import HeavyError, bounded, same_bits
from random_script import Call, draw_step
from run_schedule import RaceError, run_schedule

from polyopt.errors import BadArgumentError, IllegalScheduleError, NoSuchLoopError, PolyoptError
from polyopt.transform.schedule import Schedule
from polyopt_kernels import NAMES, find

SCRIPTS = 2


def _arguments(name: str, least: int) -> tuple[Any, ...]:
    benchmark = find(name)
    sizes = {size: least + number for number, size in enumerate(benchmark.sizes["MINI"])}
    made = benchmark.make(sizes | ({"TSTEPS": 2} if "TSTEPS" in sizes else {}))
    random_ = np.random.default_rng(least)
    return tuple(_rough(random_, a) for a in made)


def _rough(random_: np.random.Generator, value: Any) -> Any:
    """Data near the benchmark's own, but without its regularities, which hide reordering."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value + 0.01 * random_.random(value.shape).astype(value.dtype)
    return value


def _is_same(name: str, schedule: Schedule, least: int) -> bool:
    found = _arguments(name, least)
    expected = copy.deepcopy(found)
    with np.errstate(all="ignore"):
        find(name).kernel.py_func(*expected)
        run_schedule(schedule, *found)
    pairs = zip(found, expected, strict=True)
    return all(bool(np.all(same_bits(a, b))) for a, b in pairs if isinstance(a, np.ndarray))


def _is_needed(name: str, schedule: Schedule, call: Call) -> bool | None:
    try:
        wrong = forced(schedule, call)
        return not all(_is_same(name, wrong, least) for least in (4, 6))
    except (RaceError, AssertionError, IndexError, ValueError):
        return True
    except (HeavyError, PolyoptError, isl.Error, LookupError):
        return None


def _steps(name: str, rng: random.Random) -> Iterator[tuple[Schedule, Call, Schedule | None]]:
    """A random script: before each step, the step, and what it gives, None where refused."""
    kernel = find(name).kernel.with_options(fp="strict")
    schedule = kernel.specialize(*_arguments(name, 4)).original
    for _ in range(rng.randint(3, 8)):
        call = draw_step(rng, schedule)
        try:
            made = bounded(call.apply, schedule)
        except IllegalScheduleError:
            yield schedule, call, None
        except (BadArgumentError, NoSuchLoopError, HeavyError):
            continue
        else:
            yield schedule, call, made
            schedule = made


@pytest.mark.parametrize("name", NAMES)
def test_accepted_scripts_give_plain_python_s_bits(name: str) -> None:
    rng = random.Random(name)
    for _ in range(SCRIPTS):
        last = [made for _, _, made in _steps(name, rng) if made is not None][-1:]
        for schedule, least in product(last, (1, 4, 7)):
            assert _is_same(name, schedule, least), schedule.script


def test_most_refusals_are_needed() -> None:
    rng = random.Random(1)
    found = [
        _is_needed(name, schedule, call)
        for name in NAMES
        for schedule, call, made in _steps(name, rng)
        if made is None
    ]
    forced_ones = [needed for needed in found if needed is not None]
    assert len(forced_ones) > len(NAMES)
    assert sum(forced_ones) >= 0.8 * len(forced_ones), (sum(forced_ones), len(forced_ones))
