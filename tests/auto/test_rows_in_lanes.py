"""Iterations in lanes that read packed rows: when, and that results stay those of plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po
from polyopt_kernels import find

nearest_centre = find("k-means").kernel.py_func


def nearest_point(points, others, label, near):
    for i in range(points.shape[0]):
        best = near[i]
        which = 0
        for j in range(others.shape[0]):
            dx = points[i, 0] - others[j, 0]
            dy = points[i, 1] - others[j, 1]
            r = dx * dx + dy * dy
            if r < best:
                best = r
                which = j
        near[i] = best
        label[i] = which


def farthest(x, y):
    for i in range(x.shape[0]):
        y[i] = 0
        for j in range(x.shape[0]):
            r = x[i, 0] * 0
            for d in range(x.shape[1]):
                a = x[i, d] - x[j, d]
                r += a * a
            y[i] = max(y[i], r)


def within(x, c, count):
    for i in range(x.shape[0]):
        count[i] = 0
        for k in range(c.shape[0]):
            r = x[i, 0] * 0
            for d in range(x.shape[1]):
                if x[i, d] > c[k, d]:
                    r += x[i, d] - c[k, d]
            if r < c[k, 0]:
                count[i] += 1


def density(x, c, y):
    for i in range(x.shape[0]):
        s = 0.0
        for k in range(c.shape[0]):
            r = 0.0
            for d in range(x.shape[1]):
                a = x[i, d] - c[k, d]
                r += a * a
            s += math.exp(-r)
        y[i] = s


def batches(x, c, near):
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            near[b, i] = 1e30
            for k in range(c.shape[0]):
                s = x[b, i, 0] * 0
                for d in range(x.shape[2]):
                    s += abs(x[b, i, d] - c[k, d])
                near[b, i] = min(near[b, i], s)


def overwritten(x, c, near):
    """Each row is written by its own iteration, and read again there."""
    for i in range(x.shape[0]):
        for k in range(c.shape[0]):
            s = 0.0
            for d in range(x.shape[1]):
                s += x[i, d] * c[k, d]
            x[i, 0] = s
            near[i] = s


def _numbers(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Small whole numbers, so that ties are common and sums exact, a few of them no numbers."""
    made = np.random.default_rng(seed)
    values = made.integers(-3, 4, shape).astype(dtype)
    values[made.random(shape) < 0.01] = np.nan
    return values


def _rows(function: Callable[..., object], n: int, k: int, d: int, dtype: str) -> list[np.ndarray]:
    x, c = _numbers((n, d), dtype, 1), _numbers((k, d), dtype, 2)
    operands = [x] if function is farthest else [x, c]
    others = function.__code__.co_argcount - len(operands)
    return [*operands, *(np.full(n, 9, dtype) for _ in range(others))]


_SIZES = [
    (0, 3, 3), (1, 3, 3), (7, 5, 4), (15, 5, 3), (16, 5, 3), (17, 5, 3), (31, 4, 9), (32, 4, 2),
    (33, 4, 2), (63, 3, 2), (64, 3, 3), (65, 3, 3), (101, 2, 5), (40, 0, 3), (40, 3, 0),
]  # fmt: skip

_FUNCTIONS = [nearest_centre, nearest_point, farthest, within]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("function", _FUNCTIONS)
@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_lanes_give_what_the_loops_give(
    function: Callable[..., object], fp: str, dtype: str
) -> None:
    kernel = po.kernel(fp=fp, threads=2)(function)
    for n, k, d in _SIZES:
        least = {nearest_point: 2, farthest: 1, within: 1}.get(function, 0)
        if d < least or (k == 0 and n and function is farthest):
            continue
        if dtype == "f4" and function is nearest_centre:
            continue  # its sums are Python's floats
        same_as(function, kernel, _rows(function, n, k, d, dtype))


@pytest.mark.parametrize("function", [*_FUNCTIONS, density])
@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_rows_are_packed_and_read_again(function: Callable[..., object], fp: str) -> None:
    spec = po.kernel(fp=fp)(function).specialize(*_rows(function, 1, 1, 2, "f8"))
    is_in_lanes = function is not density or fp != "strict"  # strict: exp one after another
    assert (".pack(" in spec.schedule.script) == is_in_lanes
    assert ('vectorize("i_tile' not in spec.schedule.script) or not is_in_lanes


def test_sums_of_functions_agree_within_their_bound() -> None:
    made = np.random.default_rng(3)
    kernel = po.kernel(density)
    for n, k, d in _SIZES:
        x, c, y, expected = made.random((n, d)), made.random((k, d)), np.zeros(n), np.zeros(n)
        density(x, c, expected)
        kernel(x, c, y)
        np.testing.assert_allclose(y, expected, rtol=1e-13)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 2), (3, 31, 3), (2, 33, 4), (3, 64, 1)])
def test_an_inner_loop_runs_in_lanes_too(shape: tuple[int, int, int]) -> None:
    kernel = po.kernel(fp="strict", threads=2)(batches)
    x, c = _numbers(shape, "f8", 1), _numbers((9, shape[2]), "f8", 2)
    same_as(batches, kernel, [x, c, np.zeros(shape[:2])])


@pytest.mark.parametrize("n", [1, 31, 32, 65])
def test_rows_that_are_written_are_not_packed(n: int) -> None:
    kernel = po.kernel(fp="strict")(overwritten)
    given = [_numbers((n, 3), "f8", 1), _numbers((4, 3), "f8", 2), np.zeros(n)]
    assert ".pack(" not in kernel.specialize(*given).schedule.script
    same_as(overwritten, kernel, given)


def test_the_script_replays() -> None:
    spec = po.kernel(nearest_centre).specialize(*_rows(nearest_centre, 1, 1, 1, "f8"))
    script = spec.schedule.script.replace("spec.original", "original")
    names = {"original": spec.original}
    exec(script, names)
    assert str(names["s"]) == str(spec.schedule)
