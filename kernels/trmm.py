"""trmm: B = alpha Aᵀ B, A [M, M] unit lower triangular, B [M, N].

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def trmm(alpha, A, B):
    m, n = B.shape
    for i in range(m):
        for j in range(n):
            for k in range(i + 1, m):
                B[i, j] += A[k, i] * B[k, j]
            B[i, j] = alpha * B[i, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    row, column = np.ogrid[:m, :m]
    A = np.tril((row + column) % m / m, -1) + np.eye(m)
    i, j = np.ogrid[:m, :n]
    B = (n + (i - j)) % n / n
    return 1.5, A.astype(dtype), B.astype(dtype)


def _numpy(alpha: float, A: Array, B: Array) -> None:
    B += np.tril(A, -1).T @ B
    B *= alpha


BENCHMARK = Benchmark(
    name="trmm",
    kernel=trmm,
    parameters={"alpha": REAL, "A": ("M", "M"), "B": ("M", "N")},
    sizes=datasets(M=(20, 60, 200, 1000, 2000), N=(30, 80, 240, 1200, 2600)),
    make=_make,
    outputs=("B",),
    reduction_length=lambda s: s["M"],
    numpy=_numpy,
    flops=lambda s: s["M"] ** 2 * s["N"],
)
