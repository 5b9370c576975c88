"""A program of `programs`, compiled, beside plain Python."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from programs import PROGRAMS

import polyopt as po
from polyopt.emit.c import print_c
from polyopt.emit.target import CTarget

always_parallel = functools.partial(print_c, target=CTarget(parallel_threshold=0))
"""A printer whose loops run on threads however little work they have."""


def compiled(name: str, **options: object) -> po.Kernel:
    """A program as a kernel."""
    return po.kernel(**options)(PROGRAMS[name][0])


def mismatch(name: str, kernel: po.Kernel, size: int, seed: int = 0) -> str:
    """Where the kernel's results differ from plain Python's at a size; "" where they do not.

    Where Python leaves an array, the kernel must refuse the call and change nothing.
    """
    function, make = PROGRAMS[name]
    given = make(size, np.random.default_rng(seed))
    want, got = _copies(given), _copies(given)
    left_array = False
    with np.errstate(all="ignore"):
        try:
            function(*want)
        except IndexError:
            left_array = True
    try:
        kernel(*got)
    except po.BoundsError:
        return _differences(given, got, "strict") if left_array else "BoundsError"
    return "no BoundsError" if left_array else _differences(want, got, kernel.options.fp)


def _copies(values: tuple[Any, ...]) -> list[Any]:
    return [v.copy() if isinstance(v, np.ndarray) else v for v in values]


def _differences(want: Any, got: Any, fp: str) -> str:
    for position, (w, g) in enumerate(zip(want, got, strict=True)):
        if isinstance(w, np.ndarray):
            wrong = ~_equal(w, g, exact=fp == "strict")
            if wrong.any():
                at = tuple(int(k) for k in np.argwhere(wrong)[0])
                return f"argument {position} at {at}: expected {w[at]!r}, got {g[at]!r}"
    return ""


def _equal(want: Any, got: Any, *, exact: bool) -> Any:
    if want.dtype.kind != "f":
        return want == got
    if exact:
        bits = f"u{want.dtype.itemsize}"
        return (want.view(bits) == got.view(bits)) | (np.isnan(want) & np.isnan(got))
    relative = 1e-8 if want.itemsize == 8 else 1e-4
    return np.isclose(want, got, rtol=relative, atol=1e-9, equal_nan=True)
