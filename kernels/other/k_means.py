"""k-means: the nearest of K centres for each of N points in D dimensions (Lloyd's assignment).

near [N] are squared distances, label [N] the centres' numbers, of the same type as all arrays.
S. Lloyd, Least squares quantization in PCM (1982).
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def k_means(points, centres, label, near):
    for i in range(points.shape[0]):
        near[i] = 1e30
        label[i] = 0.0
        for k in range(centres.shape[0]):
            distance = 0.0
            for d in range(points.shape[1]):
                apart = points[i, d] - centres[k, d]
                distance += apart * apart
            if distance < near[i]:
                near[i] = distance
                label[i] = k


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    make, n = np.random.default_rng(10), sizes["N"]
    points = make.random((n, sizes["D"])).astype(dtype)
    centres = make.random((sizes["K"], sizes["D"])).astype(dtype)
    return points, centres, np.zeros(n, dtype), np.zeros(n, dtype)


def _numpy(points: Array, centres: Array, label: Array, near: Array) -> None:
    for i, point in enumerate(points):
        distances = ((point - centres) ** 2).sum(axis=1)
        label[i] = distances.argmin()
        near[i] = distances[int(label[i])]


BENCHMARK = Benchmark(
    name="k-means",
    kernel=k_means,
    parameters={"points": ("N", "D"), "centres": ("K", "D"), "label": ("N",), "near": ("N",)},
    sizes=datasets(N=(50, 300, 5000, 100000, 400000), K=(5, 8, 16, 32, 64), D=(3, 8, 16, 16, 32)),
    make=_make,
    outputs=("label", "near"),
    reduction_length=lambda s: s["D"],
    numpy=_numpy,
    flops=lambda s: 3 * s["N"] * s["K"] * s["D"],
)
