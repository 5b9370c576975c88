"""syrk: the lower triangle of C = alpha A Aᵀ + beta C, A [N, M], C [N, N].

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def syrk(alpha, beta, C, A):
    n, m = A.shape
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= beta
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += alpha * A[i, k] * A[j, k]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:n, :m]
    A = (i * j + 1) % n / n
    row, column = np.ogrid[:n, :n]
    C = (row * column + 2) % m / m
    return 1.5, 1.2, C.astype(dtype), A.astype(dtype)


def _numpy(alpha: float, beta: float, C: Array, A: Array) -> None:
    product = alpha * (A @ A.T)
    product += beta * C
    np.copyto(C, product, where=np.tri(*C.shape, dtype=np.bool_))


BENCHMARK = Benchmark(
    name="syrk",
    kernel=syrk,
    parameters={"alpha": REAL, "beta": REAL, "C": ("N", "N"), "A": ("N", "M")},
    sizes=datasets(M=(20, 60, 200, 1000, 2000), N=(30, 80, 240, 1200, 2600)),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: s["M"] + 1,
    numpy=_numpy,
    flops=lambda s: s["N"] * (s["N"] + 1) // 2 * (3 * s["M"] + 1),
)
