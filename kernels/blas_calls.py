"""What BLAS and LAPACK, through SciPy, have for the kernels: the calls a person would make.

SciPy's routines expect columns first: a matrix in C's order is handed over transposed, which costs
nothing, and the call is written for the transposed problem.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import get_blas_funcs, lapack

from ._benchmark import Array

Call = Callable[..., None]


def _gemm(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    (gemm,) = get_blas_funcs(("gemm",), (C,))
    gemm(alpha, B.T, A.T, beta=beta, c=C.T, overwrite_c=1)


def _2mm(alpha: float, beta: float, tmp: Array, A: Array, B: Array, C: Array, D: Array) -> None:
    (gemm,) = get_blas_funcs(("gemm",), (D,))
    gemm(alpha, B.T, A.T, c=tmp.T, overwrite_c=1)
    gemm(1.0, C.T, tmp.T, beta=beta, c=D.T, overwrite_c=1)


def _3mm(E: Array, A: Array, B: Array, F: Array, C: Array, D: Array, G: Array) -> None:
    (gemm,) = get_blas_funcs(("gemm",), (G,))
    for out, left, right in ((E, A, B), (F, C, D), (G, E, F)):
        gemm(1.0, right.T, left.T, c=out.T, overwrite_c=1)


def _syrk(alpha: float, beta: float, C: Array, A: Array) -> None:
    (syrk,) = get_blas_funcs(("syrk",), (C,))
    syrk(alpha, A.T, beta=beta, c=C.T, trans=1, lower=0, overwrite_c=1)


def _syr2k(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    (syr2k,) = get_blas_funcs(("syr2k",), (C,))
    syr2k(alpha, A.T, B.T, beta=beta, c=C.T, trans=1, lower=0, overwrite_c=1)


def _symm(alpha: float, beta: float, C: Array, A: Array, B: Array) -> None:
    (symm,) = get_blas_funcs(("symm",), (C,))
    symm(alpha, A.T, B.T, beta=beta, c=C.T, side=1, lower=0, overwrite_c=1)


def _trmm(alpha: float, A: Array, B: Array) -> None:
    (trmm,) = get_blas_funcs(("trmm",), (B,))
    trmm(alpha, A.T, B.T, side=1, lower=0, trans_a=1, diag=1, overwrite_b=1)


def _mvt(x1: Array, x2: Array, y_1: Array, y_2: Array, A: Array) -> None:
    (gemv,) = get_blas_funcs(("gemv",), (A,))
    gemv(1.0, A.T, y_1, beta=1.0, y=x1, trans=1, overwrite_y=1)
    gemv(1.0, A.T, y_2, beta=1.0, y=x2, overwrite_y=1)


def _trisolv(L: Array, x: Array, b: Array) -> None:
    (trsv,) = get_blas_funcs(("trsv",), (L,))
    np.copyto(x, b)
    trsv(L.T, x, lower=0, trans=1, overwrite_x=1)


def _cholesky(A: Array) -> None:
    potrf = lapack.spotrf if A.dtype == np.float32 else lapack.dpotrf
    potrf(A.T, lower=0, clean=0, overwrite_a=1)


def _atax(A: Array, x: Array, y: Array, tmp: Array) -> None:
    (gemv,) = get_blas_funcs(("gemv",), (A,))
    gemv(1.0, A.T, x, y=tmp, trans=1, overwrite_y=1)
    gemv(1.0, A.T, tmp, y=y, overwrite_y=1)


CALLS: dict[str, Call] = {
    "2mm": _2mm,
    "3mm": _3mm,
    "atax": _atax,
    "cholesky": _cholesky,
    "gemm": _gemm,
    "mvt": _mvt,
    "symm": _symm,
    "syr2k": _syr2k,
    "syrk": _syrk,
    "trisolv": _trisolv,
    "trmm": _trmm,
}
