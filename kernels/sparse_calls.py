"""What scipy.sparse has for the kernels: the routines under `A @ x`.

They are called by their own names, since `A @ x` always makes a new array for its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scipy.sparse import _sparsetools

from ._benchmark import Array


def _spmv(ptr: Array, col: Array, val: Array, x: Array, y: Array) -> None:
    y[:] = 0
    _sparsetools.csr_matvec(len(y), len(x), ptr, col, val, x, y)


def _spmm(ptr: Array, col: Array, val: Array, B: Array, C: Array) -> None:
    C[:] = 0
    n, columns = C.shape
    _sparsetools.csr_matvecs(n, len(B), columns, ptr, col, val, B.ravel(), C.ravel())


def _coo(row: Array, col: Array, val: Array, x: Array, y: Array) -> None:
    _sparsetools.coo_matvec(len(val), row, col, val, x, y)


CALLS: Final[dict[str, Callable[..., None]]] = {"coo": _coo, "spmm": _spmm, "spmv": _spmv}
