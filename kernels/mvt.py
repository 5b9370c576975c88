"""mvt: x1 = x1 + A y1 and x2 = x2 + Aᵀ y2, A [N, N].

PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def mvt(x1, x2, y1, y2, A):
    n = A.shape[0]
    for i in range(n):
        for j in range(n):
            x1[i] = x1[i] + A[i, j] * y1[j]
    for i in range(n):
        for j in range(n):
            x2[i] = x2[i] + A[j, i] * y2[j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    A = i * j % n / n
    vectors = tuple(((np.arange(n) + start) % n / n).astype(dtype) for start in (0, 1, 3, 4))
    return *vectors, A.astype(dtype)


def _numpy(x1: Array, x2: Array, y1: Array, y2: Array, A: Array) -> None:
    x1 += A @ y1
    x2 += y2 @ A


BENCHMARK = Benchmark(
    name="mvt",
    kernel=mvt,
    parameters={"x1": ("N",), "x2": ("N",), "y1": ("N",), "y2": ("N",), "A": ("N", "N")},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("x1", "x2"),
    reduction_length=lambda s: s["N"] + 1,
    numpy=_numpy,
    flops=lambda s: 4 * s["N"] ** 2,
)
