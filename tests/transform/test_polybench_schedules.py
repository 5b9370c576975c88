"""The automatic schedule of every benchmark, run with every access watched: no element outside
its array or block, no race between iterations of a parallel or vector loop, the plain results."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from run_schedule import run_schedule

from polyopt.machine import Machine
from polyopt.transform.auto import auto
from polyopt_kernels import NAMES, find

MACHINE = Machine("test", 2, 32 * 1024, 1024 * 1024, 32 * 1024 * 1024, 64, 512, fma=True)


@pytest.mark.parametrize("name", NAMES)
def test_watched(name):
    benchmark = find(name)
    sizes = {size: 4 + number for number, size in enumerate(benchmark.sizes["MINI"])}
    arguments = tuple(benchmark.make(sizes | ({"TSTEPS": 2} if "TSTEPS" in sizes else {})))
    original = benchmark.kernel.with_options(fp="reassociate").specialize(*arguments).original
    expected, found = copy.deepcopy(arguments), copy.deepcopy(arguments)
    with np.errstate(all="ignore"):
        benchmark.kernel.py_func(*expected)
    run_schedule(auto(original, machine=MACHINE, threads=2), *found)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
