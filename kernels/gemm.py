"""gemm: C = alpha A B + beta C, C [NI, NJ], A [NI, NK], B [NK, NJ].

PolyBench/C 4.2.1, linear-algebra/blas.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def gemm(alpha, beta, C, A, B):
    ni, nj = C.shape
    nk = A.shape[1]
    for i in range(ni):
        for j in range(nj):
            C[i, j] *= beta
        for k in range(nk):
            for j in range(nj):
                C[i, j] += alpha * A[i, k] * B[k, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ni, nj, nk = sizes["NI"], sizes["NJ"], sizes["NK"]
    i, j = np.ogrid[: max(ni, nk), : max(nj, nk)]
    C = (i[:ni] * j[:, :nj] + 1) % ni / ni
    A = i[:ni] * (j[:, :nk] + 1) % nk / nk
    B = i[:nk] * (j[:, :nj] + 2) % nj / nj
    return 1.5, 1.2, C.astype(dtype), A.astype(dtype), B.astype(dtype)


def _numpy(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    C *= beta
    C += alpha * (A @ B)


BENCHMARK = Benchmark(
    name="gemm",
    kernel=gemm,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "C": ("NI", "NJ"),
        "A": ("NI", "NK"),
        "B": ("NK", "NJ"),
    },
    sizes=datasets(
        NI=(20, 60, 200, 1000, 2000), NJ=(25, 70, 220, 1100, 2300), NK=(30, 80, 240, 1200, 2600)
    ),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: s["NK"] + 1,
    numpy=_numpy,
    flops=lambda s: s["NI"] * s["NJ"] * (3 * s["NK"] + 1),
)
