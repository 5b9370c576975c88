"""Initial data that several kernels share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._benchmark import Array, DType


def positive_definite(n: int, dtype: DType) -> Array:
    """PolyBench's matrix for factorisations: T Tᵀ, T unit lower triangular, T[i, j] = 1 - j/n.

    Formed in double precision whatever `dtype` is, so that the rounded matrix stays close to a
    positive definite one.
    """
    i, j = np.ogrid[:n, :n]
    T = np.where(j < i, 1.0 - j / n, np.where(j == i, 1.0, 0.0))
    return (T @ T.T).astype(dtype)
