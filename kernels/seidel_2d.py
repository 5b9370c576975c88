"""seidel-2d: repeated nine-point averages in place (Gauss-Seidel), A [N, N].

Every update reads four values of the same sweep, so there is no NumPy version: array operations
cannot express it without a copy per diagonal. PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import COUNT, Arguments, Benchmark, DType, Sizes, datasets


@po.kernel
def seidel_2d(tsteps, A):
    n = A.shape[0]
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = (
                    A[i - 1, j - 1]
                    + A[i - 1, j]
                    + A[i - 1, j + 1]
                    + A[i, j - 1]
                    + A[i, j]
                    + A[i, j + 1]
                    + A[i + 1, j - 1]
                    + A[i + 1, j]
                    + A[i + 1, j + 1]
                ) / 9.0


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    return sizes["TSTEPS"], ((i * (j + 2) + 2) / n).astype(dtype)


BENCHMARK = Benchmark(
    name="seidel-2d",
    kernel=seidel_2d,
    parameters={"tsteps": COUNT, "A": ("N", "N")},
    sizes=datasets(TSTEPS=(20, 40, 100, 500, 1000), N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A",),
    reduction_length=lambda s: s["TSTEPS"],
    smooth=True,
    flops=lambda s: 9 * s["TSTEPS"] * (s["N"] - 2) ** 2,
)
