"""hessenberg: a matrix brought to Hessenberg form in place by Householder reflections; A [N, N].

v [N] holds the reflection, w [N] its product with the matrix (Golub and Van Loan, Matrix
Computations, algorithm 7.4.2, with the reflection applied from both sides).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets

if TYPE_CHECKING:
    from collections.abc import Mapping


@po.kernel
def hessenberg(A, v, w):
    n = A.shape[0]
    for k in range(n - 2):
        norm = 0.0
        for i in range(k + 1, n):
            v[i] = A[i, k]
            norm += A[i, k] * A[i, k]
        alpha = -math.sqrt(norm) if A[k + 1, k] > 0 else math.sqrt(norm)
        tau = 1.0 / (norm - A[k + 1, k] * alpha)
        v[k + 1] -= alpha
        for j in range(k, n):
            w[j] = 0.0
        for i in range(k + 1, n):
            for j in range(k, n):
                w[j] += v[i] * A[i, j]
        for i in range(k + 1, n):
            for j in range(k, n):
                A[i, j] -= tau * v[i] * w[j]
        for i in range(n):
            s = 0.0
            for j in range(k + 1, n):
                s += A[i, j] * v[j]
            for j in range(k + 1, n):
                A[i, j] -= tau * s * v[j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    A = np.random.default_rng(7).random((n, n)) - 0.5
    return A.astype(dtype), np.zeros(n, dtype), np.zeros(n, dtype)


def _facts(values: Mapping[str, Any]) -> dict[str, Array]:
    """The trace and the norm of A, which reflections keep, and what is left below the diagonals.

    The elements themselves amplify rounding errors, as eigenvalue problems do.
    """
    A = values["A"].astype(np.float64)
    kept = np.array([np.trace(A) / len(A), np.sqrt(np.vdot(A, A)) / len(A)])
    return {"A": kept, "below": np.tril(A, -2) / len(A)}


def _numpy(A: Array, v: Array, w: Array) -> None:
    n = len(A)
    for k in range(n - 2):
        x = A[k + 1 :, k].copy()
        norm = x @ x
        alpha = -math.sqrt(norm) if x[0] > 0 else math.sqrt(norm)
        tau = 1.0 / (norm - x[0] * alpha)
        x[0] -= alpha
        v[k + 1 :] = x
        w[k:] = x @ A[k + 1 :, k:]
        A[k + 1 :, k:] -= tau * np.outer(x, w[k:])
        A[:, k + 1 :] -= tau * np.outer(A[:, k + 1 :] @ x, x)


BENCHMARK = Benchmark(
    name="hessenberg",
    kernel=hessenberg,
    parameters={"A": ("N", "N"), "v": ("N",), "w": ("N",)},
    sizes=datasets(N=(18, 60, 200, 1000, 2000)),
    make=_make,
    outputs=("A", "v", "w"),
    reduction_length=lambda s: 4 * s["N"],
    bound="normwise",
    facts=_facts,
    numpy=_numpy,
    flops=lambda s: 10 * s["N"] ** 3 // 3,
)
