"""harris: corners of an image by the eigenvalues of its local gradients; all arrays [H, W].

Sobel gradients, their products, sums over 3 x 3 windows, and det - 0.04 trace² (Harris and
Stephens, A combined corner and edge detector, 1988). Single precision.
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


def window(a, b, c, d, e, f, g, h, i):
    return a + b + c + d + e + f + g + h + i


@po.kernel
def harris(image, dx, dy, xx, xy, yy, out):
    h, w = image.shape
    for i in range(1, h - 1):
        for j in range(1, w - 1):
            dx[i, j] = (
                (image[i - 1, j + 1] - image[i - 1, j - 1])
                + 2.0 * (image[i, j + 1] - image[i, j - 1])
                + (image[i + 1, j + 1] - image[i + 1, j - 1])
            ) / 12.0
            dy[i, j] = (
                (image[i + 1, j - 1] - image[i - 1, j - 1])
                + 2.0 * (image[i + 1, j] - image[i - 1, j])
                + (image[i + 1, j + 1] - image[i - 1, j + 1])
            ) / 12.0
    for i in range(1, h - 1):
        for j in range(1, w - 1):
            xx[i, j] = dx[i, j] * dx[i, j]
            xy[i, j] = dx[i, j] * dy[i, j]
            yy[i, j] = dy[i, j] * dy[i, j]
    for i in range(2, h - 2):
        for j in range(2, w - 2):
            a = window(
                xx[i - 1, j - 1],
                xx[i - 1, j],
                xx[i - 1, j + 1],
                xx[i, j - 1],
                xx[i, j],
                xx[i, j + 1],
                xx[i + 1, j - 1],
                xx[i + 1, j],
                xx[i + 1, j + 1],
            )
            b = window(
                xy[i - 1, j - 1],
                xy[i - 1, j],
                xy[i - 1, j + 1],
                xy[i, j - 1],
                xy[i, j],
                xy[i, j + 1],
                xy[i + 1, j - 1],
                xy[i + 1, j],
                xy[i + 1, j + 1],
            )
            c = window(
                yy[i - 1, j - 1],
                yy[i - 1, j],
                yy[i - 1, j + 1],
                yy[i, j - 1],
                yy[i, j],
                yy[i, j + 1],
                yy[i + 1, j - 1],
                yy[i + 1, j],
                yy[i + 1, j + 1],
            )
            out[i, j] = a * c - b * b - 0.04 * ((a + c) * (a + c))


def _make(sizes: Sizes, dtype: DType = np.float32) -> Arguments:
    shape = sizes["H"], sizes["W"]
    i, j = np.ogrid[: shape[0], : shape[1]]
    image = ((i // 5 * 313 + j // 7 * 991) % 256 / 255.0).astype(dtype)
    return image, *(np.zeros(shape, dtype) for _ in range(6))


def _numpy(image: Array, dx: Array, dy: Array, xx: Array, xy: Array, yy: Array, out: Array) -> None:
    inner = (slice(1, -1), slice(1, -1))
    across = image[:, 2:] - image[:, :-2]
    down = image[2:] - image[:-2]
    dx[inner] = (across[:-2] + 2.0 * across[1:-1] + across[2:]) / 12.0
    dy[inner] = (down[:, :-2] + 2.0 * down[:, 1:-1] + down[:, 2:]) / 12.0
    for product, first, second in ((xx, dx, dx), (xy, dx, dy), (yy, dy, dy)):
        product[inner] = first[inner] * second[inner]
    a, b, c = (_windows(product[inner]) for product in (xx, xy, yy))
    out[2:-2, 2:-2] = a * c - b * b - 0.04 * (a + c) ** 2


def _windows(values: Array) -> Array:
    rows = values[:-2] + values[1:-1] + values[2:]
    total: Array = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return total


BENCHMARK = Benchmark(
    name="harris",
    kernel=harris,
    parameters=dict.fromkeys(("image", "dx", "dy", "xx", "xy", "yy", "out"), ("H", "W")),
    sizes=datasets(H=(14, 60, 480, 2048, 4096), W=(17, 80, 640, 2048, 4096)),
    make=_make,
    outputs=("dx", "dy", "xx", "xy", "yy", "out"),
    reduction_length=lambda _: 32,
    numpy=_numpy,
    flops=lambda s: 51 * s["H"] * s["W"],
    dtype=np.dtype(np.float32),
)
