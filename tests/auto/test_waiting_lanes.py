"""Loops that end once data say so, in lanes that wait for the last of them to be done."""

from __future__ import annotations

import numpy as np
import pytest

import polyopt as po
from polyopt_kernels import find

VECTOR, MATRIX, INDEX = po.f64[...], po.f64[..., ...], po.i64[...]

escapes = find("mandelbrot").kernel.py_func


def escapes_while(limit, re, im, count):
    for i in range(len(im)):
        for j in range(len(re)):
            x = 0.0
            y = 0.0
            steps = 0
            while steps < limit and x * x + y * y <= 4.0:
                new = x * x - y * y + re[j]
                y = 2.0 * x * y + im[i]
                x = new
                steps += 1
            count[i, j] = steps


def collatz(v, out):
    for i in range(len(v)):
        x = v[i]
        steps = 0
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            steps += 1
        out[i] = steps


@pytest.mark.parametrize("function", [escapes, escapes_while])
def test_pixels_run_in_lanes_until_all_have_ended(function):
    spec = po.kernel(function).specialize(int, VECTOR, VECTOR, MATRIX)
    assert "schedule(dynamic)" in spec.source
    assert "go_some |= go_[lane];" in spec.source
    assert "if (!go_some)" in spec.source


@pytest.mark.parametrize("function", [escapes, escapes_while])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (3, 15), (2, 16), (3, 33)])
def test_lanes_give_what_python_gives(function, shape):
    kernel = po.kernel(fp="strict", threads=2)(function)
    im, re = np.linspace(-1.2, 1.3, shape[0]), np.linspace(-2.1, 0.7, shape[1])
    expected, got = np.zeros(shape), np.zeros(shape)
    function(30, re, im, expected)
    kernel(30, re, im, got)
    assert np.array_equal(expected, got)


def test_what_has_no_vector_instructions_runs_one_after_another():
    spec = po.kernel(collatz).specialize(INDEX, INDEX)
    assert "strip_mine" not in spec.schedule.script
