"""lbm-d2q9: lattice Boltzmann flow with nine velocities; F, G [Q, N, M], Q = 9.

Each step streams every population from its neighbour (F to G) and relaxes it towards equilibrium
(G to F), the BGK operator. The border keeps its populations.
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

VELOCITIES = ((0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1))
CENTRE, NEAR, FAR = 4 / 9, 1 / 9, 1 / 36


def equilibrium(weighted, along, rest):
    return weighted * (rest + along * (3.0 + 4.5 * along))


@po.kernel
def lbm_d2q9(tsteps, omega, F, G):
    q, n, m = F.shape
    assert q == 9
    for t in range(tsteps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                G[0, i, j] = F[0, i, j]
                G[1, i, j] = F[1, i - 1, j]
                G[2, i, j] = F[2, i, j - 1]
                G[3, i, j] = F[3, i + 1, j]
                G[4, i, j] = F[4, i, j + 1]
                G[5, i, j] = F[5, i - 1, j - 1]
                G[6, i, j] = F[6, i + 1, j - 1]
                G[7, i, j] = F[7, i + 1, j + 1]
                G[8, i, j] = F[8, i - 1, j + 1]
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                east = G[1, i, j] + G[5, i, j] + G[8, i, j]
                west = G[3, i, j] + G[6, i, j] + G[7, i, j]
                rho = east + west + G[0, i, j] + G[2, i, j] + G[4, i, j]
                u = (east - west) / rho
                v = (
                    G[2, i, j] + G[5, i, j] + G[6, i, j] - G[4, i, j] - G[7, i, j] - G[8, i, j]
                ) / rho
                rest = 1.0 - 1.5 * (u * u + v * v)
                near = NEAR * rho
                far = FAR * rho
                F[0, i, j] = G[0, i, j] + omega * (CENTRE * rho * rest - G[0, i, j])
                F[1, i, j] = G[1, i, j] + omega * (equilibrium(near, u, rest) - G[1, i, j])
                F[2, i, j] = G[2, i, j] + omega * (equilibrium(near, v, rest) - G[2, i, j])
                F[3, i, j] = G[3, i, j] + omega * (equilibrium(near, -u, rest) - G[3, i, j])
                F[4, i, j] = G[4, i, j] + omega * (equilibrium(near, -v, rest) - G[4, i, j])
                F[5, i, j] = G[5, i, j] + omega * (equilibrium(far, u + v, rest) - G[5, i, j])
                F[6, i, j] = G[6, i, j] + omega * (equilibrium(far, v - u, rest) - G[6, i, j])
                F[7, i, j] = G[7, i, j] + omega * (equilibrium(far, -u - v, rest) - G[7, i, j])
                F[8, i, j] = G[8, i, j] + omega * (equilibrium(far, u - v, rest) - G[8, i, j])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n, m = sizes["N"], sizes["M"]
    i, j = np.ogrid[:n, :m]
    weights = np.array([CENTRE, *[NEAR] * 4, *[FAR] * 4])
    stir = 1 + 0.01 * np.sin(0.3 * i + 0.1 * j + np.arange(9)[:, None, None])
    F = weights[:, None, None] * stir
    return sizes["TSTEPS"], 1.2, F.astype(dtype), np.zeros((9, n, m), dtype)


def _numpy(tsteps: int, omega: float, F: Array, G: Array) -> None:
    _, n, m = F.shape
    weights = (CENTRE, *[NEAR] * 4, *[FAR] * 4)
    inner = (slice(1, -1), slice(1, -1))
    for _ in range(tsteps):
        for q, (x, y) in enumerate(VELOCITIES):
            G[q][inner] = F[q, 1 - x : n - 1 - x, 1 - y : m - 1 - y]
        density = sum(G[q][inner] for q in range(9))
        u, v = (
            sum(velocity[axis] * G[q][inner] for q, velocity in enumerate(VELOCITIES)) / density
            for axis in (0, 1)
        )
        for q, (x, y) in enumerate(VELOCITIES):
            along = x * u + y * v
            rest = 1.0 - 1.5 * (u * u + v * v)
            balance = weights[q] * density * (rest + along * (3.0 + 4.5 * along))
            F[q][inner] = G[q][inner] + omega * (balance - G[q][inner])


BENCHMARK = Benchmark(
    name="lbm-d2q9",
    kernel=lbm_d2q9,
    parameters={"tsteps": COUNT, "omega": REAL, "F": ("Q", "N", "M"), "G": ("Q", "N", "M")},
    sizes=datasets(
        TSTEPS=(3, 20, 50, 100, 200),
        Q=(9, 9, 9, 9, 9),
        N=(9, 40, 100, 500, 1000),
        M=(11, 50, 120, 600, 1200),
    ),
    make=_make,
    outputs=("F", "G"),
    reduction_length=lambda s: 16 * s["TSTEPS"],
    numpy=_numpy,
    flops=lambda s: 96 * s["TSTEPS"] * (s["N"] - 2) * (s["M"] - 2),
)
