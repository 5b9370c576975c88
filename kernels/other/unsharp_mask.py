"""unsharp-mask: an image sharpened where it differs from its blur; all arrays [C, H, W].

A separable blur of five taps, first along columns, then along rows (the pipeline of Mullapudi et
al., PolyMage, 2015). Single precision; a border of two pixels stays as it is.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def unsharp_mask(weight, threshold, image, blurx, blury, out):
    nc, h, w = image.shape
    for c in range(nc):
        for i in range(2, h - 2):
            for j in range(w):
                blurx[c, i, j] = (
                    0.0625 * (image[c, i - 2, j] + image[c, i + 2, j])
                    + 0.25 * (image[c, i - 1, j] + image[c, i + 1, j])
                    + 0.375 * image[c, i, j]
                )
    for c in range(nc):
        for i in range(2, h - 2):
            for j in range(2, w - 2):
                blury[c, i, j] = (
                    0.0625 * (blurx[c, i, j - 2] + blurx[c, i, j + 2])
                    + 0.25 * (blurx[c, i, j - 1] + blurx[c, i, j + 1])
                    + 0.375 * blurx[c, i, j]
                )
    for c in range(nc):
        for i in range(2, h - 2):
            for j in range(2, w - 2):
                sharp = image[c, i, j] * (1.0 + weight) - blury[c, i, j] * weight
                near = abs(image[c, i, j] - blury[c, i, j]) < threshold
                out[c, i, j] = image[c, i, j] if near else sharp


def _make(sizes: Sizes, dtype: DType = np.float32) -> Arguments:
    shape = sizes["C"], sizes["H"], sizes["W"]
    c, i, j = np.ogrid[: shape[0], : shape[1], : shape[2]]
    image = ((313 * i + 991 * j + 71 * c) % 256 / 255.0).astype(dtype)
    return 3.0, 0.05, image, *(np.zeros(shape, dtype) for _ in range(3))


def _numpy(
    weight: float, threshold: float, image: Array, blurx: Array, blury: Array, out: Array
) -> None:
    rows, columns = slice(2, -2), slice(2, -2)
    blurx[:, rows] = (
        0.0625 * (image[:, :-4] + image[:, 4:])
        + 0.25 * (image[:, 1:-3] + image[:, 3:-1])
        + 0.375 * image[:, rows]
    )
    blury[:, rows, columns] = (
        0.0625 * (blurx[:, rows, :-4] + blurx[:, rows, 4:])
        + 0.25 * (blurx[:, rows, 1:-3] + blurx[:, rows, 3:-1])
        + 0.375 * blurx[:, rows, columns]
    )
    old, blur = image[:, rows, columns], blury[:, rows, columns]
    sharp = old * (1.0 + weight) - blur * weight
    out[:, rows, columns] = np.where(np.abs(old - blur) < threshold, old, sharp)


BENCHMARK = Benchmark(
    name="unsharp-mask",
    kernel=unsharp_mask,
    parameters={
        "weight": REAL,
        "threshold": REAL,
        **dict.fromkeys(("image", "blurx", "blury", "out"), ("C", "H", "W")),
    },
    sizes=datasets(C=(3, 3, 3, 3, 3), H=(12, 60, 480, 2048, 4096), W=(14, 80, 640, 2048, 4096)),
    make=_make,
    outputs=("blurx", "blury", "out"),
    reduction_length=lambda _: 64,
    numpy=_numpy,
    flops=lambda s: 20 * s["C"] * s["H"] * s["W"],
    dtype=np.dtype(np.float32),
)
