"""Schedules written by hand: they are accepted, and compute what the plain loops do."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import polyopt_kernels
import polyopt_kernels.schedules
import pytest

NAMES = [module.name for module in pkgutil.iter_modules(polyopt_kernels.schedules.__path__)]


def schedule_of(name):
    return importlib.import_module(f"polyopt_kernels.schedules.{name}").schedule


@pytest.mark.parametrize("name", NAMES)
def test_same_results(name):
    """At two sizes, that leave partial tiles, and none that is full."""
    benchmark = polyopt_kernels.find(name)
    hand = benchmark.kernel.with_options(schedule=schedule_of(name))
    plain = benchmark.kernel.with_options(schedule="source", target="c", fp="strict")
    for size in ("MINI", "SMALL"):
        expected = benchmark.make(benchmark.sizes[size])
        found = benchmark.make(benchmark.sizes[size])
        plain(*expected)
        hand(*found)
        for a, b in zip(expected, found, strict=True):
            if isinstance(a, np.ndarray):
                np.testing.assert_allclose(b, a, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_only_public_steps(name):
    """The script alone makes the schedule again."""
    benchmark = polyopt_kernels.find(name)
    start = benchmark.kernel.specialize(*benchmark.make(benchmark.sizes["MINI"])).original
    made = schedule_of(name)(start)
    scope = {"spec": type("spec", (), {"original": start})}
    exec(made.script, scope)
    assert scope["s"] == made
