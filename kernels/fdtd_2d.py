"""fdtd-2d: Maxwell's equations by finite differences in time; ex, ey, hz [NX, NY], fict [TMAX].

fict is the electric field imposed on the first row at each step. PolyBench/C 4.2.1, stencils.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def fdtd_2d(ex, ey, hz, fict):
    tmax = fict.shape[0]
    nx, ny = ex.shape
    for t in range(tmax):
        for j in range(ny):
            ey[0, j] = fict[t]
        for i in range(1, nx):
            for j in range(ny):
                ey[i, j] = ey[i, j] - 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(nx):
            for j in range(1, ny):
                ex[i, j] = ex[i, j] - 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(nx - 1):
            for j in range(ny - 1):
                hz[i, j] = hz[i, j] - 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    nx, ny = sizes["NX"], sizes["NY"]
    i, j = np.ogrid[:nx, :ny]
    ex, ey, hz = i * (j + 1) / nx, i * (j + 2) / ny, i * (j + 3) / nx
    fict = np.arange(sizes["TMAX"]).astype(dtype)
    return ex.astype(dtype), ey.astype(dtype), hz.astype(dtype), fict


def _numpy(ex: Array, ey: Array, hz: Array, fict: Array) -> None:
    for field in fict:
        ey[0] = field
        ey[1:] -= 0.5 * (hz[1:] - hz[:-1])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


BENCHMARK = Benchmark(
    name="fdtd-2d",
    kernel=fdtd_2d,
    parameters={"ex": ("NX", "NY"), "ey": ("NX", "NY"), "hz": ("NX", "NY"), "fict": ("TMAX",)},
    sizes=datasets(
        TMAX=(20, 40, 100, 500, 1000), NX=(20, 60, 200, 1000, 2000), NY=(30, 80, 240, 1200, 2600)
    ),
    make=_make,
    outputs=("ex", "ey", "hz"),
    reduction_length=lambda s: s["TMAX"],
    smooth=True,
    numpy=_numpy,
    flops=lambda s: 11 * s["TMAX"] * s["NX"] * s["NY"],
)
