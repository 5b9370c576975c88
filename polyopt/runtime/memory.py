"""Which elements of arrays share memory, views with any strides included."""

from __future__ import annotations

from typing import cast

import numpy as np

AnyArray = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

_WORK = 10_000
"""Steps that NumPy's exact test may take; beyond them arrays count as overlapping."""


def unit_dimension(array: AnyArray) -> int | None:
    """None for an array in C's order; else the dimension whose stride is one element, or -1."""
    if array.flags.c_contiguous:
        return None
    size = array.itemsize
    units = [d for d, step in enumerate(array.strides) if step == size and array.shape[d] > 1]
    return units[-1] if units else -1


def overlap(one: object, other: object) -> bool:
    """Whether two arrays share a byte; elements of one may lie between those of the other."""
    a, b = cast("AnyArray", one), cast("AnyArray", other)
    if not np.may_share_memory(a, b):
        return False
    if a.flags.c_contiguous and b.flags.c_contiguous:
        return True
    try:
        return bool(np.shares_memory(a, b, max_work=_WORK))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def overlaps_itself(array: AnyArray) -> bool:
    """Whether two elements of a view may be one.

    Where every dimension steps over all that those with smaller steps reach, they are not.
    Other views, which only `as_strided` makes, are looked at element by element where they are
    small, and count as overlapping where not.
    """
    if array.size <= 1 or array.flags.c_contiguous:
        return False
    reach = array.itemsize - 1
    dims = sorted((abs(step), n) for step, n in zip(array.strides, array.shape, strict=True))
    for step, extent in dims:
        if extent > 1 and step <= reach:
            return not _apart(array)
        reach += step * (extent - 1)
    return False


def _apart(array: AnyArray) -> bool:
    if 0 in array.strides or array.size > _WORK:
        return False
    starts = np.zeros(1, np.int64)
    for step, extent in zip(array.strides, array.shape, strict=True):
        starts = np.add.outer(starts, step * np.arange(extent)).ravel()
    starts.sort()
    return bool(np.all(np.diff(starts) >= array.itemsize))
