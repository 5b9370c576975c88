"""What a kernel may call for the compiler's sake alone: in plain Python these change nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def assume(condition: object) -> None:
    """State a condition on sizes inside a kernel: `po.assume(n % 8 == 0)`.

    The analysis uses it, and a call checks it first (AssumptionError). In plain Python, outside
    a kernel or in `py_func`, nothing happens.
    """


def injective(array: NDArray[np.integer]) -> bool:
    """Whether no two elements of an integer array are equal.

    Inside a kernel `po.assume(po.injective(idx))` states it: `y[idx[i]]` and `y[idx[j]]` are then
    different elements for different i and j. A call checks it first (AssumptionError).
    """
    values = np.asarray(array)
    return len(np.unique(values)) == len(values)


def monotone(array: NDArray[np.integer]) -> bool:
    """Whether no element of an integer array is less than the one before.

    Inside a kernel `po.assume(po.monotone(ptr))` states it: the ranges from `ptr[i]` to
    `ptr[i + 1]` then have nothing in common. A call checks it first (AssumptionError).
    """
    values = np.asarray(array)
    return bool(np.all(values[1:] >= values[:-1]))


def within(array: NDArray[np.integer], lower: int, upper: int) -> bool:
    """Whether `lower <= value < upper` holds for every element of an integer array.

    Inside a kernel `po.assume(po.within(idx, 0, h))` states it: `y[idx[i]]` is then no element of
    `y` from `h` on. A call checks it first (AssumptionError).
    """
    values = np.asarray(array)
    return bool(np.all((values >= lower) & (values < upper)))


@contextmanager
def label(name: str) -> Iterator[None]:  # noqa: ARG001  (read from the kernel's source)
    """Name the statements of a `with` block inside a kernel: `with po.label("update"):`."""
    yield
