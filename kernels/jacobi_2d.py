"""jacobi-2d: repeated five-point averages from A to B and back; A and B [N, N].

PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def jacobi_2d(tsteps, A, B):
    n = A.shape[0]
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = 0.2 * (A[i, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j] + A[i - 1, j])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = 0.2 * (B[i, j] + B[i, j - 1] + B[i, j + 1] + B[i + 1, j] + B[i - 1, j])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    A, B = (i * (j + 2) + 2) / n, (i * (j + 3) + 3) / n
    return sizes["TSTEPS"], A.astype(dtype), B.astype(dtype)


def _numpy(tsteps: int, A: Array, B: Array) -> None:
    for _ in range(tsteps):
        for old, new in ((A, B), (B, A)):
            new[1:-1, 1:-1] = 0.2 * (
                old[1:-1, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:] + old[2:, 1:-1] + old[:-2, 1:-1]
            )


BENCHMARK = Benchmark(
    name="jacobi-2d",
    kernel=jacobi_2d,
    parameters={"tsteps": COUNT, "A": ("N", "N"), "B": ("N", "N")},
    sizes=datasets(TSTEPS=(20, 40, 100, 500, 1000), N=(30, 90, 250, 1300, 2800)),
    make=_make,
    outputs=("A", "B"),
    reduction_length=lambda s: 2 * s["TSTEPS"],
    smooth=True,
    numpy=_numpy,
    flops=lambda s: 10 * s["TSTEPS"] * (s["N"] - 2) ** 2,
)
