"""Accesses proved inside their arrays, checked at the call, and refused."""

from __future__ import annotations

import numpy as np
import pytest
from golden import plain

import polyopt as po
from polyopt.model.bounds import checks
from polyopt.model.scop import known_context

N = po.symbols("N")
VECTOR = po.f64[...]


def found(function, *types):
    """The checks that remain, as texts of their conditions."""
    scop = po.kernel(function).specialize(*types).scop
    return [str(c.condition) for c in checks(scop, known_context(scop))]


def test_proved_where_the_loop_runs_over_the_extent():
    def fill(A):
        for i in range(len(A)):
            A[i] = 0.0

    assert found(fill, VECTOR) == []


def test_proved_with_offsets_and_steps():
    def pairs(A):
        for i in range(0, len(A) - 1, 2):
            A[i] = A[i + 1]

    assert found(pairs, VECTOR) == []


def test_an_assumption_proves():
    def shifted(n, A):
        assert n + 1 <= len(A)
        for i in range(n):
            A[i] = A[i + 1]

    assert found(shifted, int, VECTOR) == []


def test_checked_where_the_extent_is_another_parameter():
    def fill(n, A):
        for i in range(n):
            A[i] = 0.0

    assert found(fill, int, VECTOR) == ["A_shape0 >= n"]


def test_one_check_covers_what_it_implies():
    def twice(n, A):
        for i in range(n):
            A[i] = A[i + 1]

    assert found(twice, int, VECTOR) == ["((n >= 1) and (A_shape0 >= n + 1)) or (n <= 0)"]


def test_the_message_of_a_check():
    @po.kernel(schedule="source")
    def fill(n, A):
        for i in range(n):
            A[i] = 0.0

    A = np.ones(3)
    with pytest.raises(po.BoundsError) as refusal:
        fill(5, A)
    assert plain(str(refusal.value)) == (
        "kernel.py:1: S1 writes A[i], and the index i would leave its extent A_shape0 in "
        "dimension 0 (here A_shape0 = 3, n = 5). Nothing was written. Pass arrays that cover the "
        "loop's range, or narrow the range."
    )
    assert A.tolist() == [1, 1, 1]


def test_below_the_array():
    def down(n, A):
        for i in range(n):
            A[i - 1] = 0.0

    assert always(down, int, VECTOR) == (
        "kernel.py:1: S1 writes A[i - 1], and the index i - 1 leaves its extent A_shape0 in "
        "dimension 0 whenever it runs. At A_shape0 = 0, i = 0 the index is -1. "
        "Narrow the loop's range; only a literal negative index counts from the end."
    )


def test_above_the_array():
    def beyond(A):
        for i in range(len(A) + 1):
            A[i] = 0.0

    assert always(beyond, VECTOR) == (
        "kernel.py:1: S1 writes A[i], and the index i leaves its extent A_shape0 in "
        "dimension 0 whenever it runs. At A_shape0 = 0, i = 0 the index is 0. "
        "Narrow the loop's range; only a literal negative index counts from the end."
    )


def test_above_a_constant_extent():
    def beyond(A: po.f64[4, N]):
        for j in range(N):
            A[4, j] = A[0, j]

    assert always(beyond) == (
        "kernel.py:1: S1 writes A[4, j], and the index 4 leaves its extent 4 in dimension 0 "
        "whenever it runs. At every call the index is 4. "
        "Narrow the loop's range; only a literal negative index counts from the end."
    )


def test_before_any_loop():
    def beyond(A: po.f64[N]):
        A[N] = 0.0

    assert always(beyond) == (
        "kernel.py:1: S1 writes A[N], and the index N leaves its extent N in dimension 0 "
        "whenever it runs. At N = 0 the index is 0. "
        "Narrow the loop's range; only a literal negative index counts from the end."
    )


def test_an_access_that_never_runs_is_not_out_of_bounds():
    def never(A):
        for i in range(5, 5):
            A[i - 100] = 0.0

    assert found(never, VECTOR) == []


def always(function, *types):
    """The message of an access that leaves its array at every size."""
    with pytest.raises(po.BoundsError) as refusal:
        po.kernel(function).specialize(*types).prepare()
    return plain(str(refusal.value))
