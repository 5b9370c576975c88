"""nussinov: RNA folding, table[i, j] = most base pairs of seq[i..j]; table [N, N], seq [N].

PolyBench keeps seq in bytes; here it has the table's type. PolyBench/C 4.2.1, medley;
R. Nussinov et al., Algorithms for loop matchings (1978).
"""

from __future__ import annotations

import numpy as np

import polyopt as po

from ._benchmark import Arguments, Array, Benchmark, DType, Sizes, datasets


@po.kernel
def nussinov(seq, table):
    n = table.shape[0]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            if j - 1 >= 0:
                table[i, j] = max(table[i, j], table[i, j - 1])
            if i + 1 < n:
                table[i, j] = max(table[i, j], table[i + 1, j])
            if j - 1 >= 0 and i + 1 < n:
                # Neighbours cannot pair.
                if i < j - 1:
                    table[i, j] = max(
                        table[i, j], table[i + 1, j - 1] + (1 if seq[i] + seq[j] == 3 else 0)
                    )
                else:
                    table[i, j] = max(table[i, j], table[i + 1, j - 1])
            for k in range(i + 1, j):
                table[i, j] = max(table[i, j], table[i, k] + table[k + 1, j])


def _make(sizes: Sizes, dtype: DType = np.int32) -> Arguments:
    n = sizes["N"]
    return ((np.arange(n) + 1) % 4).astype(dtype), np.zeros((n, n), dtype)


def _numpy(seq: Array, table: Array) -> None:
    n = len(seq)
    for i in reversed(range(n - 1)):
        row = table[i, i + 1 :]
        pairs = seq[i + 1 :] + seq[i] == 3
        pairs[0] = False
        np.maximum(row, table[i + 1, i + 1 :], out=row)
        np.maximum(row, table[i + 1, i:-1] + pairs, out=row)
        row[0] = max(row[0], table[i, i])
        for k in range(i + 1, n - 1):  # table[i, k] is final: offer it to all that end later
            rest = table[i, k + 1 :]
            np.maximum(rest, table[i, k] + table[k + 1, k + 1 :], out=rest)


BENCHMARK = Benchmark(
    name="nussinov",
    kernel=nussinov,
    parameters={"seq": ("N",), "table": ("N", "N")},
    sizes=datasets(N=(60, 180, 500, 2500, 5500)),
    make=_make,
    outputs=("table",),
    reduction_length=lambda s: s["N"],
    numpy=_numpy,
    flops=lambda s: s["N"] ** 3 // 3,
    dtype=np.dtype(np.int32),
)
