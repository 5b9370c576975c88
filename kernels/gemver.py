"""gemver: A = A + u1 v1ᵀ + u2 v2ᵀ, x = x + beta Aᵀ y + z, w = w + alpha A x, A [N, N].

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    n = A.shape[0]
    for i in range(n):
        for j in range(n):
            A[i, j] = A[i, j] + u1[i] * v1[j] + u2[i] * v2[j]
    for i in range(n):
        for j in range(n):
            x[i] = x[i] + beta * A[j, i] * y[j]
    for i in range(n):
        x[i] = x[i] + z[i]
    for i in range(n):
        for j in range(n):
            w[i] = w[i] + alpha * A[i, j] * x[j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    A = (i * j % n / n).astype(dtype)
    step = (np.arange(n) + 1) / n
    u1 = np.arange(n).astype(dtype)
    u2, v1, v2, y, z = ((step / divisor).astype(dtype) for divisor in (2, 4, 6, 8, 9))
    return 1.5, 1.2, A, u1, v1, u2, v2, np.zeros(n, dtype), np.zeros(n, dtype), y, z


def _numpy(
    alpha: float,
    beta: float,
    A: Array,
    u1: Array,
    v1: Array,
    u2: Array,
    v2: Array,
    w: Array,
    x: Array,
    y: Array,
    z: Array,
) -> None:
    A += np.outer(u1, v1)
    A += np.outer(u2, v2)
    x += beta * (y @ A) + z
    w += alpha * (A @ x)


BENCHMARK = Benchmark(
    name="gemver",
    kernel=gemver,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "A": ("N", "N"),
        "u1": ("N",),
        "v1": ("N",),
        "u2": ("N",),
        "v2": ("N",),
        "w": ("N",),
        "x": ("N",),
        "y": ("N",),
        "z": ("N",),
    },
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A", "w", "x"),
    reduction_length=lambda s: 2 * s["N"] + 2,
    numpy=_numpy,
    flops=lambda s: 10 * s["N"] ** 2 + s["N"],
)
