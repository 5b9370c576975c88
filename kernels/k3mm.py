"""3mm: three matrix products, E = A B, F = C D, G = E F.

A [NI, NK], B [NK, NJ], C [NJ, NM], D [NM, NL]. PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def k3mm(E, A, B, F, C, D, G):
    ni, nj = E.shape
    nk = A.shape[1]
    nm, nl = D.shape
    for i in range(ni):
        for j in range(nj):
            E[i, j] = 0.0
            for k in range(nk):
                E[i, j] += A[i, k] * B[k, j]
    for i in range(nj):
        for j in range(nl):
            F[i, j] = 0.0
            for k in range(nm):
                F[i, j] += C[i, k] * D[k, j]
    for i in range(ni):
        for j in range(nl):
            G[i, j] = 0.0
            for k in range(nj):
                G[i, j] += E[i, k] * F[k, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ni, nj, nk, nl, nm = (sizes[name] for name in ("NI", "NJ", "NK", "NL", "NM"))
    i, j = np.ogrid[: max(sizes.values()), : max(sizes.values())]
    A = (i[:ni] * j[:, :nk] + 1) % ni / (5 * ni)
    B = (i[:nk] * (j[:, :nj] + 1) + 2) % nj / (5 * nj)
    C = i[:nj] * (j[:, :nm] + 3) % nl / (5 * nl)
    D = (i[:nm] * (j[:, :nl] + 2) + 2) % nk / (5 * nk)
    E, F, G = np.zeros((ni, nj), dtype), np.zeros((nj, nl), dtype), np.zeros((ni, nl), dtype)
    return E, A.astype(dtype), B.astype(dtype), F, C.astype(dtype), D.astype(dtype), G


def _numpy(E: Array, A: Array, B: Array, F: Array, C: Array, D: Array, G: Array) -> None:
    np.matmul(A, B, out=E)
    np.matmul(C, D, out=F)
    np.matmul(E, F, out=G)


BENCHMARK = Benchmark(
    name="3mm",
    kernel=k3mm,
    parameters={
        "E": ("NI", "NJ"),
        "A": ("NI", "NK"),
        "B": ("NK", "NJ"),
        "F": ("NJ", "NL"),
        "C": ("NJ", "NM"),
        "D": ("NM", "NL"),
        "G": ("NI", "NL"),
    },
    sizes=datasets(
        NI=(16, 40, 180, 800, 1600),
        NJ=(18, 50, 190, 900, 1800),
        NK=(20, 60, 200, 1000, 2000),
        NL=(22, 70, 210, 1100, 2200),
        NM=(24, 80, 220, 1200, 2400),
    ),
    make=_make,
    outputs=("E", "F", "G"),
    reduction_length=lambda s: s["NK"] + s["NM"] + s["NJ"],
    numpy=_numpy,
    flops=lambda s: (
        2 * s["NJ"] * (s["NI"] * s["NK"] + s["NL"] * s["NM"]) + 2 * s["NI"] * s["NL"] * s["NJ"]
    ),
)
