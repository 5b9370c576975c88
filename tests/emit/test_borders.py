"""Loops apart from the iterations at their ends where subscripts are clamped, wrapped or chosen."""

import re

import numpy as np
import pytest

import polyopt as po
from polyopt.emit.borders import with_borders
from polyopt.emit.loops import For, Instance, below
from polyopt.emit.lower import lower


def clamped(v, w):
    n = v.shape[0]
    for i in range(n):
        v[i] = w[min(i + 2, n - 1)] - w[max(i - 1, 0)]


def wrapped(v, w):
    n = v.shape[0]
    for i in range(n):
        v[i] = w[(i - 1) % n] + 2 * w[(i + 1) % n]


def chosen(v, w):
    n = v.shape[0]
    for i in range(n):
        left = i - 1 if i > 0 else n - 1
        if i == n - 1:  # noqa: SIM108 (the form is what is tested)
            right = 0
        else:
            right = i + 1
        v[i] = w[left] - w[right]


def folded(v, w):
    n = v.shape[0]
    for i in range(n):
        for j in range(n):
            v[i] += w[abs(i - j)] * w[j]


def doubled(v, w):
    n = v.shape[0]
    for i in range(n):
        v[i] = w[min(i // 2 + 1, n - 1)]


def windows(v, w):
    n = v.shape[0]
    for i in range(n):
        s = 0.0
        for k in range(-1, 2):
            s += w[min(max(i + k, 0), n - 1)]
        for k in range(-3, 4):
            s -= w[min(max(i + k, 0), n - 1)]
        v[i] = s


def nested(v, w):
    n = v.shape[0]
    for i in range(n):
        v[i] = w[max(min(i - 4, n - 7), 0)] + w[0 if i < 3 or i > n - 4 else i - 3]


def steps_of_three(v, w):
    n = v.shape[0]
    for i in range(0, n, 3):
        v[i] = w[max(i - 1, 0)]


def sums(v, w):
    n = v.shape[0]
    for i in range(n):
        v[0] += w[max(i - 2, 0)]


BODIES = [clamped, wrapped, chosen, folded, doubled, windows, nested, steps_of_three, sums]


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
@pytest.mark.parametrize("body", BODIES, ids=lambda b: b.__name__)
def test_every_size_around_the_borders(body, fp):
    kernel = po.kernel(fp=fp)(body)
    random = np.random.default_rng(3)
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31, 40):
        expected, w = random.random(n), random.random(n)
        found = expected.copy()
        body(expected, w)
        kernel(found, w)
        if fp == "strict":
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def vector_loops(body):
    """The texts of the vector loops, up to the end of each."""
    source = po.kernel(body).specialize(np.zeros(5), np.zeros(5)).source
    return [part.split("}")[0] for part in source.split("#pragma omp simd\n")[1:]]


@pytest.mark.parametrize(
    "body", [clamped, wrapped, chosen, doubled, windows, nested], ids=lambda b: b.__name__
)
def test_vector_loops_have_straight_subscripts(body):
    loops = vector_loops(body)
    assert loops
    for loop in loops:
        for line in loop.splitlines():
            if "w[" in line and "/*" not in line:
                assert not re.search(r"min\(|max\(|\?", line), line


def test_both_sides_of_a_fold_are_vector_loops():
    def fold(A, w):
        n = w.shape[0]
        for i in range(n):
            for j in range(n):
                A[i, j] = w[abs(i - j)]

    A, w = np.zeros((5, 5)), np.zeros(5)
    source = po.kernel(fold).specialize(A, w).source
    assert source.count("#pragma omp simd") == 2
    assert "w[i - j]" in source
    assert "w[j - i]" in source


def test_a_loop_without_bends_stays_one():
    def plain(v, w):
        for i in range(len(v)):
            v[i] = w[i] + w[min(3, len(v) - 1)]

    spec = po.kernel(plain).specialize(np.zeros(5), np.zeros(5))
    loops = lower(spec.schedule)
    assert with_borders(loops.body, spec.scop) == loops.body
    assert sum(isinstance(n, For) for n in below(loops.body)) == 1


def test_what_is_straight_is_told_by_the_instance():
    loops = lower(po.kernel(clamped).specialize(np.zeros(5), np.zeros(5)).schedule)
    told = [len(n.straight) for n in below(loops.body) if isinstance(n, Instance)]
    assert told == [0, 2, 0]
