"""Stencils over time in diamond tiles: results stay plain Python's, at sizes around tiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po


def nine_points(T, A, B):
    n, m = A.shape
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                B[i, j] = (
                    0.25 * A[i, j]
                    + 0.125 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1])
                    + 0.0625 * (A[i - 1, j - 1] + A[i - 1, j + 1] + A[i + 1, j - 1])
                )
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = B[i, j]


def upwind(T, A, B):
    n, m = A.shape
    for t in range(T):  # noqa: B007
        for i in range(2, n):
            for j in range(m - 3):
                B[i, j] = A[i, j] - A[i - 2, j + 3]
        for i in range(2, n):
            for j in range(m - 3):
                A[i, j] = B[i, j] * 0.5


def wave(T, A, B):
    n, m = A.shape
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                B[i, j] = 2.0 * A[i, j] - B[i, j] + 0.1 * (A[i - 1, j] + A[i, j + 1] - 2 * A[i, j])
        for j in range(m):
            B[0, j] = t
        for i in range(n):
            for j in range(m):
                A[i, j] = A[i, j] - B[i, j]


@pytest.mark.parametrize("function", [nine_points, upwind, wave])
def test_diamonds_reproduce_plain_python(function: Callable[..., None]) -> None:
    random = np.random.default_rng(1)
    kernel = po.kernel(fp="strict", threads=2)(function)
    for T, n, m in ((0, 4, 4), (1, 2, 9), (3, 1, 1), (5, 63, 20), (4, 66, 70), (2, 130, 5)):
        found = random.random((n, m)), random.random((n, m))
        same_as(function, kernel, (T, *found))
    assert "diamond" in kernel.specialize(1, *found).schedule.script
