"""The 30 kernels of PolyBench on PoCL, in both mappings, against the plain Python functions."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

import polyopt as po
import polyopt_kernels as kernels
from polyopt.emit.launches import launches

SIZE = "MINI"
STEPS = ("TSTEPS", "TMAX")
PIECES = 16
"""Groups that a parallel loop of the CPU mapping is cut into."""
SLOW_DEPTH = 3
"""Loops inside one another from which on plain Python takes seconds at the larger sizes."""


@cache
def plain(name: str) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The arguments of a kernel before and after the plain Python function."""
    benchmark = kernels.find(name)
    return results(benchmark, benchmark.sizes[SIZE])


def results(benchmark, sizes):
    before = kernels.roughen(benchmark.make(sizes, benchmark.dtype), benchmark)
    after = copy.deepcopy(before)
    with np.errstate(all="ignore"):
        benchmark.kernel.py_func(*after)
    return before, after


@cache
def strict(name: str, model: str) -> po.Kernel:
    """A kernel for a mapping, compiled once for all tests."""
    return kernels.find(name).kernel.with_options(fp="strict", target=po.OpenCL(model=model))


def assert_same_bits(expected, actual, words=""):
    for argument, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        if isinstance(wanted, np.ndarray):
            words = f"argument {argument}{words}"
            np.testing.assert_array_equal(got, wanted, err_msg=words, strict=True)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", kernels.NAMES)
def test_strict_gives_every_bit_of_plain_python(name, model):
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    strict(name, model)(*actual)
    assert_same_bits(expected, actual)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", kernels.NAMES)
def test_sizes_around_the_tiles(name, model):
    """At sizes of 0, 1, 2 and on both sides of tiles and pieces: the bits of plain Python, and
    where that leaves an array, a refusal."""
    kernel, benchmark = strict(name, model), kernels.find(name)
    spec = kernel.specialize(*benchmark.make(benchmark.sizes[SIZE], benchmark.dtype))
    tiles = {PIECES, *(n for launch in launches(spec.entry.program.host) for n in launch.items)}
    slow = max(len(s.iterators) for s in spec.scop.statements) > SLOW_DEPTH
    for n in sorted({max(t + d, 0) for t in tiles for d in (-1, 0, 1)}):
        if n > PIECES + 1 and slow:
            continue
        sizes = {
            size: 2 if size in STEPS else max(n - number % 2, 0)
            for number, size in enumerate(benchmark.sizes[SIZE])
        }
        try:
            before, expected = results(benchmark, sizes)
        except IndexError:
            with pytest.raises(po.BoundsError):
                kernel(*benchmark.make(sizes, benchmark.dtype))
            continue
        except ZeroDivisionError:
            continue
        actual = copy.deepcopy(before)
        kernel(*actual)
        assert_same_bits(expected, actual, f", sizes {sizes}")


@pytest.mark.parametrize("name", kernels.NAMES)
def test_the_default_stays_within_the_bound(name, model, request):
    if model == "gpu":  # of the CPU mapping, what small loops do is tried too
        request.getfixturevalue("eager")
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    benchmark = kernels.find(name)
    benchmark.kernel.with_options(target=po.OpenCL(model=model))(*actual)
    difference = kernels.compare(expected, actual, benchmark, benchmark.sizes[SIZE])
    assert difference is None, str(difference)
