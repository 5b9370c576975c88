"""kronecker: the Kronecker product in blocks, C[i, k, j, l] = A[i, j] B[k, l].

C is the product matrix seen as blocks: its row is i NK + k, its column j NL + l.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def kronecker(C, A, B):
    ni, nj = A.shape
    nk, nl = B.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                for l in range(nl):
                    C[i, k, j, l] = A[i, j] * B[k, l]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ni, nj, nk, nl = (sizes[name] for name in ("NI", "NJ", "NK", "NL"))
    i, j = np.ogrid[:ni, :nj]
    k, l = np.ogrid[:nk, :nl]
    A, B = (i * j + 1) / (ni + nj), (k + 2 * l + 1) / (nk + nl)
    return np.zeros((ni, nk, nj, nl), dtype), A.astype(dtype), B.astype(dtype)


def _numpy(C: Array, A: Array, B: Array) -> None:
    np.multiply(A[:, None, :, None], B[None, :, None, :], out=C)


BENCHMARK = Benchmark(
    name="kronecker",
    kernel=kronecker,
    parameters={"C": ("NI", "NK", "NJ", "NL"), "A": ("NI", "NJ"), "B": ("NK", "NL")},
    sizes=datasets(
        NI=(4, 8, 20, 50, 80),
        NJ=(5, 9, 24, 60, 90),
        NK=(6, 10, 28, 70, 100),
        NL=(7, 11, 32, 80, 110),
    ),
    make=_make,
    outputs=("C",),
    reduction_length=lambda _: 1,
    numpy=_numpy,
    flops=lambda s: s["NI"] * s["NJ"] * s["NK"] * s["NL"],
)
