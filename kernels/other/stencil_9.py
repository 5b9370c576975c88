"""stencil-9: repeated nine-point averages from A to B and back; A and B [N, N].

The compact second-order smoother: weights by distance, corners included.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def stencil_9(tsteps, A, B):
    n = A.shape[0]
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = (
                    0.2 * A[i, j]
                    + 0.15 * (A[i - 1, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j])
                    + 0.05 * (A[i - 1, j - 1] + A[i - 1, j + 1] + A[i + 1, j - 1] + A[i + 1, j + 1])
                )
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = (
                    0.2 * B[i, j]
                    + 0.15 * (B[i - 1, j] + B[i, j - 1] + B[i, j + 1] + B[i + 1, j])
                    + 0.05 * (B[i - 1, j - 1] + B[i - 1, j + 1] + B[i + 1, j - 1] + B[i + 1, j + 1])
                )


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    A, B = (i * (j + 2) % n) / n, (i * (j + 3) % n) / n
    return sizes["TSTEPS"], A.astype(dtype), B.astype(dtype)


def _numpy(tsteps: int, A: Array, B: Array) -> None:
    for _ in range(tsteps):
        for old, new in ((A, B), (B, A)):
            rows = old[:-2] + old[2:]
            near = rows[:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
            far = rows[:, :-2] + rows[:, 2:]
            new[1:-1, 1:-1] = 0.2 * old[1:-1, 1:-1] + 0.15 * near + 0.05 * far


BENCHMARK = Benchmark(
    name="stencil-9",
    kernel=stencil_9,
    parameters={"tsteps": COUNT, "A": ("N", "N"), "B": ("N", "N")},
    sizes=datasets(TSTEPS=(3, 20, 100, 300, 500), N=(21, 90, 250, 1300, 2800)),
    make=_make,
    outputs=("A", "B"),
    reduction_length=lambda s: 4 * s["TSTEPS"],
    numpy=_numpy,
    flops=lambda s: 22 * s["TSTEPS"] * (s["N"] - 2) ** 2,
)
