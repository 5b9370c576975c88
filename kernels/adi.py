"""adi: the heat equation on u [N, N] by alternating direction implicit steps.

v [N, N] holds the half step; p and q [N, N] the coefficients of the tridiagonal solves.
PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def adi(tsteps, u, v, p, q):
    n = u.shape[0]
    DX = 1.0 / n
    DY = 1.0 / n
    DT = 1.0 / tsteps
    B1 = 2.0
    B2 = 1.0
    mul1 = B1 * DT / (DX * DX)
    mul2 = B2 * DT / (DY * DY)
    a = -mul1 / 2.0
    b = 1.0 + mul1
    c = a
    d = -mul2 / 2.0
    e = 1.0 + mul2
    f = d
    for t in range(1, tsteps + 1):
        for i in range(1, n - 1):
            v[0, i] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = v[0, i]
            for j in range(1, n - 1):
                p[i, j] = -c / (a * p[i, j - 1] + b)
                q[i, j] = (
                    -d * u[j, i - 1] + (1.0 + 2.0 * d) * u[j, i] - f * u[j, i + 1] - a * q[i, j - 1]
                ) / (a * p[i, j - 1] + b)
            v[n - 1, i] = 1.0
            for j in range(n - 2, 0, -1):
                v[j, i] = p[i, j] * v[j + 1, i] + q[i, j]
        for i in range(1, n - 1):
            u[i, 0] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = u[i, 0]
            for j in range(1, n - 1):
                p[i, j] = -f / (d * p[i, j - 1] + e)
                q[i, j] = (
                    -a * v[i - 1, j] + (1.0 + 2.0 * a) * v[i, j] - c * v[i + 1, j] - d * q[i, j - 1]
                ) / (d * p[i, j - 1] + e)
            u[i, n - 1] = 1.0
            for j in range(n - 2, 0, -1):
                u[i, j] = p[i, j] * u[i, j + 1] + q[i, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    u = (i + n - j) / n
    return sizes["TSTEPS"], u.astype(dtype), *(np.zeros((n, n), dtype) for _ in range(3))


def _numpy(tsteps: int, u: Array, v: Array, p: Array, q: Array) -> None:
    n = len(u)
    first = -1.0 / tsteps * n * n
    second = first / 2.0
    for _ in range(tsteps):
        _solve(first, second, u, v.T, p, q)
        _solve(second, first, v.T, u, p, q)


def _solve(implicit: float, explicit: float, old: Array, new: Array, p: Array, q: Array) -> None:
    """One half step: the tridiagonal systems along the rows of `new`, all rows at once."""
    inner, last = slice(1, -1), new.shape[1] - 1
    new[inner, 0] = new[inner, last] = 1.0
    p[inner, 0], q[inner, 0] = 0.0, 1.0
    for j in range(1, last):
        pivot = implicit * p[inner, j - 1] + (1.0 - 2.0 * implicit)
        right = (1.0 + 2.0 * explicit) * old[j, inner] - explicit * (old[j, :-2] + old[j, 2:])
        p[inner, j] = -implicit / pivot
        q[inner, j] = (right - implicit * q[inner, j - 1]) / pivot
    for j in range(last - 1, 0, -1):
        new[inner, j] = p[inner, j] * new[inner, j + 1] + q[inner, j]


BENCHMARK = Benchmark(
    name="adi",
    kernel=adi,
    parameters={
        "tsteps": COUNT,
        "u": ("N", "N"),
        "v": ("N", "N"),
        "p": ("N", "N"),
        "q": ("N", "N"),
    },
    sizes=datasets(TSTEPS=(20, 40, 100, 500, 1000), N=(20, 60, 200, 1000, 2000)),
    make=_make,
    outputs=("u", "v", "p", "q"),
    reduction_length=lambda s: s["TSTEPS"] + s["N"],
    bound="normwise",
    smooth=True,
    numpy=_numpy,
    flops=lambda s: 30 * s["TSTEPS"] * (s["N"] - 2) ** 2,
)
