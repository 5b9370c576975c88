"""floyd-warshall: all shortest paths of a graph, path [N, N] from edge to path lengths, integers.

PolyBench/C 4.2.1, medley.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def floyd_warshall(path):
    n = path.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                path[i, j] = (
                    path[i, j] if path[i, j] < path[i, k] + path[k, j] else path[i, k] + path[k, j]
                )


def _make(sizes: Sizes, dtype: DType = np.int32) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    missing = ((i + j) % 13 == 0) | ((i + j) % 7 == 0) | ((i + j) % 11 == 0)
    return (np.where(missing, 999, i * j % 7 + 1).astype(dtype),)


def _numpy(path: Array) -> None:
    for k in range(len(path)):
        np.minimum(path, path[:, k, None] + path[k], out=path)


BENCHMARK = Benchmark(
    name="floyd-warshall",
    kernel=floyd_warshall,
    parameters={"path": ("N", "N")},
    sizes=datasets(N=(60, 180, 500, 2800, 5600)),
    make=_make,
    outputs=("path",),
    reduction_length=lambda s: s["N"],
    numpy=_numpy,
    flops=lambda s: 2 * s["N"] ** 3,
    dtype=np.dtype(np.int32),
)
