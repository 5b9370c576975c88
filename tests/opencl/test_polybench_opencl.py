"""The 30 kernels of PolyBench on PoCL, in both mappings, against the plain Python functions."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

import polyopt as po
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


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", kernels.NAMES)
def test_strict_gives_every_bit_of_plain_python(name, model):
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    target = po.OpenCL(model=model)
    kernels.find(name).kernel.with_options(fp="strict", target=target)(*actual)
    for argument, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(got, wanted, err_msg=f"argument {argument}", strict=True)


@pytest.mark.parametrize("name", kernels.NAMES)
def test_the_default_stays_within_the_bound(name):
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    benchmark = kernels.find(name)
    benchmark.kernel.with_options(target="opencl")(*actual)
    difference = kernels.compare(expected, actual, benchmark, benchmark.sizes[SIZE])
    assert difference is None, str(difference)
