"""jacobi-1d: repeated three-point averages from A to B and back; A and B [N].

PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def jacobi_1d(tsteps, A, B):
    n = A.shape[0]
    for t in range(tsteps):
        for i in range(1, n - 1):
            B[i] = 0.33333 * (A[i - 1] + A[i] + A[i + 1])
        for i in range(1, n - 1):
            A[i] = 0.33333 * (B[i - 1] + B[i] + B[i + 1])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i = np.arange(n)
    return sizes["TSTEPS"], ((i + 2) / n).astype(dtype), ((i + 3) / n).astype(dtype)


def _numpy(tsteps: int, A: Array, B: Array) -> None:
    for _ in range(tsteps):
        B[1:-1] = 0.33333 * (A[:-2] + A[1:-1] + A[2:])
        A[1:-1] = 0.33333 * (B[:-2] + B[1:-1] + B[2:])


BENCHMARK = Benchmark(
    name="jacobi-1d",
    kernel=jacobi_1d,
    parameters={"tsteps": COUNT, "A": ("N",), "B": ("N",)},
    sizes=datasets(TSTEPS=(20, 40, 100, 500, 1000), N=(30, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("A", "B"),
    reduction_length=lambda s: 2 * s["TSTEPS"],
    smooth=True,
    numpy=_numpy,
    flops=lambda s: 6 * s["TSTEPS"] * (s["N"] - 2),
)
