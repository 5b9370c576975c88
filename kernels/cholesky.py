"""cholesky: the lower triangle of A [N, N] becomes L with A = L Lᵀ; the upper one is kept.

PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

import math

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets
from ._data import positive_definite


@po.kernel
def cholesky(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[j, k]
            A[i, j] /= A[j, j]
        for k in range(i):
            A[i, i] -= A[i, k] * A[i, k]
        A[i, i] = math.sqrt(A[i, i])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    return (positive_definite(sizes["N"], dtype),)


def _numpy(A: Array) -> None:
    for j in range(len(A)):
        A[j, j] = math.sqrt(A[j, j] - A[j, :j] @ A[j, :j])
        A[j + 1 :, j] -= A[j + 1 :, :j] @ A[j, :j]
        A[j + 1 :, j] /= A[j, j]


BENCHMARK = Benchmark(
    name="cholesky",
    kernel=cholesky,
    parameters={"A": ("N", "N")},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A",),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: s["N"] ** 3 // 3 + s["N"] ** 2 // 2,
)
