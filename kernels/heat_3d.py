"""heat-3d: the heat equation by explicit steps from A to B and back; A and B [N, N, N].

PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def heat_3d(tsteps, A, B):
    n = A.shape[0]
    for t in range(1, tsteps + 1):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    B[i, j, k] = (
                        0.125 * (A[i + 1, j, k] - 2.0 * A[i, j, k] + A[i - 1, j, k])
                        + 0.125 * (A[i, j + 1, k] - 2.0 * A[i, j, k] + A[i, j - 1, k])
                        + 0.125 * (A[i, j, k + 1] - 2.0 * A[i, j, k] + A[i, j, k - 1])
                        + A[i, j, k]
                    )
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    A[i, j, k] = (
                        0.125 * (B[i + 1, j, k] - 2.0 * B[i, j, k] + B[i - 1, j, k])
                        + 0.125 * (B[i, j + 1, k] - 2.0 * B[i, j, k] + B[i, j - 1, k])
                        + 0.125 * (B[i, j, k + 1] - 2.0 * B[i, j, k] + B[i, j, k - 1])
                        + B[i, j, k]
                    )


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j, k = np.ogrid[:n, :n, :n]
    A = ((i + j + (n - k)) * 10 / n).astype(dtype)
    return sizes["TSTEPS"], A, A.copy()


def _numpy(tsteps: int, A: Array, B: Array) -> None:
    for _ in range(tsteps):
        for old, new in ((A, B), (B, A)):
            centre = old[1:-1, 1:-1, 1:-1]
            new[1:-1, 1:-1, 1:-1] = (
                0.125 * (old[2:, 1:-1, 1:-1] - 2.0 * centre + old[:-2, 1:-1, 1:-1])
                + 0.125 * (old[1:-1, 2:, 1:-1] - 2.0 * centre + old[1:-1, :-2, 1:-1])
                + 0.125 * (old[1:-1, 1:-1, 2:] - 2.0 * centre + old[1:-1, 1:-1, :-2])
                + centre
            )


BENCHMARK = Benchmark(
    name="heat-3d",
    kernel=heat_3d,
    parameters={"tsteps": COUNT, "A": ("N", "N", "N"), "B": ("N", "N", "N")},
    sizes=datasets(TSTEPS=(20, 40, 100, 500, 1000), N=(10, 20, 40, 120, 200)),
    make=_make,
    outputs=("A", "B"),
    reduction_length=lambda s: 2 * s["TSTEPS"],
    smooth=True,
    numpy=_numpy,
    flops=lambda s: 30 * s["TSTEPS"] * (s["N"] - 2) ** 3,
)
