"""atax: y = Aᵀ (A x), A [M, N]; tmp [M] holds A x.

PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def atax(A, x, y, tmp):
    m, n = A.shape
    for i in range(n):
        y[i] = 0.0
    for i in range(m):
        tmp[i] = 0.0
        for j in range(n):
            tmp[i] = tmp[i] + A[i, j] * x[j]
        for j in range(n):
            y[j] = y[j] + A[i, j] * tmp[i]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:m, :n]
    A = (i + j) % n / (5 * m)
    x = 1 + np.arange(n) / n
    return A.astype(dtype), x.astype(dtype), np.zeros(n, dtype), np.zeros(m, dtype)


def _numpy(A: Array, x: Array, y: Array, tmp: Array) -> None:
    np.matmul(A, x, out=tmp)
    np.matmul(tmp, A, out=y)


BENCHMARK = Benchmark(
    name="atax",
    kernel=atax,
    parameters={"A": ("M", "N"), "x": ("N",), "y": ("N",), "tmp": ("M",)},
    sizes=datasets(M=(38, 116, 390, 1900, 1800), N=(42, 124, 410, 2100, 2200)),
    make=_make,
    outputs=("y", "tmp"),
    reduction_length=lambda s: s["M"] + s["N"],
    numpy=_numpy,
    flops=lambda s: 4 * s["M"] * s["N"],
)
