"""symm: C = alpha A B + beta C, A [M, M] symmetric and given by its lower triangle.

B and C [M, N]. PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def symm(alpha, beta, C, A, B):
    m, n = C.shape
    for i in range(m):
        for j in range(n):
            temp2 = 0.0
            for k in range(i):
                C[k, j] += alpha * B[i, j] * A[i, k]
                temp2 += B[k, j] * A[i, k]
            C[i, j] = beta * C[i, j] + alpha * B[i, j] * A[i, i] + alpha * temp2


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:m, :n]
    C = (i + j) % 100 / m
    B = (n + i - j) % 100 / m
    row, column = np.ogrid[:m, :m]
    A = np.where(column <= row, (row + column) % 100 / m, -999.0)  # the rest must not be read
    return 1.5, 1.2, C.astype(dtype), A.astype(dtype), B.astype(dtype)


def _numpy(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    C *= beta
    C += alpha * ((np.tril(A) + np.tril(A, -1).T) @ B)


BENCHMARK = Benchmark(
    name="symm",
    kernel=symm,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "C": ("M", "N"),
        "A": ("M", "M"),
        "B": ("M", "N"),
    },
    sizes=datasets(M=(20, 60, 200, 1000, 2000), N=(30, 80, 240, 1200, 2600)),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: s["M"] + 2,
    numpy=_numpy,
    flops=lambda s: s["M"] * s["N"] * (5 * (s["M"] - 1) // 2 + 6),
)
