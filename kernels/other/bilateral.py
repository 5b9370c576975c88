"""bilateral: an image smoothed among pixels that are near in place and in tone; arrays [H, W].

C. Tomasi and R. Manduchi, Bilateral filtering for gray and color images (1998), with a window of
5 x 5; a border of two pixels stays as it is.
"""

from __future__ import annotations

import math

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def bilateral(space, tone, image, out):
    h, w = image.shape
    for i in range(2, h - 2):
        for j in range(2, w - 2):
            total = 0.0
            norm = 0.0
            for di in range(-2, 3):
                for dj in range(-2, 3):
                    apart = image[i + di, j + dj] - image[i, j]
                    weight = math.exp(-space * (di * di + dj * dj) - tone * apart * apart)
                    total += weight * image[i + di, j + dj]
                    norm += weight
            out[i, j] = total / norm


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    shape = sizes["H"], sizes["W"]
    i, j = np.ogrid[: shape[0], : shape[1]]
    image = ((313 * i + 991 * j) % 256 / 255.0).astype(dtype)
    return 0.2, 8.0, image, np.zeros(shape, dtype)


def _numpy(space: float, tone: float, image: Array, out: Array) -> None:
    h, w = image.shape
    centre = image[2:-2, 2:-2]
    total, norm = np.zeros_like(centre), np.zeros_like(centre)
    for di in range(-2, 3):
        for dj in range(-2, 3):
            other = image[2 + di : h - 2 + di, 2 + dj : w - 2 + dj]
            weight = np.exp(-space * (di * di + dj * dj) - tone * (other - centre) ** 2)
            total += weight * other
            norm += weight
    out[2:-2, 2:-2] = total / norm


BENCHMARK = Benchmark(
    name="bilateral",
    kernel=bilateral,
    parameters={"space": REAL, "tone": REAL, "image": ("H", "W"), "out": ("H", "W")},
    sizes=datasets(H=(14, 60, 300, 1500, 3000), W=(17, 80, 400, 2000, 4000)),
    make=_make,
    outputs=("out",),
    reduction_length=lambda _: 64,
    numpy=_numpy,
    flops=lambda s: 25 * 10 * s["H"] * s["W"],
)
