"""lennard-jones: forces between N atoms closer than a cutoff, in reduced units.

The force of the potential 4 (r^-12 - r^-6) (J. Lennard-Jones, 1931), cut where r² >= `cutoff`;
all arrays [N].
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def lennard_jones(cutoff, x, y, z, fx, fy, fz):
    for i in range(len(x)):
        sx = 0.0
        sy = 0.0
        sz = 0.0
        for j in range(len(x)):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            dz = z[i] - z[j]
            square = dx * dx + dy * dy + dz * dz
            if square < cutoff and square > 0.0:
                near = 1.0 / square
                sixth = near * near * near
                force = 48.0 * near * sixth * (sixth - 0.5)
                sx += dx * force
                sy += dy * force
                sz += dz * force
        fx[i] = sx
        fy[i] = sy
        fz[i] = sz


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    side = int(np.ceil(n ** (1 / 3)))
    places = np.arange(n)
    lattice = np.array([places // side**2, places // side % side, places % side])
    shaken = 1.2 * lattice + np.random.default_rng(8).random((3, n)) * 0.2
    return 6.25, *shaken.astype(dtype), *(np.zeros(n, dtype) for _ in range(3))


def _numpy(cutoff: float, x: Array, y: Array, z: Array, fx: Array, fy: Array, fz: Array) -> None:
    for i in range(len(x)):
        dx, dy, dz = x[i] - x, y[i] - y, z[i] - z
        square = dx * dx + dy * dy + dz * dz
        closer = np.flatnonzero((square < cutoff) & (square > 0.0))
        near = 1.0 / square[closer]
        sixth = near * near * near
        force = 48.0 * near * sixth * (sixth - 0.5)
        for out, delta in ((fx, dx), (fy, dy), (fz, dz)):
            out[i] = (delta[closer] * force).sum()


BENCHMARK = Benchmark(
    name="lennard-jones",
    kernel=lennard_jones,
    parameters={
        "cutoff": REAL,
        **dict.fromkeys(("x", "y", "z", "fx", "fy", "fz"), ("N",)),
    },
    sizes=datasets(N=(40, 120, 1000, 8000, 20000)),
    make=_make,
    outputs=("fx", "fy", "fz"),
    reduction_length=lambda s: 32 * s["N"],
    numpy=_numpy,
    flops=lambda s: 8 * s["N"] ** 2,
)
