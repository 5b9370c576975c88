"""The suite `sparse`: kernels that index by data, with data, sizes, and what peers make of them.

A matrix has N rows and columns and NNZ values, on average 20 a row; P = N + 1 row pointers. Row
pointers, columns and counts are int32, as scipy.sparse has them; everything else is of the element
type that is measured. Dense matrices have J columns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from . import sparse
from ._benchmark import REAL, Arguments, Array, Benchmark, DType, Sizes, datasets

prange = range
"""The loop that Numba may run on threads; where it compiles a form below, numba.prange."""

_ROWS: Final = (30, 300, 5000, 100_000, 400_000)
_PER_ROW: Final = 20
_CSR: Final = datasets(
    N=_ROWS,
    P=tuple(n + 1 for n in _ROWS),  # type: ignore[arg-type]
    NNZ=tuple(n * _PER_ROW for n in _ROWS),  # type: ignore[arg-type]
)


def _with_columns(j: int) -> dict[str, dict[str, int]]:
    return {name: {**sizes, "J": j} for name, sizes in _CSR.items()}


def _longest(_: Sizes) -> int:
    """More values than any row has: how long a sum may be."""
    return 8 * _PER_ROW


# ---- data ------------------------------------------------------------------------------------


def _csr(sizes: Sizes, dtype: DType) -> tuple[Array, Array, Array]:
    return sparse.matrix(sizes["N"], sizes["N"], _PER_ROW, dtype)


def _dense(rows: int, columns: int, dtype: DType, seed: int) -> Array:
    return np.random.default_rng(seed).random((rows, columns)).astype(dtype)


def _make_spmv(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    n = sizes["N"]
    return *_csr(sizes, dtype), _dense(n, 1, dtype, 1)[:, 0].copy(), np.ones(n, dtype)


def _make_spmm(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    shape = sizes["N"], sizes["J"]
    return *_csr(sizes, dtype), _dense(*shape, dtype, 1), np.ones(shape, dtype)


def _make_sddmm(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    shape = sizes["N"], sizes["J"]
    factors = (_dense(*shape, dtype, seed) for seed in (1, 2))
    return *_csr(sizes, dtype), *factors, np.ones(sizes["NNZ"], dtype)


def _make_coo(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    ptr, col, val = _csr(sizes, dtype)
    order = np.random.default_rng(3).permutation(len(val))
    entries = (_rows(ptr)[order], col[order], val[order])
    n = sizes["N"]
    return *entries, _dense(n, 1, dtype, 1)[:, 0].copy(), np.ones(n, dtype)


def _make_histogram(sizes: Sizes, dtype: DType = np.float64) -> Arguments:
    values = np.random.default_rng(4).random(sizes["N"]).astype(dtype)
    return values, 0.0, float(sizes["B"]), np.zeros(sizes["B"], np.int32)


def _rows(ptr: Array) -> Array:
    """The row of each value."""
    return np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr))


# ---- by NumPy's array operations -------------------------------------------------------------


def _numpy_spmv(ptr: Array, col: Array, val: Array, x: Array, y: Array) -> None:
    y[:] = np.bincount(_rows(ptr), val * x[col], len(y))


def _numpy_sddmm(ptr: Array, col: Array, val: Array, A: Array, B: Array, out: Array) -> None:
    row, step = _rows(ptr), 4096  # the gathered rows of so many values stay in the cache
    for first in range(0, len(out), step):
        part = slice(first, first + step)
        np.einsum("kj,kj->k", A[row[part]], B[col[part]], out=out[part])
    out *= val


def _numpy_coo(row: Array, col: Array, val: Array, x: Array, y: Array) -> None:
    y += np.bincount(row, val * x[col], len(y)).astype(y.dtype)


def _numpy_histogram(v: Array, low: float, scale: float, bins: Array) -> None:
    number = ((v - low) * scale).astype(np.intp)
    bins += np.bincount(number[(v >= low) & (number < len(bins))], minlength=len(bins)).astype(
        bins.dtype
    )


# ---- as a person writes them for Numba -------------------------------------------------------


def _numba_spmv(ptr, col, val, x, y) -> None:
    for i in prange(y.shape[0]):
        total = val.dtype.type(0)
        for k in range(ptr[i], ptr[i + 1]):
            total += val[k] * x[col[k]]
        y[i] = total


def _numba_spmm(ptr, col, val, B, C) -> None:
    for i in prange(C.shape[0]):
        row = C[i]
        row[:] = 0
        for k in range(ptr[i], ptr[i + 1]):
            factor = val[k]
            other = B[col[k]]
            for j in range(row.shape[0]):
                row[j] += factor * other[j]


def _numba_sddmm(ptr, col, val, A, B, out) -> None:
    for i in prange(A.shape[0]):
        for k in range(ptr[i], ptr[i + 1]):
            total = val.dtype.type(0)
            for j in range(A.shape[1]):
                total += A[i, j] * B[col[k], j]
            out[k] = total * val[k]


# ---- the suite -------------------------------------------------------------------------------

_MATRIX: Final = {"ptr": ("P",), "col": ("NNZ",), "val": ("NNZ",)}
_described = partial(Benchmark, reduction_length=_longest, indices=("ptr", "col"))


def _flops(per_value: int) -> Callable[[Sizes], int]:
    return lambda sizes: per_value * sizes["NNZ"] * sizes.get("J", 1)


_COO = {**dict.fromkeys(("row", "col", "val"), ("NNZ",)), "x": ("N",), "y": ("N",)}
BENCHMARKS: Final[dict[str, Benchmark]] = {
    each.name: each
    for each in (
        _described(
            name="coo",
            kernel=sparse.coo,
            parameters=_COO,
            sizes={n: {s: v for s, v in z.items() if s != "P"} for n, z in _CSR.items()},
            make=_make_coo,
            outputs=("y",),
            numpy=_numpy_coo,
            flops=_flops(2),
            indices=("row", "col"),
        ),
        _described(
            name="histogram",
            kernel=sparse.histogram,
            parameters={"v": ("N",), "low": REAL, "scale": REAL, "bins": ("B",)},
            sizes=datasets(N=(50, 500, 50_000, 2_000_000, 20_000_000), B=(8, 16, 64, 256, 1024)),
            make=_make_histogram,
            outputs=("bins",),
            numpy=_numpy_histogram,
            indices=("bins",),
        ),
        _described(
            name="sddmm",
            kernel=sparse.sddmm,
            parameters={**_MATRIX, "A": ("N", "J"), "B": ("N", "J"), "out": ("NNZ",)},
            sizes=_with_columns(64),
            make=_make_sddmm,
            outputs=("out",),
            numpy=_numpy_sddmm,
            numba=_numba_sddmm,
            flops=_flops(2),
        ),
        _described(
            name="spmm",
            kernel=sparse.spmm,
            parameters={**_MATRIX, "B": ("N", "J"), "C": ("N", "J")},
            sizes=_with_columns(64),
            make=_make_spmm,
            outputs=("C",),
            numba=_numba_spmm,
            flops=_flops(2),
        ),
        _described(
            name="spmv",
            kernel=sparse.spmv,
            parameters={**_MATRIX, "x": ("N",), "y": ("N",)},
            sizes=_CSR,
            make=_make_spmv,
            outputs=("y",),
            numpy=_numpy_spmv,
            numba=_numba_spmv,
            flops=_flops(2),
        ),
    )
}
