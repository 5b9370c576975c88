"""durbin: the Yule-Walker equations T y = -r by Levinson-Durbin recursion, r and y [N].

PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets

if TYPE_CHECKING:
    from collections.abc import Mapping


@po.kernel
def durbin(r, y):
    n = r.shape[0]
    z = np.empty(n, dtype=r.dtype)
    y[0] = -r[0]
    beta = 1.0
    alpha = -r[0]
    for k in range(1, n):
        beta = (1 - alpha * alpha) * beta
        total = 0.0
        for i in range(k):
            total += r[k - i - 1] * y[i]
        alpha = -(r[k] + total) / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    return (n + 1 - np.arange(n)).astype(dtype), np.zeros(n, dtype)


def _numpy(r: Array, y: Array) -> None:
    y[0] = alpha = -r[0]
    beta = 1.0
    for k in range(1, len(r)):
        beta *= 1 - alpha * alpha
        alpha = -(r[k] + r[k - 1 :: -1] @ y[:k]) / beta
        y[:k] += alpha * y[k - 1 :: -1]
        y[k] = alpha


def _facts(values: Mapping[str, Any]) -> Mapping[str, Array]:
    """The residual of T y = -r, relative to the sizes of its terms.

    PolyBench's T has an off-diagonal of N + 1 beside a diagonal of 1: rounding errors in y are
    magnified by its condition number, 2e5 at N = 400, but the residual stays small.
    """
    r, y = (values[name].astype(np.float64) for name in ("r", "y"))
    i, j = np.ogrid[: len(r), : len(r)]
    T = np.concatenate(([1.0], r[:-1]))[np.abs(i - j)]
    size = np.linalg.norm(T) * np.linalg.norm(y) + np.linalg.norm(r)
    return {"relative residual of y": (T @ y + r) / size}


BENCHMARK = Benchmark(
    name="durbin",
    kernel=durbin,
    parameters={"r": ("N",), "y": ("N",)},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("y",),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    facts=_facts,
    numpy=_numpy,
    flops=lambda s: 2 * s["N"] ** 2,
)
