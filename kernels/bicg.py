"""bicg: the two products of the biconjugate gradient method, s = Aᵀ r and q = A p, A [N, M].

PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def bicg(A, s, q, p, r):
    n, m = A.shape
    for i in range(m):
        s[i] = 0.0
    for i in range(n):
        q[i] = 0.0
        for j in range(m):
            s[j] = s[j] + r[i] * A[i, j]
            q[i] = q[i] + A[i, j] * p[j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:n, :m]
    A = i * (j + 1) % n / n
    p, r = np.arange(m) / m, np.arange(n) / n
    return A.astype(dtype), np.zeros(m, dtype), np.zeros(n, dtype), p.astype(dtype), r.astype(dtype)


def _numpy(A: Array, s: Array, q: Array, p: Array, r: Array) -> None:
    np.matmul(r, A, out=s)
    np.matmul(A, p, out=q)


BENCHMARK = Benchmark(
    name="bicg",
    kernel=bicg,
    parameters={"A": ("N", "M"), "s": ("M",), "q": ("N",), "p": ("M",), "r": ("N",)},
    sizes=datasets(M=(38, 116, 390, 1900, 1800), N=(42, 124, 410, 2100, 2200)),
    make=_make,
    outputs=("s", "q"),
    reduction_length=lambda s: max(s["M"], s["N"]),
    numpy=_numpy,
    flops=lambda s: 4 * s["M"] * s["N"],
)
