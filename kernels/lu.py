"""lu: A [N, N] becomes the factors L (unit lower triangular) and U of A = L U, without pivoting.

PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets
from ._data import positive_definite


@po.kernel
def lu(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, n):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    return (positive_definite(sizes["N"], dtype),)


def _numpy(A: Array) -> None:
    for k in range(len(A)):
        A[k, k:] -= A[k, :k] @ A[:k, k:]
        A[k + 1 :, k] -= A[k + 1 :, :k] @ A[:k, k]
        A[k + 1 :, k] /= A[k, k]


BENCHMARK = Benchmark(
    name="lu",
    kernel=lu,
    parameters={"A": ("N", "N")},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A",),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: 2 * s["N"] ** 3 // 3,
)
