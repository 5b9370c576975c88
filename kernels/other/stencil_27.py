"""stencil-27: repeated averages over the 27 neighbours from A to B and back; A and B [N, N, N].

Weights by distance: the centre, 6 faces, 12 edges and 8 corners.
"""

from __future__ import annotations

import itertools

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets

WEIGHTS = (0.4, 0.05, 0.0125, 0.01875)


@po.kernel
def stencil_27(tsteps, A, B):
    n = A.shape[0]
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    B[i, j, k] = (
                        0.4 * A[i, j, k]
                        + 0.05
                        * (
                            A[i - 1, j, k]
                            + A[i, j - 1, k]
                            + A[i, j, k - 1]
                            + A[i, j, k + 1]
                            + A[i, j + 1, k]
                            + A[i + 1, j, k]
                        )
                        + 0.0125
                        * (
                            A[i - 1, j - 1, k]
                            + A[i - 1, j, k - 1]
                            + A[i - 1, j, k + 1]
                            + A[i - 1, j + 1, k]
                            + A[i, j - 1, k - 1]
                            + A[i, j - 1, k + 1]
                            + A[i, j + 1, k - 1]
                            + A[i, j + 1, k + 1]
                            + A[i + 1, j - 1, k]
                            + A[i + 1, j, k - 1]
                            + A[i + 1, j, k + 1]
                            + A[i + 1, j + 1, k]
                        )
                        + 0.01875
                        * (
                            A[i - 1, j - 1, k - 1]
                            + A[i - 1, j - 1, k + 1]
                            + A[i - 1, j + 1, k - 1]
                            + A[i - 1, j + 1, k + 1]
                            + A[i + 1, j - 1, k - 1]
                            + A[i + 1, j - 1, k + 1]
                            + A[i + 1, j + 1, k - 1]
                            + A[i + 1, j + 1, k + 1]
                        )
                    )
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    A[i, j, k] = (
                        0.4 * B[i, j, k]
                        + 0.05
                        * (
                            B[i - 1, j, k]
                            + B[i, j - 1, k]
                            + B[i, j, k - 1]
                            + B[i, j, k + 1]
                            + B[i, j + 1, k]
                            + B[i + 1, j, k]
                        )
                        + 0.0125
                        * (
                            B[i - 1, j - 1, k]
                            + B[i - 1, j, k - 1]
                            + B[i - 1, j, k + 1]
                            + B[i - 1, j + 1, k]
                            + B[i, j - 1, k - 1]
                            + B[i, j - 1, k + 1]
                            + B[i, j + 1, k - 1]
                            + B[i, j + 1, k + 1]
                            + B[i + 1, j - 1, k]
                            + B[i + 1, j, k - 1]
                            + B[i + 1, j, k + 1]
                            + B[i + 1, j + 1, k]
                        )
                        + 0.01875
                        * (
                            B[i - 1, j - 1, k - 1]
                            + B[i - 1, j - 1, k + 1]
                            + B[i - 1, j + 1, k - 1]
                            + B[i - 1, j + 1, k + 1]
                            + B[i + 1, j - 1, k - 1]
                            + B[i + 1, j - 1, k + 1]
                            + B[i + 1, j + 1, k - 1]
                            + B[i + 1, j + 1, k + 1]
                        )
                    )


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j, k = np.ogrid[:n, :n, :n]
    A, B = (i * (j + 2) + 3 * k) % n / n, (i + j * (k + 3)) % n / n
    return sizes["TSTEPS"], A.astype(dtype), B.astype(dtype)


def _numpy(tsteps: int, A: Array, B: Array) -> None:
    n = len(A)
    for _ in range(tsteps):
        for old, new in ((A, B), (B, A)):
            total = np.zeros((n - 2, n - 2, n - 2), A.dtype)
            for shift in itertools.product((0, 1, 2), repeat=3):
                part = old[tuple(slice(s, n - 2 + s) for s in shift)]
                total += WEIGHTS[sum(s != 1 for s in shift)] * part
            new[1:-1, 1:-1, 1:-1] = total


BENCHMARK = Benchmark(
    name="stencil-27",
    kernel=stencil_27,
    parameters={"tsteps": COUNT, "A": ("N", "N", "N"), "B": ("N", "N", "N")},
    sizes=datasets(TSTEPS=(2, 10, 50, 100, 200), N=(9, 20, 40, 120, 200)),
    make=_make,
    outputs=("A", "B"),
    reduction_length=lambda s: 8 * s["TSTEPS"],
    numpy=_numpy,
    flops=lambda s: 60 * s["TSTEPS"] * (s["N"] - 2) ** 3,
)
