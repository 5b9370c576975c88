"""gesummv: y = alpha A x + beta B x, A and B [N, N]; tmp [N] holds A x.

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def gesummv(alpha, beta, A, B, tmp, x, y):
    n = A.shape[0]
    for i in range(n):
        tmp[i] = 0.0
        y[i] = 0.0
        for j in range(n):
            tmp[i] = A[i, j] * x[j] + tmp[i]
            y[i] = B[i, j] * x[j] + y[i]
        y[i] = alpha * tmp[i] + beta * y[i]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    A = ((i * j + 1) % n / n).astype(dtype)
    B = ((i * j + 2) % n / n).astype(dtype)
    x = (np.arange(n) / n).astype(dtype)
    return 1.5, 1.2, A, B, np.zeros(n, dtype), x, np.zeros(n, dtype)


def _numpy(alpha: float, beta: float, A: Array, B: Array, tmp: Array, x: Array, y: Array) -> None:
    np.matmul(A, x, out=tmp)
    y[:] = alpha * tmp + beta * (B @ x)


BENCHMARK = Benchmark(
    name="gesummv",
    kernel=gesummv,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "A": ("N", "N"),
        "B": ("N", "N"),
        "tmp": ("N",),
        "x": ("N",),
        "y": ("N",),
    },
    sizes=datasets(N=(30, 90, 250, 1300, 2800)),
    make=_make,
    outputs=("tmp", "y"),
    reduction_length=lambda s: s["N"] + 2,
    numpy=_numpy,
    flops=lambda s: 4 * s["N"] ** 2 + 3 * s["N"],
)
