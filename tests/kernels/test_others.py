"""The programs that are not PolyBench's: Python, plain C, NumPy and compiled code agree."""

from __future__ import annotations

import copy
import inspect
from functools import cache

import numpy as np
import pytest

import polyopt_kernels as kernels
from polyopt_kernels import COUNT, OTHER, REAL, compare, find, load_baseline, roughen

STRICT = ("-O1", "-ffp-contract=off")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("baselines")


@cache
def plain(name):
    """The arguments of a program before and after the plain Python function, at MINI."""
    benchmark = find(name)
    before = roughen(benchmark.make(benchmark.sizes["MINI"], benchmark.dtype), benchmark)
    after = copy.deepcopy(before)
    benchmark.kernel.py_func(*after)
    return before, after


def assert_same_bits(expected, actual):
    for position, (want, have) in enumerate(zip(expected, actual, strict=True)):
        np.testing.assert_array_equal(have, want, err_msg=f"argument {position}", strict=True)


def test_suites_share_no_names():
    assert len(OTHER) >= 10
    suites = {"polybench": kernels.NAMES, "other": OTHER, "sparse": kernels.SPARSE}
    assert suites == kernels.SUITES
    every = [name for names in suites.values() for name in names]
    assert len(set(every)) == len(every)
    assert [each.name for each in kernels.all_benchmarks("other")] == list(OTHER)


@pytest.mark.parametrize("name", OTHER)
def test_parameters_and_outputs_are_described(name):
    benchmark = find(name)
    parameters = inspect.signature(benchmark.kernel.py_func).parameters
    assert list(benchmark.parameters) == list(parameters)
    before, after = plain(name)
    assert benchmark.sizes_of(before) == benchmark.sizes["MINI"]
    for parameter, value in benchmark.named(before).items():
        kind = benchmark.parameters[parameter]
        if kind in (REAL, COUNT):
            assert type(value) is (float if kind == REAL else int)
        else:
            assert (value.dtype, value.flags.c_contiguous) == (benchmark.dtype, True)
    changed = [
        parameter
        for parameter, old, new in zip(benchmark.parameters, before, after, strict=True)
        if isinstance(old, np.ndarray) and not np.array_equal(old, new)
    ]
    assert tuple(changed) == benchmark.outputs
    assert all(np.isfinite(value).all() for value in after)


@pytest.mark.parametrize("name", OTHER)
def test_plain_python_equals_plain_c_bit_for_bit(name, folder):
    benchmark = find(name)
    before, expected = plain(name)
    for constants in (None, benchmark.sizes["MINI"]):
        compiled = load_baseline(benchmark, constants=constants, flags=STRICT, cache=folder)
        actual = copy.deepcopy(before)
        compiled(*actual)
        assert_same_bits(expected, actual)


@pytest.mark.parametrize("name", OTHER)
def test_numpy_version_agrees(name):
    benchmark = find(name)
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    benchmark.numpy(*actual)
    difference = compare(expected, actual, benchmark, benchmark.sizes["MINI"])
    assert difference is None, str(difference)


@pytest.mark.parametrize("name", OTHER)
def test_strict_gives_every_bit_of_plain_python(name):
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    find(name).kernel.with_options(fp="strict", threads=2)(*actual)
    assert_same_bits(expected, actual)


@pytest.mark.parametrize("name", OTHER)
def test_the_default_stays_within_the_bound(name):
    before, expected = plain(name)
    actual = copy.deepcopy(before)
    benchmark = find(name)
    benchmark.kernel.with_options(threads=1)(*actual)
    difference = compare(expected, actual, benchmark, benchmark.sizes["MINI"])
    assert difference is None, str(difference)


@pytest.mark.parametrize("name", OTHER)
def test_a_wrong_result_is_reported(name):
    """An element wrong by a hundredth of the largest is outside the bound."""
    benchmark = find(name)
    _, expected = plain(name)
    for output in benchmark.outputs if benchmark.facts is None else ("A",):
        wrong = copy.deepcopy(expected)
        array = benchmark.named(wrong)[output]
        array.flat[0] += max(1e-2 * np.abs(array).max(), array.dtype.kind == "i")
        assert compare(expected, wrong, benchmark, benchmark.sizes["MINI"]) is not None
