"""Sums into elements that data choose: on threads, in copies of the whole array."""

from __future__ import annotations

import numpy as np
import pytest

import polyopt as po

MAKE = np.random.default_rng(8)
LONG = 120_000
"""Enough for several copies of the arrays below."""


@po.kernel
def scattered(I, x, h):
    for i in range(I.shape[0]):
        h[I[i]] += x[i]


@po.kernel
def table(I, J, h):
    for i in range(I.shape[0]):
        h[I[i], J[i]] += 1


@po.kernel
def extremes_of(I, x, low, high):
    for i in range(I.shape[0]):
        low[I[i]] = min(low[I[i]], x[i])
        high[I[i]] = max(high[I[i]], x[i])


@po.kernel
def means(I, x, total, count):
    for i in range(I.shape[0]):
        if x[i] > 0:
            total[I[i]] += x[i]
            count[I[i]] += 1


@po.kernel
def columns(ptr, row, v, x, y):
    for j in range(ptr.shape[0] - 1):
        for k in range(ptr[j], ptr[j + 1]):
            y[row[k]] += v[k] * x[j]


@po.kernel
def counted(I):
    h = np.zeros(50, dtype=np.int64)
    for i in range(I.shape[0]):
        h[I[i]] += 1
    return h


@po.kernel
def with_decay(T, I, x, h):
    for _t in range(T):
        for i in range(I.shape[0]):
            h[I[i]] += x[i]
        for e in range(h.shape[0]):
            h[e] = h[e] * 0.5


@po.kernel
def reads_a_cell(I, x, h):
    for i in range(I.shape[0]):
        h[I[i]] += x[i] * h[0]


@po.kernel
def two_operators(I, x, h):
    for i in range(I.shape[0]):
        h[I[i]] += x[i]
        h[I[i]] *= 2


@po.kernel
def into_the_index(I):
    for i in range(I.shape[0]):
        I[I[i]] += 1


def in_copies(kernel, *arguments):
    """Whether the order found sums in copies of arrays."""
    return "_copy" in kernel.specialize(*arguments).source


def indices(n, below):
    return MAKE.integers(0, below, n)


@np.errstate(over="ignore")  # NumPy warns where its scalars wrap round, which they are to
def same(kernel, make, exact):
    """The kernel leaves what Python does, and the same bits with one thread and with two."""
    left = []
    for run in (kernel.py_func, kernel.with_options(threads=1), kernel.with_options(threads=2)):
        arguments = make()
        returned = run(*arguments)
        left.append([np.asarray(a) for a in (*arguments, returned) if a is not None])
    for expected, one, two in zip(*left, strict=True):
        assert one.tobytes() == two.tobytes()
        if exact:
            assert expected.tobytes() == one.tobytes()
        else:
            np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [0, 1, 7, 64, LONG])
@pytest.mark.parametrize("dtype", ["i8", "i4", "u1", "f8"])
@pytest.mark.parametrize(
    "view",
    [
        lambda h: h,
        lambda h: np.stack([h, h, h], axis=1)[:, 1],
        lambda h: h[::-1],
        lambda h: np.repeat(h, 2)[::-2],
    ],
)
def test_a_histogram_with_weights(n, dtype, view):
    number, start = indices(n, 33), MAKE.integers(0, 9, 33).astype(dtype)
    x = MAKE.integers(0, 3, n).astype(dtype)

    def make():
        return number, x, view(start.copy())

    assert in_copies(scattered, *make())
    same(scattered, make, exact=True)  # of small whole numbers, floats included


@pytest.mark.parametrize("order", ["C", "F"])
def test_two_subscripts_from_data(order):
    a, b = indices(LONG, 20), indices(LONG, 5).astype("i4")
    same(table, lambda: (a, b, np.zeros((20, 5), np.int64, order=order)), exact=True)
    same(table, lambda: (a, b, np.zeros((40, 10), np.int64)[::-2, ::2]), exact=True)


def test_extremes_and_two_arrays():
    number, x = indices(LONG, 10), MAKE.random(LONG)
    same(extremes_of, lambda: (number, x, np.ones(10), np.zeros(10)), exact=True)
    signed = x - 0.5
    assert in_copies(means, number, signed, np.zeros(10), np.zeros(10, np.int64))
    same(means, lambda: (number, signed, np.zeros(10), np.zeros(10, np.int64)), exact=False)


def test_elements_that_nothing_reaches_keep_their_bits():
    number, x = indices(LONG, 10) * 2, MAKE.random(LONG)
    h = np.full(20, -0.0)
    h[7], h[9] = np.nan, np.inf
    scattered(number, x, h)
    odd = np.full(10, -0.0)
    odd[3], odd[4] = np.nan, np.inf
    assert h[1::2].tobytes() == odd.tobytes()


def test_columns_of_a_sparse_matrix():
    ptr, row = np.arange(0, LONG + 1, 10), indices(LONG, 100)
    v, x = MAKE.random(LONG), MAKE.random(LONG // 10)
    assert in_copies(columns, ptr, row, v, x, np.zeros(100))
    same(columns, lambda: (ptr, row, v, x, np.zeros(100)), exact=False)


def test_a_local_array_and_a_loop_in_time():
    number, x = indices(LONG, 50), MAKE.random(LONG)
    assert in_copies(counted, number)
    same(counted, lambda: (number,), exact=True)
    assert in_copies(with_decay, 3, number, x, np.zeros(50))
    same(with_decay, lambda: (3, number, x, np.zeros(50)), exact=False)


def test_a_bad_index_touches_nothing():
    number, h = indices(LONG, 50), np.zeros(50)
    number[LONG - 3] = 50
    with pytest.raises(po.BoundsError):
        scattered(number, np.ones(LONG), h)
    assert not h.any()


def test_where_copies_would_be_wrong_the_order_is_kept():
    few, x = indices(40, 5), MAKE.random(40) * 0.1
    for kernel in (reads_a_cell, two_operators):
        assert not in_copies(kernel, few, x, np.ones(5))
        same(kernel, lambda: (few, x, np.ones(5)), exact=False)
    assert not in_copies(into_the_index, np.zeros(9, np.int64))
    same(into_the_index, lambda: (np.zeros(9, np.int64),), exact=True)


def test_strict_floats_stay_in_order():
    number, x = indices(LONG, 50), MAKE.random(LONG)
    strict = scattered.with_options(fp="strict")
    assert not in_copies(strict, number, x, np.zeros(50))
    same(strict, lambda: (number, x, np.zeros(50)), exact=True)


def test_the_step_in_a_script():
    number, x = indices(LONG, 50), MAKE.random(LONG)
    spec = scattered.specialize(number, x, np.zeros(50))
    s = spec.original.reduce("i", parallel=True, chunk=64)
    made, h, expected = spec.with_schedule(s), np.zeros(50), np.zeros(50)
    made(number, x, h)
    np.add.at(expected, number, x)
    np.testing.assert_allclose(h, expected, rtol=1e-9)
    with pytest.raises(po.IllegalScheduleError, match='needs one element of "h"'):
        spec.original.reduce("i", partials=4)
