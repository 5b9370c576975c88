"""gramschmidt: A = Q R by the modified Gram-Schmidt process; A and Q [M, N], R [N, N].

A is left with each column as it was just before its normalisation.
PolyBench/C 4.2.1, linear-algebra/solvers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets

if TYPE_CHECKING:
    from collections.abc import Mapping


@po.kernel
def gramschmidt(A, R, Q):
    m, n = A.shape
    for k in range(n):
        nrm = 0.0
        for i in range(m):
            nrm += A[i, k] * A[i, k]
        R[k, k] = math.sqrt(nrm)
        for i in range(m):
            Q[i, k] = A[i, k] / R[k, k]
        for j in range(k + 1, n):
            R[k, j] = 0.0
            for i in range(m):
                R[k, j] += Q[i, k] * A[i, j]
            for i in range(m):
                A[i, j] = A[i, j] - Q[i, k] * R[k, j]


def _make(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    m, n = sizes["M"], sizes["N"]
    i, j = np.ogrid[:m, :n]
    A = i * j % m / m * 100 + 10
    return A.astype(dtype), np.zeros((n, n), dtype), np.zeros((m, n), dtype)


def _numpy(A: Array, R: Array, Q: Array) -> None:
    for k in range(A.shape[1]):
        R[k, k] = math.sqrt(A[:, k] @ A[:, k])
        Q[:, k] = A[:, k] / R[k, k]
        R[k, k + 1 :] = Q[:, k] @ A[:, k + 1 :]
        A[:, k + 1 :] -= np.outer(Q[:, k], R[k, k + 1 :])


def _facts(values: Mapping[str, Any]) -> Mapping[str, Array]:
    """What rounding cannot change much.

    PolyBench's matrix is rank deficient (its columns repeat with period M, and N > M), so most
    columns of Q are normalised rounding noise that any reordering changes. Whatever the rank, Q R
    is A up to rounding (Björck 1967), Q has unit columns, R is upper triangular, and the columns
    left in A are those of Q times R's diagonal.
    """
    A, R, Q = (values[name].astype(np.float64) for name in ("A", "R", "Q"))
    return {
        "Q @ R": Q @ R,
        "norms of Q's columns": np.linalg.norm(Q, axis=0),
        "R below the diagonal": np.tril(R, -1),
        "A / diag(R) - Q": A / np.diag(R) - Q,
    }


BENCHMARK = Benchmark(
    name="gramschmidt",
    kernel=gramschmidt,
    parameters={"A": ("M", "N"), "R": ("N", "N"), "Q": ("M", "N")},
    sizes=datasets(M=(20, 60, 200, 1000, 2000), N=(30, 80, 240, 1200, 2600)),
    make=_make,
    outputs=("A", "R", "Q"),
    reduction_length=lambda s: s["M"],
    bound="normwise",
    facts=_facts,
    numpy=_numpy,
    flops=lambda s: 2 * s["M"] * s["N"] ** 2 + s["M"] * s["N"],
)
