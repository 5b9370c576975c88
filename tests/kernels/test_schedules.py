"""Schedules written by hand compute what the plain functions do, at sizes that fit no tile."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import polyopt_kernels as kernels
from polyopt.bench import catalogue

NAMES = catalogue.with_hand_schedules()
ODD = (1, 2, 3, 17)
CASES = [(name, size) for name in NAMES for size in ("MINI", *ODD)]


def sizes_of(benchmark, size):
    """A data set, or one of a number and its successors, so that no two extents are equal."""
    if isinstance(size, str):
        return benchmark.sizes[size]
    return {name: size + number for number, name in enumerate(benchmark.sizes["MINI"])}


def run(name, size, fp):
    """The arguments after the plain function, and after the schedule on two threads."""
    benchmark = kernels.find(name)
    sizes = sizes_of(benchmark, size)
    expected = kernels.roughen(benchmark.make(sizes, benchmark.dtype), benchmark)
    actual = copy.deepcopy(expected)
    schedule = catalogue.hand_schedule(benchmark)
    with np.errstate(all="ignore"):
        benchmark.kernel.py_func(*expected)
    benchmark.kernel.with_options(fp=fp, threads=2, schedule=schedule)(*actual)
    return expected, actual, benchmark, sizes


def test_there_are_schedules():
    assert NAMES


@pytest.mark.parametrize(("name", "size"), CASES)
def test_strict_gives_every_bit_of_plain_python(name, size):
    expected, actual, *_ = run(name, size, "strict")
    for wanted, got in zip(expected, actual, strict=True):
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize(("name", "size"), CASES)
def test_the_default_stays_within_the_bound(name, size):
    difference = kernels.compare(*run(name, size, "reassociate"))
    assert difference is None, str(difference)


@pytest.mark.parametrize("name", NAMES)
def test_scripts_print_and_replay(name):
    benchmark = kernels.find(name)
    arguments = benchmark.make(benchmark.sizes["MINI"], benchmark.dtype)
    spec = benchmark.kernel.specialize(*arguments)
    made = catalogue.hand_schedule(benchmark)(spec.original)
    scope = {"spec": spec}
    exec(made.script, scope)
    assert scope["s"] == made
