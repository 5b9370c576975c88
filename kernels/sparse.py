"""Sparse matrices in compressed rows (CSR) and as coordinates (COO); kernels that index by data.

Row i of a CSR matrix has the values `val[k]` in the columns `col[k]`, k from `ptr[i]` to
`ptr[i + 1]`. Every subscript that is read from data is checked before anything is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import polyopt as po

Array = NDArray[Any]


@po.kernel
def spmv(ptr, col, val, x, y):
    """y = A x."""
    for i in range(y.shape[0]):
        y[i] = 0.0
        for k in range(ptr[i], ptr[i + 1]):
            y[i] += val[k] * x[col[k]]


@po.kernel
def spmm(ptr, col, val, B, C):
    """C = A B, with B and C dense: a row of C at a time, its columns side by side."""
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[i, j] = 0.0
        for k in range(ptr[i], ptr[i + 1]):
            for j in range(C.shape[1]):
                C[i, j] += val[k] * B[col[k], j]


@po.kernel
def sddmm(ptr, col, val, A, B, out):
    """out = val * (A B^T), sampled where the sparse matrix has values; A and B hold rows."""
    po.assume(po.monotone(ptr))
    for i in range(A.shape[0]):
        for k in range(ptr[i], ptr[i + 1]):
            out[k] = 0.0
            for j in range(A.shape[1]):
                out[k] += A[i, j] * B[col[k], j]
            out[k] = out[k] * val[k]


@po.kernel
def coo(row, col, val, x, y):
    """y += A x, of entries in any order."""
    for e in range(val.shape[0]):
        y[row[e]] += val[e] * x[col[e]]


@po.kernel
def lower_solve(ptr, col, val, b, x):
    """x of L x = b; the last value of each row is the diagonal's."""
    for i in range(x.shape[0]):
        x[i] = b[i]
        for k in range(ptr[i], ptr[i + 1] - 1):
            x[i] -= val[k] * x[col[k]]
        x[i] = x[i] / val[ptr[i + 1] - 1]


@po.kernel
def histogram(v, low, scale, bins):
    """How many values fall into each bin; those outside of all are left out."""
    for i in range(v.shape[0]):
        b = int((v[i] - low) * scale)
        if v[i] >= low and b < bins.shape[0]:
            bins[b] += 1


def matrix(
    rows: int, columns: int, per_row: int, dtype: DTypeLike = np.float64, seed: int = 0
) -> tuple[Array, Array, Array]:
    """`ptr`, `col`, `val` of a random CSR matrix with rows of different length, `per_row` on
    average, its columns in order within each row."""
    make = np.random.default_rng(seed)
    counts = make.multinomial(rows * per_row, np.full(rows, 1 / max(rows, 1)))
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    col = make.integers(0, columns, ptr[-1]).astype(np.int32)
    for i in range(rows):
        col[ptr[i] : ptr[i + 1]].sort()
    return ptr, col, make.random(int(ptr[-1])).astype(dtype)
