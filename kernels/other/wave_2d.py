"""wave-2d: the wave equation by leapfrog, with mirroring and absorbing borders; u and v [N, M].

Each step advances v from u and u from v. The first and last row mirror their neighbours; the
first and last column let waves out (Mur's first-order condition, reduced to a mean).
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import (
    COUNT,
    REAL,
    Arguments,
    Array,
    Benchmark,
    DType,
    Sizes,
    datasets,
)


@po.kernel
def wave_2d(tsteps, c, u, v):
    n, m = u.shape
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = (
                    2.0 * u[i, j]
                    - v[i, j]
                    + c * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
                )
        for j in range(1, m - 1):
            v[0, j] = v[1, j]
            v[n - 1, j] = v[n - 2, j]
        for i in range(n):
            v[i, 0] = 0.5 * (u[i, 0] + u[i, 1])
            v[i, m - 1] = 0.5 * (u[i, m - 1] + u[i, m - 2])
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = (
                    2.0 * v[i, j]
                    - u[i, j]
                    + c * (v[i - 1, j] + v[i + 1, j] + v[i, j - 1] + v[i, j + 1] - 4.0 * v[i, j])
                )
        for j in range(1, m - 1):
            u[0, j] = u[1, j]
            u[n - 1, j] = u[n - 2, j]
        for i in range(n):
            u[i, 0] = 0.5 * (v[i, 0] + v[i, 1])
            u[i, m - 1] = 0.5 * (v[i, m - 1] + v[i, m - 2])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n, m = sizes["N"], sizes["M"]
    i, j = np.ogrid[:n, :m]
    pulse = np.exp(-0.02 * ((i - n // 2) ** 2 + (j - m // 3) ** 2)) + i * j % 7 / 70
    return sizes["TSTEPS"], 0.25, pulse.astype(dtype), (0.9 * pulse).astype(dtype)


def _numpy(tsteps: int, c: float, u: Array, v: Array) -> None:
    for _ in range(tsteps):
        for old, new in ((u, v), (v, u)):
            inner = old[1:-1, 1:-1]
            around = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
            new[1:-1, 1:-1] = 2.0 * inner - new[1:-1, 1:-1] + c * (around - 4.0 * inner)
            new[0, 1:-1] = new[1, 1:-1]
            new[-1, 1:-1] = new[-2, 1:-1]
            new[:, 0] = 0.5 * (old[:, 0] + old[:, 1])
            new[:, -1] = 0.5 * (old[:, -1] + old[:, -2])


BENCHMARK = Benchmark(
    name="wave-2d",
    kernel=wave_2d,
    parameters={"tsteps": COUNT, "c": REAL, "u": ("N", "M"), "v": ("N", "M")},
    sizes=datasets(
        TSTEPS=(3, 20, 100, 300, 500), N=(18, 90, 250, 1200, 2600), M=(21, 100, 280, 1400, 3000)
    ),
    make=_make,
    outputs=("u", "v"),
    # A rounding error grows as the waves do: linearly in the number of steps, twice.
    reduction_length=lambda s: 8 * s["TSTEPS"] ** 2,
    numpy=_numpy,
    flops=lambda s: 18 * s["TSTEPS"] * (s["N"] - 2) * (s["M"] - 2),
)
