"""Every shape at sizes 0, 1 and around the tiles, in both mappings, bit for bit."""

import copy
import math

import numpy as np
import pytest
import shapes

import polyopt as po

SIZES = (0, 1, 2, 15, 16, 17, 33, 63, 64, 65)
RANDOM = np.random.default_rng(7)


def real(*shape):
    return RANDOM.standard_normal(shape)


def count(*shape):
    return RANDOM.integers(-9, 9, shape)


def arguments(name, n):
    m = max(n - 1, 0)
    return {
        "elementwise": lambda: (real(n), real(n), real(n)),
        "gemm": lambda: (real(n, m), real(n, 5), real(5, m)),
        "stencil": lambda: (3, real(n, n), real(n, n)),
        "triangular": lambda: (real(n, n), real(n), real(n)),
        "wavefront": lambda: (real(n, m),),
        "branches": lambda: (real(n, m), real(n, m), 0.25),
        "integers": lambda: (count(n), count(n), count(n), count(n) > 0),
        "local_arrays": lambda: (real(n, n), real(n)),
    }[name]()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "name",
    ["elementwise", "gemm", "stencil", "triangular", "wavefront", "branches", "integers",
     "local_arrays"],
)  # fmt: skip
def test_every_size(name, model):
    kernel = getattr(shapes, name).with_options(target=po.OpenCL(model=model))
    for n in SIZES:
        before = arguments(name, n)
        expected, actual = copy.deepcopy(before), copy.deepcopy(before)
        with np.errstate(all="ignore"):
            kernel.py_func(*expected)
        kernel(*actual)
        for wanted, got in zip(expected, actual, strict=True):
            np.testing.assert_array_equal(got, wanted, err_msg=f"n = {n}")


@pytest.mark.usefixtures("eager")
def test_sums_stay_within_the_bound(model):
    kernel = shapes.reduction.with_options(target=po.OpenCL(model=model))
    for n in (*SIZES, 5000):
        x, y, out = real(n), real(n), np.zeros(1)
        kernel(x, y, out)
        bound = 8 * np.finfo(float).eps * max(n, 1) * float(np.abs(x * y).sum())
        assert abs(out[0] - float(x @ y)) <= bound


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_are_within_a_few_ulp(dtype, model):
    @po.kernel(target=po.OpenCL(model=model))
    def functions(x, out):
        for i in range(len(x)):
            out[i] = math.exp(x[i]) + math.sin(x[i]) * math.pow(abs(x[i]), 0.3)

    x = np.linspace(-3, 3, 100).astype(dtype)
    out, expected = np.zeros_like(x), np.zeros_like(x)
    functions(x, out)
    functions.py_func(x, expected)
    np.testing.assert_allclose(out, expected, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_integers_of_every_width(dtype, model):
    kernel = shapes.arithmetic.with_options(target=po.OpenCL(model=model))
    limits = np.iinfo(dtype)
    a = RANDOM.integers(limits.min, limits.max, 50, dtype=dtype, endpoint=True)
    b = RANDOM.integers(0, 6, 50, dtype=dtype)
    out, best = np.zeros(50, dtype), np.zeros(1, dtype)
    expected, least = out.copy(), best.copy()
    with np.errstate(all="ignore"):
        kernel.py_func(a, b, expected, least)
    kernel(a, b, out, best)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(best, least)
