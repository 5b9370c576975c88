"""Sums along and across the rows of an array: four rows at a time, in parts with a line each."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import polyopt as po
from polyopt.transform.schedule import Schedule

MAKE = np.random.default_rng(5)


@po.kernel
def along(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]


@po.kernel
def across(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            x[j] += A[i, j] * y[i]


@po.kernel
def both(A, x, y):
    t = np.zeros(A.shape[1], dtype=A.dtype)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            t[j] -= A[i, j] * 3
            y[i] += A[i, j] * x[j]
    return t


@po.kernel
def reads_what_it_adds_to(A, x, y):
    r = np.zeros(A.shape[0], dtype=A.dtype)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            r[i] += A[i, j] * x[j]
        for j in range(A.shape[1]):
            x[j] -= A[i, j] * y[i]
    return r


@po.kernel
def one_after_the_other(A, x, y):
    t = np.zeros(A.shape[1], dtype=A.dtype)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]
        for j in range(A.shape[1]):
            t[j] += A[i, j] * y[i]
    return t


@po.kernel
def transposed_too(A, x, y):
    s = np.zeros(A.shape[1], dtype=A.dtype)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]
    for j in range(A.shape[1]):
        for i in range(A.shape[0]):
            s[j] += A[i, j] * 2
    return s


@po.kernel
def extremes(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] = max(y[i], A[i, j] + x[j])
            x[j] = min(x[j], A[i, j])


@po.kernel
def largest_of_rows(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] = max(y[i], A[i, j] + x[j])


@po.kernel
def lower_half(A, x, y):
    for i in range(A.shape[0]):
        for j in range(min(i + 1, A.shape[1])):
            y[i] += A[i, j] * x[j]


@po.kernel
def into_the_line_it_reads(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            x[j] += A[i, j] * x[0]


@po.kernel
def where_positive(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            if A[i, j] > 0:
                y[i] += x[j]


SUMS = (along, across, both, one_after_the_other, transposed_too, largest_of_rows)
OTHERS = (lower_half, into_the_line_it_reads, reads_what_it_adds_to)
KERNELS = (*SUMS, *OTHERS, extremes, where_positive)
SHAPES = ((0, 0), (0, 5), (5, 0), (1, 1), (3, 40), (4, 7), (5, 8), (9, 33), (40, 3), (130, 70))


def arrays(shape, dtype, view):
    """Small whole numbers, of which sums are exact in any order."""
    rows, columns = shape
    make = (MAKE.integers(-2 if dtype[0] != "u" else 0, 3, s) for s in (shape, columns, rows))
    return tuple(view(a.astype(dtype)) for a in make)


def spread(array):
    """The same elements, two apart and in reverse order in memory."""
    wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    back = wide[tuple(slice(None, None, -2) for _ in array.shape)]
    back[...] = array
    return back


def jams(schedule: Schedule) -> int:
    return [step.name for step in schedule.steps].count("unroll_and_jam")


def as_python(kernel, given):
    """Assert that a call leaves and returns what Python does."""
    expected, found = copy.deepcopy(given), copy.deepcopy(given)
    with np.errstate(over="ignore"):
        returned = kernel.py_func(*expected)
    mine = kernel(*found)
    for one, other in zip((*found, mine), (*expected, returned), strict=True):
        assert (one is None) == (other is None)
        assert one is None or one.tobytes() == other.tobytes()


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.py_func.__name__)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "u1"])
@pytest.mark.parametrize("view", [np.array, spread], ids=["whole", "spread"])
def test_every_shape_gives_what_python_does(kernel, dtype, view):
    if kernel in OTHERS[1:]:  # whose values grow beyond what floats hold exactly
        kernel = kernel.with_options(fp="strict")
    for threads in (1, 2):
        for shape in SHAPES:
            as_python(kernel.with_options(threads=threads), arrays(shape, dtype, view))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.py_func.__name__)
def test_strict_floats_stay_in_order(kernel):
    for shape in ((9, 33), (130, 70)):
        given = MAKE.random(shape), MAKE.random(shape[1]), MAKE.random(shape[0])
        as_python(kernel.with_options(fp="strict", threads=2), given)


@pytest.mark.parametrize("kernel", SUMS, ids=lambda k: k.py_func.__name__)
def test_rows_that_share_a_line_are_jammed(kernel):
    spec = kernel.with_options(threads=2).specialize(*arrays((9, 33), "f8", np.array))
    assert jams(spec.schedule) == 1


@pytest.mark.parametrize("kernel", OTHERS, ids=lambda k: k.py_func.__name__)
def test_others_are_not(kernel):
    spec = kernel.with_options(threads=2).specialize(*arrays((9, 33), "f8", np.array))
    assert jams(spec.schedule) == 0


def test_a_matrix_is_read_once():
    spec = transposed_too.with_options(threads=2).specialize(*arrays((9, 33), "f8", np.array))
    names = [step.name for step in spec.schedule.steps]
    assert "fuse" in names
    assert "reduce" in names


@pytest.mark.parametrize(
    "kernel", [across, both, one_after_the_other], ids=lambda k: k.py_func.__name__
)
def test_the_bits_are_the_same_with_every_number_of_threads(kernel):
    given = MAKE.random((700, 300)), MAKE.random(300), MAKE.random(700)
    spec = kernel.with_options(threads=2).specialize(*given)
    assert "_parts" in spec.source
    left = []
    for threads in (1, 2):
        arguments = copy.deepcopy(given)
        kernel.with_options(threads=threads, schedule=spec.schedule)(*arguments)
        left.append([a.tobytes() for a in arguments])
    assert left[0] == left[1]


def test_each_of_four_rows_has_lanes():
    source = along.specialize(*arrays((9, 33), "f8", np.array)).source
    assert "y_acc_lanes[4][8]" in source
    source = along.specialize(*arrays((9, 33), "f4", np.array)).source
    assert "y_acc_lanes[4][16]" in source


def test_a_script_may_jam_more_rows_than_registers_hold():
    given = arrays((41, 50), "f8", np.array)
    spec = along.specialize(*given)
    for factor in (2, 3, 8):
        s = spec.original.vectorize("j", 4).unroll_and_jam("i", factor)
        found = copy.deepcopy(given)
        spec.with_schedule(s)(*found)
        np.testing.assert_array_equal(found[2], given[2] + given[0] @ given[1])
    with pytest.raises(po.IllegalScheduleError, match="cannot stay in one accumulator"):
        spec.original.vectorize("j", 4).unroll_and_jam("i", 9)
