"""mandelbrot: how many steps of z = z² + c each pixel of an image stays within |z| <= 2.

count [H, W] for c = re[j] + i im[i]; at most `limit` steps, and each pixel ends by itself.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import COUNT, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def mandelbrot(limit, re, im, count):
    for i in range(len(im)):
        for j in range(len(re)):
            x = 0.0
            y = 0.0
            steps = 0
            for _ in range(limit):
                if x * x + y * y > 4.0:
                    break
                new = x * x - y * y + re[j]
                y = 2.0 * x * y + im[i]
                x = new
                steps += 1
            count[i, j] = steps


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    re = np.linspace(-2.1, 0.7, sizes["W"]).astype(dtype)
    im = np.linspace(-1.2, 1.3, sizes["H"]).astype(dtype)
    return sizes["LIMIT"], re, im, np.zeros((sizes["H"], sizes["W"]), dtype)


def _numpy(limit: int, re: Array, im: Array, count: Array) -> None:
    x, y = np.zeros_like(count), np.zeros_like(count)
    count[:] = 0
    inside = np.ones(count.shape, bool)
    for _ in range(limit):
        inside &= x * x + y * y <= 4.0
        x, y = (
            np.where(inside, x * x - y * y + re, x),
            np.where(inside, 2.0 * x * y + im[:, None], y),
        )
        count += inside


def _growth(sizes: Sizes) -> int:
    """A step multiplies an error by up to 4: some pixels at the edge end a step apart."""
    return int(min(4 ** sizes["LIMIT"], 10**13))


BENCHMARK = Benchmark(
    name="mandelbrot",
    kernel=mandelbrot,
    parameters={"limit": COUNT, "re": ("W",), "im": ("H",), "count": ("H", "W")},
    sizes=datasets(
        LIMIT=(16, 40, 100, 200, 1000), H=(24, 60, 300, 1200, 2400), W=(30, 80, 400, 1600, 3200)
    ),
    make=_make,
    outputs=("count",),
    reduction_length=_growth,
    bound="normwise",
    numpy=_numpy,
)
