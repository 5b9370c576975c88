"""Explicit vectors for CPU devices: elements that are read backwards, and what is left of sums."""

import numpy as np
import pytest

import polyopt as po

SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 19, 20, 33]
CPU = po.OpenCL(model="cpu")


@po.kernel
def folded(y, z):
    for i in range(y.shape[0]):
        z[i] = y[i] - 2.0 * y[y.shape[0] - 1 - i]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_elements_that_are_read_backwards(n, dtype):
    kernel = folded.with_options(target=CPU, fp="strict")
    y = np.random.default_rng(n).random(n).astype(dtype)
    z = np.zeros(n, dtype)
    kernel(y, z)
    np.testing.assert_array_equal(z, y - 2 * y[::-1])
    lanes = ").s3210" if dtype is np.float64 else ").s76543210"
    assert lanes in kernel.specialize(y, z).source


@po.kernel
def convolved(x, y, out):
    for k in range(out.shape[0]):
        for i in range(k):
            out[k] += x[k - i - 1] * y[i]


@pytest.mark.parametrize("n", SIZES)
def test_sums_along_what_is_read_backwards(n):
    kernel = convolved.with_options(target=CPU, schedule=lambda s: s.vectorize("i"))
    random = np.random.default_rng(n)
    x, y, out = random.random(n), random.random(n), np.zeros(n)
    kernel(x, y, out)
    expected = [sum(x[k - i - 1] * y[i] for i in range(k)) for k in range(n)]
    np.testing.assert_allclose(out, expected, rtol=1e-13)
    source = kernel.specialize(x, y, out).source
    assert "x[k - i - i_lane - 4]).s3210" in source
    assert "x[k - i - 4]).s3210" in source
