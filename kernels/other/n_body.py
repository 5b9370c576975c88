"""n-body: the accelerations of N masses that attract each other, each pair computed twice.

Gravity softened by `soft` (S. Aarseth, Gravitational N-Body Simulations, 2003); all arrays [N].
"""

from __future__ import annotations

import math

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def n_body(soft, mass, x, y, z, ax, ay, az):
    for i in range(len(x)):
        sx = 0.0
        sy = 0.0
        sz = 0.0
        for j in range(len(x)):
            dx = x[j] - x[i]
            dy = y[j] - y[i]
            dz = z[j] - z[i]
            square = dx * dx + dy * dy + dz * dz + soft
            weight = mass[j] / (square * math.sqrt(square))
            sx += dx * weight
            sy += dy * weight
            sz += dz * weight
        ax[i] = sx
        ay[i] = sy
        az[i] = sz


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    make, n = np.random.default_rng(6), sizes["N"]
    mass, x, y, z = (make.random(n).astype(dtype) for _ in range(4))
    return 0.01, mass, x, y, z, *(np.zeros(n, dtype) for _ in range(3))


def _numpy(
    soft: float, mass: Array, x: Array, y: Array, z: Array, ax: Array, ay: Array, az: Array
) -> None:
    for i in range(len(x)):
        dx, dy, dz = x - x[i], y - y[i], z - z[i]
        square = dx * dx + dy * dy + dz * dz + soft
        weight = mass / (square * np.sqrt(square))
        ax[i], ay[i], az[i] = (dx * weight).sum(), (dy * weight).sum(), (dz * weight).sum()


BENCHMARK = Benchmark(
    name="n-body",
    kernel=n_body,
    parameters={
        "soft": REAL,
        **dict.fromkeys(("mass", "x", "y", "z", "ax", "ay", "az"), ("N",)),
    },
    sizes=datasets(N=(40, 120, 1000, 8000, 20000)),
    make=_make,
    outputs=("ax", "ay", "az"),
    reduction_length=lambda s: 8 * s["N"],
    numpy=_numpy,
    flops=lambda s: 20 * s["N"] ** 2,
)
