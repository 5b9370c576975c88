"""Kernels, good calls of them, and what refused calls are compared by."""

import numpy as np
import pytest

import polyopt as po
from polyopt.model.types import DTYPES

N, M = po.symbols("N M")


@po.kernel
def axpy(n, a, x, y):
    for i in range(n):
        y[i] += a * x[i]


@po.kernel
def copy(A: po.f64[N, M], B: po.f64[N, M], scale: po.f64 = 1.0):
    for i in range(N):
        for j in range(M):
            B[i, j] = scale * A[i, j]


@po.kernel
def shrink(n: int, narrow: po.i32, flag: bool, A: po.f32[N + 1, 3], b: po.i64[N]):
    for i in range(N):
        b[i] = n + narrow
        A[i, 0] = A[i + 1, 2] + flag


def ones(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


def unaligned(count):
    return np.ones(8 * count + 1, np.uint8)[1:].view(np.float64)


def shared():
    memory = np.arange(10.0)
    return memory[:6], memory[4:]


@po.kernel
def stride_two(n, x, y):
    po.assume(n < 100)
    for i in range(n):
        y[2 * i + 1] = x[n - 1 - i]


NAMES = [str(dtype) for dtype in DTYPES]
TAKEN = f"kernels take arrays of {', '.join(NAMES[:-1])} and {NAMES[-1]}"


def good(kernel):
    """Arguments that a kernel takes, by name."""
    if kernel is axpy:
        return {"n": 3, "a": 1.0, "x": ones(3), "y": ones(3)}
    if kernel is copy:
        return {"A": ones(2, 2), "B": ones(2, 2), "scale": 1.0}
    single, whole = ones(4, 3, dtype=np.float32), ones(3, dtype=np.int64)
    return {"n": 3, "narrow": 4, "flag": True, "A": single, "b": whole}


def read_only(array):
    array.flags.writeable = False
    return array


def refusals(cases):
    """Collects refused calls: a kernel, the error, its exact text, and the arguments."""

    def case(kernel, error, text, *args, **kwargs):
        cases.append(pytest.param(kernel, error, text, args, kwargs, id=f"{len(cases):03}"))

    return case


def bits(values):
    return [(v.shape, v.strides, v.dtype, v.tobytes()) for v in values if isinstance(v, np.ndarray)]


def serve():
    """Good calls, so that C serves the kernels: what it does not take, Python refuses."""
    axpy(3, 1.0, ones(3), ones(3))
    copy(ones(2, 2), ones(2, 2))
    copy(ones(2, 2), ones(2, 2).T)
    copy(ones(2, 2), ones(4, 6)[::2, ::3])
    axpy(3, 1.0, ones(6)[::2], ones(9)[::-3])
    shrink(3, 4, True, ones(4, 3, dtype=np.float32), ones(3, dtype=np.int64))
    stride_two(3, ones(3), ones(6))
    assert all(kernel._table for kernel in (axpy, copy, shrink, stride_two))


def expect_refusal(kernel, error, text, args, kwargs, way):
    """The error, its text, and arguments as they were."""
    given = (*args, *kwargs.values())
    before = bits(given)
    call = kernel if way == "c" else kernel._checked
    with pytest.raises(error) as caught:
        call(*args, **kwargs)
    assert str(caught.value) == text
    assert isinstance(caught.value, po.PolyoptError)
    assert bits(given) == before
