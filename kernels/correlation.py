"""correlation: the correlation matrix corr [M, M] of the columns of data [N, M].

data is centred and scaled in place; mean and stddev [M] hold the columns' moments, and float_n is N
as a floating-point number. PolyBench/C 4.2.1, datamining.
"""

from __future__ import annotations

import math

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def correlation(float_n, data, corr, mean, stddev):
    n, m = data.shape
    eps = 0.1
    for j in range(m):
        mean[j] = 0.0
        for i in range(n):
            mean[j] += data[i, j]
        mean[j] /= float_n
    for j in range(m):
        stddev[j] = 0.0
        for i in range(n):
            stddev[j] += (data[i, j] - mean[j]) * (data[i, j] - mean[j])
        stddev[j] /= float_n
        stddev[j] = math.sqrt(stddev[j])
        # A column that hardly varies is left as it is: dividing would blow up its noise.
        stddev[j] = 1.0 if stddev[j] <= eps else stddev[j]
    for i in range(n):
        for j in range(m):
            data[i, j] -= mean[j]
            data[i, j] /= math.sqrt(float_n) * stddev[j]
    for i in range(m - 1):
        corr[i, i] = 1.0
        for j in range(i + 1, m):
            corr[i, j] = 0.0
            for k in range(n):
                corr[i, j] += data[k, i] * data[k, j]
            corr[j, i] = corr[i, j]
    corr[m - 1, m - 1] = 1.0


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:n, :m]
    data = i * j / m + i
    zeros = np.zeros((m, m), dtype)
    return float(n), data.astype(dtype), zeros, np.zeros(m, dtype), np.zeros(m, dtype)


def _numpy(float_n: float, data: Array, corr: Array, mean: Array, stddev: Array) -> None:
    np.mean(data, axis=0, out=mean)
    np.std(data, axis=0, out=stddev)
    stddev[stddev <= 0.1] = 1.0
    data -= mean
    data /= math.sqrt(float_n) * stddev
    np.matmul(data.T, data, out=corr)
    np.fill_diagonal(corr, 1.0)


BENCHMARK = Benchmark(
    name="correlation",
    kernel=correlation,
    parameters={
        "float_n": REAL,
        "data": ("N", "M"),
        "corr": ("M", "M"),
        "mean": ("M",),
        "stddev": ("M",),
    },
    sizes=datasets(M=(28, 80, 240, 1200, 2600), N=(32, 100, 260, 1400, 3000)),
    make=_make,
    outputs=("data", "corr", "mean", "stddev"),
    reduction_length=lambda s: 2 * s["N"],
    bound="normwise",
    numpy=_numpy,
    flops=lambda s: s["M"] * (s["M"] - 1) * s["N"] + s["M"] * (8 * s["N"] + 3),
)
