"""ludcmp: solves A x = b, A [N, N], by A = L U without pivoting, L y = b and U x = y.

A becomes its factors. PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets
from ._data import positive_definite


@po.kernel
def ludcmp(A, b, x, y):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            w = A[i, j]
            for k in range(j):
                w -= A[i, k] * A[k, j]
            A[i, j] = w / A[j, j]
        for j in range(i, n):
            w = A[i, j]
            for k in range(i):
                w -= A[i, k] * A[k, j]
            A[i, j] = w
    for i in range(n):
        w = b[i]
        for j in range(i):
            w -= A[i, j] * y[j]
        y[i] = w
    for i in range(n - 1, -1, -1):
        w = y[i]
        for j in range(i + 1, n):
            w -= A[i, j] * x[j]
        x[i] = w / A[i, i]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    b = (np.arange(n) + 1) / n / 2.0 + 4
    return positive_definite(n, dtype), b.astype(dtype), np.zeros(n, dtype), np.zeros(n, dtype)


def _numpy(A: Array, b: Array, x: Array, y: Array) -> None:
    n = len(A)
    for k in range(n):
        A[k, k:] -= A[k, :k] @ A[:k, k:]
        A[k + 1 :, k] -= A[k + 1 :, :k] @ A[:k, k]
        A[k + 1 :, k] /= A[k, k]
    for i in range(n):
        y[i] = b[i] - A[i, :i] @ y[:i]
    for i in reversed(range(n)):
        x[i] = (y[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]


BENCHMARK = Benchmark(
    name="ludcmp",
    kernel=ludcmp,
    parameters={"A": ("N", "N"), "b": ("N",), "x": ("N",), "y": ("N",)},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A", "x", "y"),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: 2 * s["N"] ** 3 // 3 + 2 * s["N"] ** 2,
)
