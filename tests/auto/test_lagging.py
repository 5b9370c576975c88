"""Rows lagged behind one another: when, and that results stay those of plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po

Random = np.random.Generator


def line(T, A):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3.0


def rows(A, B):
    n, m = A.shape
    for i in range(n):
        for j in range(1, m):
            A[i, j] = A[i, j - 1] / B[i, j] + B[i, j]


def relaxed(T, w, A):
    n, m = A.shape
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = (1.0 - w) * A[i, j] + w * 0.25 * (
                    A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1]
                )


def aligned(H, S, gap):
    n, m = H.shape
    for i in range(1, n):
        for j in range(1, m):
            H[i, j] = max(H[i - 1, j - 1] + S[i, j], 0.0, H[i - 1, j] - gap, H[i, j - 1] - gap)


def triangle(A):
    n = A.shape[0]
    for i in range(2, n):
        for j in range(1, i):
            A[i, j] = math.sqrt(abs(A[i, j - 1])) / (A[i - 1, j + 1] + 2.0)


MAKERS: dict[Callable[..., None], Callable[[int, Random], tuple[object, ...]]] = {
    line: lambda n, r: (n // 3 + 1, r.random(n + 2)),
    rows: lambda n, r: (r.random((n, n + 3)), 1 + r.random((n, n + 3))),
    relaxed: lambda n, r: (4, 1.2, r.random((n + 2, n + 5))),
    aligned: lambda n, r: (r.random((n + 1, n + 4)), r.random((n + 1, n + 4)) - 0.5, 0.1),
    triangle: lambda n, r: (r.random((n + 3, n + 3)),),
}


@pytest.mark.parametrize("function", MAKERS, ids=lambda f: f.__name__)
def test_rows_are_lagged_and_results_kept(function: Callable[..., None]) -> None:
    random = np.random.default_rng(0)
    kernel = po.kernel(fp="strict", threads=2)(function)
    for n in (0, 1, 2, 7, 8, 9, 31, 33, 40, 70):
        arguments = MAKERS[function](n, random)
        same_as(function, kernel, arguments)
    assert "_rows" in kernel.specialize(*arguments).schedule.script


def independent(A, B):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            A[i, j] = B[i, j] / 3.0


def summed(x, A):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            x[i] += A[i, j] * 2.0


@pytest.mark.parametrize("function", [independent, summed])
def test_what_does_not_wait_is_left(function: Callable[..., None]) -> None:
    shapes = {independent: ((9, 9), (9, 9)), summed: ((9,), (9, 9))}[function]
    spec = po.kernel(function).specialize(*map(np.zeros, shapes))
    assert "_rows" not in spec.schedule.script


def halved(B):
    n = B.shape[0] // 2
    for i in range(n):
        for j in range(n - 1):
            B[2 * i, j + 1] = ((B[i, j] + B[i, j + 1]) - 2.0) % 97.0


def test_rows_side_by_side_are_no_threads() -> None:
    spec = po.kernel(halved).specialize(np.zeros((9, 9)))
    assert 'parallel("i")' not in spec.schedule.script
    assert "GCC unroll 8\n" in spec.source
    assert "GCC unroll 2048" not in spec.source
