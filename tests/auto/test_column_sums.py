"""Sums side by side in vectors: when, and that results stay those of plain Python, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po

Random = np.random.Generator


def moving(x, y, w):
    for i in range(len(y)):
        s = 0.0
        for k in range(w):
            s += x[i + k]
        y[i] = s / w


def box(image, out, radius):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            s = 0.0
            for a in range(2 * radius + 1):
                for b in range(2 * radius + 1):
                    s += image[i + a, j + b]
            out[i, j] = s


def dilated(image, out, radius):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            m = image[i, j]
            for a in range(radius):
                for b in range(radius):
                    m = max(m, image[i + a, j + b])
            out[i, j] = m


def deviations(A, mean, deviation):
    n = A.shape[0]
    for j in range(A.shape[1]):
        m = 0.0
        for i in range(n):
            m += A[i, j]
        m /= n
        v = 0.0
        for i in range(n):
            d = A[i, j] - m
            v += d * d
        mean[j] = m
        deviation[j] = math.sqrt(v / n)


def filtered(x, h, y):
    for i in range(len(y)):
        for k in range(len(h)):
            y[i] += h[k] * x[i + len(h) - 1 - k]


def triangular(x, y):
    for i in range(len(y)):
        s = 0.0
        for k in range(i + 1):
            s += x[k] * x[i - k]
        y[i] = s


def weighed(image, weights, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            s = np.int32(0)
            for a in range(weights.shape[0]):
                for b in range(weights.shape[1]):
                    s += image[i + a, j + b] * weights[a, b]
            out[i, j] = s


def differences(x, t, y):
    for i in range(len(y)):
        s = 0.0
        for k in range(len(t)):
            d = abs(x[i + k] - t[k])
            if d > 0.1:
                s += d
        y[i] = s


def _pixels(n: int, r: Random) -> tuple[object, ...]:
    image = r.integers(0, 256, (6, n + 2)).astype(np.uint8)
    weights = r.integers(-3, 4, (3, 3)).astype(np.int32)
    return image, weights, np.zeros((4, n), np.int32)


MAKERS: dict[Callable[..., None], Callable[[int, Random], tuple[object, ...]]] = {
    moving: lambda n, r: (r.random(n + 4), np.zeros(n), 5),
    box: lambda n, r: (r.random((7, n + 4)), np.zeros((3, n)), 2),
    dilated: lambda n, r: (r.random((6, n + 3)), np.zeros((4, n)), 3),
    deviations: lambda n, r: (r.random((9, n)), np.zeros(n), np.zeros(n)),
    filtered: lambda n, r: (r.random(n + 6), r.random(7), r.random(n)),
    triangular: lambda n, r: (r.random(n), np.zeros(n)),
    weighed: _pixels,
    differences: lambda n, r: (r.random(n + 4), r.random(5), np.zeros(n)),
}

IN_REGISTERS = {moving, box, dilated, deviations, triangular, weighed}


@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_sums_run_side_by_side_and_keep_their_order(function: Callable[..., None]) -> None:
    random = np.random.default_rng(0)
    kernel = po.kernel(fp="strict", threads=2)(function)
    for n in (0, 1, 2, 31, 63, 64, 65, 127, 128, 200):
        arguments = MAKERS[function](n, random)
        same_as(function, kernel, arguments)
    script = str(kernel.specialize(*arguments).schedule.script)
    assert ".strip_mine(" in script
    assert (".promote(" in script) == (function in IN_REGISTERS)


def test_elements_of_arrays_are_sums_too() -> None:
    random = np.random.default_rng(0)
    kernel = po.kernel(threads=2)(filtered)
    arguments = MAKERS[filtered](200, random)
    expected = tuple(np.copy(a) for a in arguments)
    filtered(*expected)
    kernel(*arguments)
    np.testing.assert_allclose(arguments[2], expected[2], rtol=1e-14)
    assert ".promote(" in str(kernel.specialize(*arguments).schedule.script)


def across(A, x, y):
    for i in range(A.shape[0]):
        s = 0.0
        for k in range(A.shape[1]):
            s += A[i, k] * x[k]
        y[i] = s


def small(x, y):
    for i in range(len(y)):
        s = 0.0
        for k in range(3):
            s += x[i + k]
        y[i] = s


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (across, (np.ones((9, 9)), np.ones(9), np.ones(9))),
        (small, (np.ones(9), np.ones(7))),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_sums_stay_where_lanes_would_gather_or_are_short(
    function: Callable[..., None], arguments: tuple[np.ndarray, ...]
) -> None:
    schedule = po.kernel(threads=1)(function).specialize(*arguments).schedule
    assert ".strip_mine(" not in str(schedule.script)


def after_another(A, x, out, w):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            s = 0.0
            for k in range(w):
                s += A[k, j]
            t = s * 0.5
            for m in range(w):
                t += x[j + m]
            out[i, j] = s + t


def test_a_nest_is_tiled_once() -> None:
    random = np.random.default_rng(0)
    arguments = (random.random((4, 70)), random.random(80), np.zeros((9, 70)), 4)
    spec = po.kernel(threads=1)(after_another).specialize(*arguments)
    assert spec.source
    assert (
        str(spec.schedule.script).count("strip_mine") + str(spec.schedule.script).count("tile(")
        == 1
    )


def clamped(a, t):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(-2, 3):
                s += a[i, min(max(j + k, 0), m - 1)]
            t[i, j] = s / 5


def clamped_rows(a, t):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(-2, 3):
                s += a[min(max(i + k, 0), n - 1), j]
            t[i, j] = s / 5


@pytest.mark.parametrize("body", [clamped, clamped_rows])
def test_sums_of_elements_at_clamped_places_stay_where_they_are(body: Callable[..., None]) -> None:
    schedule = po.kernel(threads=1)(body).specialize(np.ones((9, 9)), np.ones((9, 9))).schedule
    assert ".strip_mine(" not in str(schedule.script)


def pooled(x, y, where):
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            best = x[2 * i, 2 * j]
            at = 0
            for a in range(2):
                for b in range(2):
                    if x[2 * i + a, 2 * j + b] > best:
                        best = x[2 * i + a, 2 * j + b]
                        at = 2 * a + b
            y[i, j] = best
            where[i, j] = at


def test_lanes_do_not_lie_across_rows_where_columns_run_around_straight_code() -> None:
    arguments = np.ones((8, 8)), np.ones((4, 4)), np.ones((4, 4), np.int32)
    schedule = po.kernel(threads=1)(pooled).specialize(*arguments).schedule
    assert ".strip_mine(" not in str(schedule.script)
