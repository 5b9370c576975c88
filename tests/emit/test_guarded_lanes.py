"""Guards in vector loops: values selected in registers, and guards that stand still tested once."""

import re

import numpy as np
import pytest

import polyopt as po


def smaller(v, w, A, r):
    n = v.shape[0]
    for i in range(n):
        count = 0
        for j in range(n):
            if v[j] < v[i]:
                count += 1
        r[i] = count


def sum_above(v, w, A, r):
    n = v.shape[0]
    for i in range(n):
        s = 0.0
        for j in range(n):
            if v[j] > w[i]:
                s += v[j]
        w[i] = s


def rows_that_count(v, w, A, r):
    n, m = A.shape
    for i in range(n):
        if r[i] > 2:
            for j in range(m):
                w[i] += A[i, j]


def rows_and_elements(v, w, A, r):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            if v[i] > 0.3 and A[i, j] > 0.5:
                w[i] += A[i, j]


def guard_that_changes(v, w, A, r):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            if v[i] < 3.0:
                v[i] += A[i, j]


def chained(v, w, A, r):
    n, m = A.shape
    for i in range(n):
        if r[i] >= 0:  # noqa: SIM102 (the form is what is tested)
            if w[r[i] % n] > 0.5:
                for j in range(m):
                    A[i, j] = A[i, j] * 2 + v[i]


def largest(v, w, A, r):
    n, m = A.shape
    for i in range(n):
        best, at = -1.0, 0
        for j in range(m):
            if A[i, j] > best:
                best = A[i, j]
                at = j
        r[i] = at
        w[i] = best


def divided(v, w, A, r):
    n = v.shape[0]
    for i in range(n):
        s = 0
        for j in range(n):
            if r[j] != 0:
                s += (100 + i) // r[j]
        r[i] = s


BODIES = [
    smaller,
    sum_above,
    rows_that_count,
    rows_and_elements,
    guard_that_changes,
    chained,
    largest,
    divided,
]


def arguments(n, m, seed=0):
    random = np.random.default_rng(seed)
    v, w = random.random(n), random.random(n)
    v[: n // 3] = np.nan if seed else v[: n // 3]
    return [v, w, random.random((n, m)), random.integers(-3, 9, n)]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("fp", ["strict", "reassociate"])
@pytest.mark.parametrize("body", BODIES, ids=lambda b: b.__name__)
def test_guards_mean_what_python_means(body, fp):
    kernel = po.kernel(fp=fp)(body)
    for seed, (n, m) in enumerate([(0, 0), (1, 0), (3, 0), (1, 1), (5, 7), (70, 33), (130, 65)]):
        expected, found = arguments(n, m, seed), arguments(n, m, seed)
        body(*expected)
        kernel(*found)
        for one, other in zip(found, expected, strict=True):
            if fp == "strict":
                np.testing.assert_array_equal(one, other)
            else:
                np.testing.assert_allclose(one, other, rtol=1e-12)


def source(body):
    return po.kernel(body).specialize(*arguments(5, 7)).source


def test_a_guarded_sum_is_selected_in_its_lanes():
    selected = r"count_acc\[i\] = v\[j\] < v\[\d+ \* i_tile \+ i\] \?"
    assert re.search(selected, source(smaller))


@pytest.mark.parametrize("body", [rows_that_count, rows_and_elements], ids=lambda b: b.__name__)
def test_a_guard_that_stands_still_is_tested_before_the_loop(body):
    assert "if (m > 0 && " in source(body)


def test_a_guard_that_the_loop_changes_stays_inside():
    assert "m > 0 && v[i]" not in source(guard_that_changes)
