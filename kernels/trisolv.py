"""trisolv: solves L x = b by forward substitution, L [N, N] lower triangular.

PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def trisolv(L, x, b):
    n = L.shape[0]
    for i in range(n):
        x[i] = b[i]
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] = x[i] / L[i, i]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    L = np.tril((i + n - j + 1) * 2 / n)
    return L.astype(dtype), np.full(n, -999, dtype), np.arange(n).astype(dtype)


def _numpy(L: Array, x: Array, b: Array) -> None:
    for i in range(len(L)):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]


BENCHMARK = Benchmark(
    name="trisolv",
    kernel=trisolv,
    parameters={"L": ("N", "N"), "x": ("N",), "b": ("N",)},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("x",),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: s["N"] ** 2,
)
