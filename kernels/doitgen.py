"""doitgen: multiresolution analysis, A[r, q, :] = A[r, q, :] C4 for every r and q.

A [NR, NQ, NP], C4 [NP, NP]; acc [NP] holds one row of the result.
PolyBench/C 4.2.1, linear-algebra/kernels.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def doitgen(A, C4, acc):
    nr, nq, n = A.shape
    for r in range(nr):
        for q in range(nq):
            for p in range(n):
                acc[p] = 0.0
                for s in range(n):
                    acc[p] += A[r, q, s] * C4[s, p]
            for p in range(n):
                A[r, q, p] = acc[p]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    nq, nr, n = sizes["NQ"], sizes["NR"], sizes["NP"]
    i, j, k = np.ogrid[:nr, :nq, :n]
    A = (i * j + k) % n / n
    row, column = np.ogrid[:n, :n]
    C4 = row * column % n / n
    return A.astype(dtype), C4.astype(dtype), np.zeros(n, dtype)


def _numpy(A: Array, C4: Array, acc: Array) -> None:
    A[:] = A @ C4
    acc[:] = A[-1, -1]


BENCHMARK = Benchmark(
    name="doitgen",
    kernel=doitgen,
    parameters={"A": ("NR", "NQ", "NP"), "C4": ("NP", "NP"), "acc": ("NP",)},
    sizes=datasets(NQ=(8, 20, 40, 140, 220), NR=(10, 25, 50, 150, 250), NP=(12, 30, 60, 160, 270)),
    make=_make,
    outputs=("A", "acc"),
    reduction_length=lambda s: s["NP"],
    numpy=_numpy,
    flops=lambda s: 2 * s["NR"] * s["NQ"] * s["NP"] ** 2,
)
