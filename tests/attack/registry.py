"""The register of programs, and what fills their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Make = Callable[[int, np.random.Generator], tuple[Any, ...]]
PROGRAMS: dict[str, tuple[Callable[..., Any], Make]] = {}


def program(make: Make) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function with the maker of its arguments for a size."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS[function.__name__] = (function, make)
        return function

    return register


def whole(r, *shape, dtype="f8", low=-4, high=5):
    """Whole numbers: sums of them are exact in any order."""
    return r.integers(low, high, shape).astype(dtype)


def special(r, *shape, dtype="f8"):
    """Numbers with nan, both zeros and infinities among them."""
    return r.choice([0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 2.5], shape).astype(dtype)


def dominant(r, n):
    """A matrix whose factorisation needs no pivots."""
    return r.random((n, n)) + n * np.eye(n)


def small(n):
    """A size for programs of many loops."""
    return min(n, 7)
