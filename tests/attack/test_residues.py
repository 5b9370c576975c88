"""Loops that hold statements at values of different residue: blocks begin where statements are."""

from __future__ import annotations

import numpy as np

import polyopt as po


def guarded(N, M, A, B):
    for i in range(N):
        for j in range(M):
            if A[i, j] > 0:
                B[i, j] += A[i, j]
            if i + j < N:
                A[i, j] = B[i, j] - 1


def test_accumulators_under_loops_of_two_residues() -> None:
    kernel = po.kernel(
        fp="strict", schedule=lambda s: s.diamond("i", "j", size=1).vectorize("j", 4)
    )(guarded)
    for n, m in ((2, 3), (8, 13), (5, 6)):
        random = np.random.default_rng(n)
        found = random.standard_normal((n, m)).astype("f4"), random.standard_normal((n, m))
        expected = tuple(a.copy() for a in found)
        guarded(n, m, *expected)
        kernel(n, m, *found)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def beside(N, A, B, C):
    for i in range(N):
        C[i + 1, 0] += C[i, 1]
        for j in range(1, N):
            C[i, j] = min(B[i + 1, j + 1], C[i + 1, j]) + A[i, j]
        A[i, 0] = C[i, 1]


def test_blocks_begin_where_their_own_users_are() -> None:
    """Other statements in the loop may stand at one value of it alone."""
    for fp in ("strict", "reassociate"):
        kernel = po.kernel(fp=fp)(beside)
        for n in (1, 2, 5, 9):
            random = np.random.default_rng(n)
            found = tuple(random.integers(0, 9, (n + 2, n + 2)) * 1.0 for _ in range(3))
            expected = tuple(a.copy() for a in found)
            beside(n, *expected)
            kernel(n, *found)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)
