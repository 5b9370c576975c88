"""multigrid: V-cycles of three levels for Poisson's equation; u, f, r [N, N], coarser ones beside.

Each level relaxes by damped Jacobi sweeps, hands its residual down by full weighting, and takes
the correction back by bilinear interpolation (Briggs, A Multigrid Tutorial). N = 2 N2 - 1 and
N2 = 2 N4 - 1, so that every other point of a grid is one of the next coarser.
"""

from __future__ import annotations

import itertools

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


def weighted(centre, near, far):
    return 0.25 * centre + 0.125 * near + 0.0625 * far


@po.kernel
def multigrid(tsteps, u, f, r, u2, f2, r2, u4, f4, r4):
    n, n2, n4 = len(u), len(u2), len(u4)
    assert n == 2 * n2 - 1
    assert n2 == 2 * n4 - 1
    for t in range(tsteps):
        for s in range(2):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    r[i, j] = (
                        f[i, j]
                        + (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                        - 4.0 * u[i, j]
                    )
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    u[i, j] += 0.2 * r[i, j]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                r[i, j] = (
                    f[i, j]
                    + (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                    - 4.0 * u[i, j]
                )
        for i in range(1, n2 - 1):
            for j in range(1, n2 - 1):
                f2[i, j] = 4.0 * weighted(
                    r[2 * i, 2 * j],
                    r[2 * i - 1, 2 * j]
                    + r[2 * i + 1, 2 * j]
                    + r[2 * i, 2 * j - 1]
                    + r[2 * i, 2 * j + 1],
                    r[2 * i - 1, 2 * j - 1]
                    + r[2 * i - 1, 2 * j + 1]
                    + r[2 * i + 1, 2 * j - 1]
                    + r[2 * i + 1, 2 * j + 1],
                )
        for i in range(n2):
            for j in range(n2):
                u2[i, j] = 0.0
        for s in range(2):
            for i in range(1, n2 - 1):
                for j in range(1, n2 - 1):
                    r2[i, j] = (
                        f2[i, j]
                        + (u2[i - 1, j] + u2[i + 1, j] + u2[i, j - 1] + u2[i, j + 1])
                        - 4.0 * u2[i, j]
                    )
            for i in range(1, n2 - 1):
                for j in range(1, n2 - 1):
                    u2[i, j] += 0.2 * r2[i, j]
        for i in range(1, n2 - 1):
            for j in range(1, n2 - 1):
                r2[i, j] = (
                    f2[i, j]
                    + (u2[i - 1, j] + u2[i + 1, j] + u2[i, j - 1] + u2[i, j + 1])
                    - 4.0 * u2[i, j]
                )
        for i in range(1, n4 - 1):
            for j in range(1, n4 - 1):
                f4[i, j] = 4.0 * weighted(
                    r2[2 * i, 2 * j],
                    r2[2 * i - 1, 2 * j]
                    + r2[2 * i + 1, 2 * j]
                    + r2[2 * i, 2 * j - 1]
                    + r2[2 * i, 2 * j + 1],
                    r2[2 * i - 1, 2 * j - 1]
                    + r2[2 * i - 1, 2 * j + 1]
                    + r2[2 * i + 1, 2 * j - 1]
                    + r2[2 * i + 1, 2 * j + 1],
                )
        for i in range(n4):
            for j in range(n4):
                u4[i, j] = 0.0
        for s in range(8):
            for i in range(1, n4 - 1):
                for j in range(1, n4 - 1):
                    r4[i, j] = (
                        f4[i, j]
                        + (u4[i - 1, j] + u4[i + 1, j] + u4[i, j - 1] + u4[i, j + 1])
                        - 4.0 * u4[i, j]
                    )
            for i in range(1, n4 - 1):
                for j in range(1, n4 - 1):
                    u4[i, j] += 0.2 * r4[i, j]
        for i in range(n4 - 1):
            for j in range(n4 - 1):
                u2[2 * i, 2 * j] += u4[i, j]
                u2[2 * i + 1, 2 * j] += 0.5 * (u4[i, j] + u4[i + 1, j])
                u2[2 * i, 2 * j + 1] += 0.5 * (u4[i, j] + u4[i, j + 1])
                u2[2 * i + 1, 2 * j + 1] += 0.25 * (
                    u4[i, j] + u4[i + 1, j] + u4[i, j + 1] + u4[i + 1, j + 1]
                )
        for s in range(2):
            for i in range(1, n2 - 1):
                for j in range(1, n2 - 1):
                    r2[i, j] = (
                        f2[i, j]
                        + (u2[i - 1, j] + u2[i + 1, j] + u2[i, j - 1] + u2[i, j + 1])
                        - 4.0 * u2[i, j]
                    )
            for i in range(1, n2 - 1):
                for j in range(1, n2 - 1):
                    u2[i, j] += 0.2 * r2[i, j]
        for i in range(n2 - 1):
            for j in range(n2 - 1):
                u[2 * i, 2 * j] += u2[i, j]
                u[2 * i + 1, 2 * j] += 0.5 * (u2[i, j] + u2[i + 1, j])
                u[2 * i, 2 * j + 1] += 0.5 * (u2[i, j] + u2[i, j + 1])
                u[2 * i + 1, 2 * j + 1] += 0.25 * (
                    u2[i, j] + u2[i + 1, j] + u2[i, j + 1] + u2[i + 1, j + 1]
                )
        for s in range(2):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    r[i, j] = (
                        f[i, j]
                        + (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                        - 4.0 * u[i, j]
                    )
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    u[i, j] += 0.2 * r[i, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    f = (i * (j + 3) + 5) % 17 / 17 - 0.5
    zeros = [np.zeros((sizes[name],) * 2, dtype) for name in ("N", "N2", "N4") for _ in range(3)]
    zeros[1] = f.astype(dtype)
    return sizes["TSTEPS"], *zeros


def _relax(u: Array, f: Array, r: Array, sweeps: int) -> None:
    for _ in range(sweeps):
        _residual(u, f, r)
        u[1:-1, 1:-1] += 0.2 * r[1:-1, 1:-1]


def _residual(u: Array, f: Array, r: Array) -> None:
    around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
    r[1:-1, 1:-1] = f[1:-1, 1:-1] + around - 4.0 * u[1:-1, 1:-1]


def _down(r: Array, f: Array) -> None:
    rows = 0.25 * r[1:-3:2] + 0.5 * r[2:-2:2] + 0.25 * r[3:-1:2]
    f[1:-1, 1:-1] = rows[:, 1:-3:2] + 2.0 * rows[:, 2:-2:2] + rows[:, 3:-1:2]


def _up(coarse: Array, u: Array) -> None:
    rows = 0.5 * (coarse[:-1] + coarse[1:])
    u[:-2:2, :-2:2] += coarse[:-1, :-1]
    u[1:-1:2, :-2:2] += rows[:, :-1]
    u[:-2:2, 1:-1:2] += 0.5 * (coarse[:-1, :-1] + coarse[:-1, 1:])
    u[1:-1:2, 1:-1:2] += 0.5 * (rows[:, :-1] + rows[:, 1:])


def _numpy(tsteps: int, *arrays: Array) -> None:
    levels = [arrays[first : first + 3] for first in (0, 3, 6)]
    for _ in range(tsteps):
        for (u, f, r), (below, g, _) in itertools.pairwise(levels):
            _relax(u, f, r, 2)
            _residual(u, f, r)
            _down(r, g)
            below[:] = 0.0
        _relax(*levels[2], 8)
        for (u, f, r), (below, _, _) in ((levels[1], levels[2]), (levels[0], levels[1])):
            _up(below, u)
            _relax(u, f, r, 2)


BENCHMARK = Benchmark(
    name="multigrid",
    kernel=multigrid,
    parameters={
        "tsteps": COUNT,
        **dict.fromkeys(("u", "f", "r"), ("N", "N")),
        **dict.fromkeys(("u2", "f2", "r2"), ("N2", "N2")),
        **dict.fromkeys(("u4", "f4", "r4"), ("N4", "N4")),
    },
    sizes=datasets(
        TSTEPS=(2, 5, 10, 20, 20),
        N=(17, 65, 257, 1025, 2049),
        N2=(9, 33, 129, 513, 1025),
        N4=(5, 17, 65, 257, 513),
    ),
    make=_make,
    outputs=("u", "r", "u2", "f2", "r2", "u4", "f4", "r4"),
    reduction_length=lambda s: 200 * s["TSTEPS"],
    numpy=_numpy,
    flops=lambda s: 46 * s["TSTEPS"] * s["N"] ** 2,
)
