"""Kernels of very many arrays: isl is told what a question is about, not of all sizes at once."""

from __future__ import annotations

import numpy as np
import pytest

import polyopt as po
from polyopt._isl import Frame
from polyopt.model import bounds
from polyopt.model.scop import known_context


def many(count: int) -> po.Kernel:
    """One loop over `count` pairs of arrays."""
    pairs = [f"a{i}[i] = b{i}[i] + {i}.0" for i in range(count)]
    names = ", ".join(f"a{i}, b{i}" for i in range(count))
    body = "\n".join(f"        {line}" for line in pairs)
    return po.kernel_from_text(f"def many(n, {names}):\n    for i in range(n):\n{body}\n")


def pairs(count: int, length: int) -> list[np.ndarray]:
    return [np.full(length, float(i)) for i in range(2 * count)]


def test_sixty_pairs_of_arrays():
    given = pairs(60, 9)
    many(60).with_options(threads=2)(7, *given)
    for number in range(60):
        before = 2.0 * number
        wanted = [2 * number + 1.0 + number] * 7 + [before] * 2
        np.testing.assert_array_equal(given[2 * number], wanted)


def test_each_of_them_is_checked():
    kernel = many(60)
    for short in (0, 61, 119):
        given = pairs(60, 9)
        given[short] = np.ones(6)
        with pytest.raises(po.BoundsError, match=f"{'ab'[short % 2]}{short // 2}\\[i\\]"):
            kernel(7, *given)
        assert all((a == a[0]).all() for a in given)


def crossed(A, B, C, x, y, n, m):
    for i in range(n):
        for j in range(m):
            A[i, j] = B[j, i] + x[i + 1]
    for i in range(A.shape[0]):
        C[i, 2] = x[i] + y[2 * i]
    for i in range(1, C.shape[0] - 1):
        y[i - 1] += C[i + 1, n]


def test_checks_of_a_few_parameters_at_a_time_hold_where_those_of_all_do(monkeypatch):
    f64 = po.f64
    types = f64[..., ...], f64[..., ...], f64[..., ...], f64[...], f64[...], po.i64, po.i64
    scop = po.kernel(crossed).specialize(*types).scop
    known = known_context(scop)
    frame = Frame(scop.parameter_names, None, ())

    def allowed() -> object:
        safe = known
        for check in bounds.checks(scop, known):
            safe = safe.intersect(frame.holds(check.condition))
        return safe

    every = allowed()
    for few in (0, 3, 6):
        monkeypatch.setattr(bounds, "FEW_PARAMETERS", few)
        assert allowed().is_equal(every)
