"""smith-waterman: local alignment, H[i, j] = best score of pieces ending at a[i-1] and b[j-1].

H [N1, M1] with a border of zeros, a [N], b [M]; a match earns 2, a mismatch and a gap cost 1.
T. Smith and M. Waterman, Identification of common molecular subsequences (1981).
"""

from __future__ import annotations

import numpy as np

import polyopt as po
from polyopt_kernels._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def smith_waterman(a, b, H):
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = H[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
            gap = max(H[i - 1, j], H[i, j - 1]) - 1
            H[i, j] = max(0, pair, gap)


def _make(sizes: Sizes, dtype: DType = np.int32) -> Arguments:
    n, m = sizes["N"], sizes["M"]
    letters = np.random.default_rng(4).integers(0, 4, n + m)
    a, b = letters[:n].astype(dtype), letters[n:].astype(dtype)
    return a, b, np.zeros((sizes["N1"], sizes["M1"]), dtype)


def _numpy(a: Array, b: Array, H: Array) -> None:
    n, m = len(a), len(b)
    for d in range(2, n + m + 1):  # one antidiagonal after the other
        i = np.arange(max(1, d - m), min(n, d - 1) + 1)
        j = d - i
        pair = H[i - 1, j - 1] + np.where(a[i - 1] == b[j - 1], 2, -1)
        gap = np.maximum(H[i - 1, j], H[i, j - 1]) - 1
        H[i, j] = np.maximum(0, np.maximum(pair, gap))


_N, _M = (40, 180, 600, 4000, 10000), (45, 200, 700, 5000, 12000)
BENCHMARK = Benchmark(
    name="smith-waterman",
    kernel=smith_waterman,
    parameters={"a": ("N",), "b": ("M",), "H": ("N1", "M1")},
    sizes=datasets(
        N=_N,
        M=_M,
        N1=(41, 181, 601, 4001, 10001),
        M1=(46, 201, 701, 5001, 12001),
    ),
    make=_make,
    outputs=("H",),
    reduction_length=lambda _: 1,
    numpy=_numpy,
    flops=lambda s: 6 * s["N"] * s["M"],
    dtype=np.dtype(np.int32),
)
