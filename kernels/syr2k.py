"""syr2k: the lower triangle of C = alpha (A Bᵀ + B Aᵀ) + beta C, A and B [N, M], C [N, N].

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def syr2k(alpha, beta, C, A, B):
    n, m = A.shape
    for i in range(n):
        for j in range(i + 1):
            C[i, j] *= beta
        for k in range(m):
            for j in range(i + 1):
                C[i, j] += A[j, k] * alpha * B[i, k] + B[j, k] * alpha * A[i, k]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:n, :m]
    A = (i * j + 1) % n / n
    B = (i * j + 2) % m / m
    row, column = np.ogrid[:n, :n]
    C = (row * column + 3) % n / m
    return 1.5, 1.2, C.astype(dtype), A.astype(dtype), B.astype(dtype)


def _numpy(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    product = alpha * (A @ B.T)
    product += product.T.copy()
    product += beta * C
    np.copyto(C, product, where=np.tri(*C.shape, dtype=np.bool_))


BENCHMARK = Benchmark(
    name="syr2k",
    kernel=syr2k,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "C": ("N", "N"),
        "A": ("N", "M"),
        "B": ("N", "M"),
    },
    sizes=datasets(M=(20, 60, 200, 1000, 2000), N=(30, 80, 240, 1200, 2600)),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: 2 * s["M"] + 1,
    numpy=_numpy,
    flops=lambda s: s["N"] * (s["N"] + 1) // 2 * (6 * s["M"] + 1),
)
