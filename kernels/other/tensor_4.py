"""tensor-4: a contraction over four indices, C[i, j, k] += A[i, l, j] B[l, k].

The middle index of A is summed: a mode product that leaves the other two modes in place.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def tensor_4(C, A, B):
    ni, nj, nk = C.shape
    nl = B.shape[0]
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                for l in range(nl):
                    C[i, j, k] += A[i, l, j] * B[l, k]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ni, nj, nk, nl = (sizes[name] for name in ("NI", "NJ", "NK", "NL"))
    i, l, j = np.ogrid[:ni, :nl, :nj]
    A = (i * l + 3 * j + 1) % nl / nl
    rows, columns = np.ogrid[:nl, :nk]
    B = (rows * (columns + 2) + 1) % nk / nk
    return np.zeros((ni, nj, nk), dtype), A.astype(dtype), B.astype(dtype)


def _numpy(C: Array, A: Array, B: Array) -> None:
    C += np.matmul(A.swapaxes(1, 2), B)


BENCHMARK = Benchmark(
    name="tensor-4",
    kernel=tensor_4,
    parameters={"C": ("NI", "NJ", "NK"), "A": ("NI", "NL", "NJ"), "B": ("NL", "NK")},
    sizes=datasets(
        NI=(5, 10, 40, 100, 200),
        NJ=(7, 20, 50, 120, 240),
        NK=(6, 25, 60, 140, 260),
        NL=(8, 30, 70, 160, 280),
    ),
    make=_make,
    outputs=("C",),
    reduction_length=lambda s: s["NL"] + 1,
    numpy=_numpy,
    flops=lambda s: 2 * s["NI"] * s["NJ"] * s["NK"] * s["NL"],
)
