"""covariance: the covariance matrix cov [M, M] of the columns of data [N, M].

data is centred in place, mean [M] holds the columns' means, and float_n is N as a floating-point
number. PolyBench/C 4.2.1, datamining.
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def covariance(float_n, data, cov, mean):
    n, m = data.shape
    for j in range(m):
        mean[j] = 0.0
        for i in range(n):
            mean[j] += data[i, j]
        mean[j] /= float_n
    for i in range(n):
        for j in range(m):
            data[i, j] -= mean[j]
    for i in range(m):
        for j in range(i, m):
            cov[i, j] = 0.0
            for k in range(n):
                cov[i, j] += data[k, i] * data[k, j]
            cov[i, j] /= float_n - 1.0
            cov[j, i] = cov[i, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:n, :m]
    data = i * j / m
    return float(n), data.astype(dtype), np.zeros((m, m), dtype), np.zeros(m, dtype)


def _numpy(float_n: float, data: Array, cov: Array, mean: Array) -> None:
    np.mean(data, axis=0, out=mean)
    data -= mean
    np.matmul(data.T, data, out=cov)
    cov /= float_n - 1.0


BENCHMARK = Benchmark(
    name="covariance",
    kernel=covariance,
    parameters={"float_n": REAL, "data": ("N", "M"), "cov": ("M", "M"), "mean": ("M",)},
    sizes=datasets(M=(28, 80, 240, 1200, 2600), N=(32, 100, 260, 1400, 3000)),
    make=_make,
    outputs=("data", "cov", "mean"),
    reduction_length=lambda s: 2 * s["N"],
    numpy=_numpy,
    flops=lambda s: s["M"] * (s["M"] + 1) // 2 * (2 * s["N"] + 2) + s["M"] * (2 * s["N"] + 1),
)
