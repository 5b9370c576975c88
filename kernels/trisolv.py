"""trisolv: solves L x = b by forward substitution, L [N, N] lower triangular.

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
def trisolv(L, x, b):
    n = L.shape[0]
    for i in range(n):
        x[i] = b[i]
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] = x[i] / L[i, i]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    i, j = np.ogrid[:n, :n]
    L = np.tril((i + n - j + 1) * 2 / n)
    return L.astype(dtype), np.full(n, -999, dtype), np.arange(n).astype(dtype)


def _numpy(L: Array, x: Array, b: Array) -> None:
    for i in range(len(L)):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]


def _facts(values: Mapping[str, Any]) -> Mapping[str, Array]:
    """The residual of L x = b, relative to the sizes of its terms.

    Rounding errors in x itself grow faster than N here: each is fed back with weights up to 2.
    """
    L, x, b = (values[name].astype(np.float64) for name in ("L", "x", "b"))
    size = np.linalg.norm(L) * np.linalg.norm(x) + np.linalg.norm(b)
    return {"relative residual of x": (L @ x - b) / size}


BENCHMARK = Benchmark(
    name="trisolv",
    kernel=trisolv,
    parameters={"L": ("N", "N"), "x": ("N",), "b": ("N",)},
    sizes=datasets(N=(40, 120, 400, 2000, 4000)),
    make=_make,
    outputs=("x",),
    reduction_length=lambda s: s["N"],
    bound="normwise",
    facts=_facts,
    numpy=_numpy,
    flops=lambda s: s["N"] ** 2,
)
