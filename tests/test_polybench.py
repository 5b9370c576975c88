"""The 30 kernels of PolyBench through the whole pipeline, against the plain Python functions."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

import polyopt_kernels as kernels

SIZE = "MINI"


@cache
def plain(name: str) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The arguments of a kernel before and after the plain Python function."""
    benchmark = kernels.find(name)
    before = kernels.roughen(benchmark.make(benchmark.sizes[SIZE], benchmark.dtype), benchmark)
    after = copy.deepcopy(before)
    benchmark.kernel.py_func(*after)
    return before, after


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", kernels.NAMES)
def test_strict_gives_every_bit_of_plain_python(name: str, threads: int) -> None:
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    kernels.find(name).kernel.with_options(fp="strict", threads=threads)(*actual)
    for argument, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(got, wanted, err_msg=f"argument {argument}", strict=True)


@pytest.mark.parametrize("name", kernels.NAMES)
def test_the_default_stays_within_the_bound(name: str) -> None:
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    benchmark = kernels.find(name)
    benchmark.kernel.with_options(threads=2)(*actual)
    difference = kernels.compare(expected, actual, benchmark, benchmark.sizes[SIZE])
    assert difference is None, str(difference)
