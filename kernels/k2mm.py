"""2mm: two matrix products, D = alpha A B C + beta D.

A [NI, NK], B [NK, NJ], C [NJ, NL], D [NI, NL]; tmp [NI, NJ] holds alpha A B.
PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def k2mm(alpha, beta, tmp, A, B, C, D):
    ni, nj = tmp.shape
    nk = A.shape[1]
    nl = D.shape[1]
    for i in range(ni):
        for j in range(nj):
            tmp[i, j] = 0.0
            for k in range(nk):
                tmp[i, j] += alpha * A[i, k] * B[k, j]
    for i in range(ni):
        for j in range(nl):
            D[i, j] *= beta
            for k in range(nj):
                D[i, j] += tmp[i, k] * C[k, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ni, nj, nk, nl = sizes["NI"], sizes["NJ"], sizes["NK"], sizes["NL"]
    i, j = np.ogrid[: max(sizes.values()), : max(sizes.values())]
    A = (i[:ni] * j[:, :nk] + 1) % ni / ni
    B = i[:nk] * (j[:, :nj] + 1) % nj / nj
    C = (i[:nj] * (j[:, :nl] + 3) + 1) % nl / nl
    D = i[:ni] * (j[:, :nl] + 2) % nk / nk
    tmp = np.zeros((ni, nj), dtype)
    return 1.5, 1.2, tmp, A.astype(dtype), B.astype(dtype), C.astype(dtype), D.astype(dtype)


def _numpy(alpha: float, beta: float, tmp: Array, A: Array, B: Array, C: Array, D: Array) -> None:
    np.matmul(alpha * A, B, out=tmp)
    D *= beta
    D += tmp @ C


BENCHMARK = Benchmark(
    name="2mm",
    kernel=k2mm,
    parameters={
        "alpha": REAL,
        "beta": REAL,
        "tmp": ("NI", "NJ"),
        "A": ("NI", "NK"),
        "B": ("NK", "NJ"),
        "C": ("NJ", "NL"),
        "D": ("NI", "NL"),
    },
    sizes=datasets(
        NI=(16, 40, 180, 800, 1600),
        NJ=(18, 50, 190, 900, 1800),
        NK=(22, 70, 210, 1100, 2200),
        NL=(24, 80, 220, 1200, 2400),
    ),
    make=_make,
    outputs=("tmp", "D"),
    reduction_length=lambda s: s["NJ"] + s["NK"] + 1,
    numpy=_numpy,
    flops=lambda s: s["NI"] * (s["NJ"] * 3 * s["NK"] + s["NL"] * (2 * s["NJ"] + 1)),
)
