"""Runs of a kernel beside the plain Python function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def same_as(
    plain: Callable[..., object], kernel: Callable[..., object], given: Sequence[object]
) -> None:
    """Assert that a kernel leaves its arguments exactly as the plain function leaves them."""
    expected = [np.copy(a) if isinstance(a, np.ndarray) else a for a in given]
    plain(*expected)
    kernel(*given)
    for number, (found, wanted) in enumerate(zip(given, expected, strict=True)):
        words = f"argument {number}, of shapes {[np.shape(a) for a in given]}"
        np.testing.assert_array_equal(found, wanted, words, strict=True)
