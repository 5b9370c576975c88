"""What moves between host and device: nothing that is there already, and no more than is needed."""

import numpy as np
import pyopencl as cl
import pyopencl.array as cl_array
import pytest
import shapes

import polyopt as po
from polyopt.runtime import opencl_data, opencl_device

N = po.symbols("N")


@pytest.fixture(scope="module")
def queue():
    return cl.CommandQueue(cl.Context([opencl_device.handles()[0]]))


@pytest.fixture
def kernel(queue):
    return shapes.elementwise.with_options(target=po.OpenCL(queue=queue))


def expected(x, y):
    return np.sqrt(np.abs(x)) + y * 2.0


X = np.linspace(-1, 1, 300)


def test_device_arrays_stay_there(queue, kernel):
    x, y = cl_array.to_device(queue, X), cl_array.to_device(queue, X + 1)
    out = cl_array.zeros(queue, 300, np.float64)
    kernel(x, y, out)
    np.testing.assert_array_equal(out.get(), expected(X, X + 1))
    host = np.zeros(300)
    kernel(x, X + 1, host)  # beside arrays of the host
    np.testing.assert_array_equal(host, expected(X, X + 1))
    kernel(x * 1, x, out)
    np.testing.assert_array_equal(out.get(), expected(X, X))
    kernel(x, x, out)
    np.testing.assert_array_equal(out.get(), expected(X, X))
    del x, y, out, host
    assert not opencl_data._RESERVED


@pytest.mark.parametrize("offset", [16, 3])
def test_parts_of_device_arrays(queue, kernel, offset):
    x, y = cl_array.to_device(queue, X), cl_array.to_device(queue, X + 1)
    out = cl_array.zeros(queue, 300, np.float64)
    part = slice(offset, offset + 50)
    kernel(x[part], y[part], out[part])
    wanted = np.zeros(300)
    wanted[part] = expected(X, X + 1)[part]
    np.testing.assert_array_equal(out.get(), wanted)


def test_empty_device_arrays(queue, kernel):
    kernel(*(cl_array.zeros(queue, 0, np.float64) for _ in range(3)))


def refused(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_refused_device_arrays(queue, kernel):
    x, y = cl_array.to_device(queue, X), cl_array.to_device(queue, X + 1)
    assert refused(po.ShapeError, lambda: kernel(x[::2], y[:150], y[150:])) == (
        "elementwise: argument x is a strided array on a device, and kernels take whole ones "
        "there: pass x.copy(), and copy it back"
    )
    elsewhere = shapes.elementwise.with_options(target=po.OpenCL())
    assert refused(po.BadArgumentError, lambda: elsewhere(x, y, X.copy())) == (
        "elementwise: argument x belongs to another OpenCL context than the kernel's: give the "
        "kernel target=po.OpenCL(queue=x.queue)"
    )
    host = shapes.elementwise.with_options(target="openmp")
    assert refused(po.DtypeError, lambda: host(x, y, X.copy())) == (
        "elementwise: argument x is an array on an OpenCL device, and the kernel runs on the "
        "host: pass x.get(), or give the kernel target=po.OpenCL(queue=x.queue)"
    )
    for made in (kernel, kernel.with_options(target=po.OpenCL(queue=queue), alias="safe")):
        text = refused(po.AliasError, lambda k=made: k(x[:50], y[:50], x[10:60]))
        assert text.startswith("elementwise: arguments out and x overlap in memory")
    np.testing.assert_array_equal(x.get(), X)


def test_strided_arguments_are_copied_and_copied_back():
    kernel = shapes.stencil.with_options(target="opencl")
    rng = np.random.default_rng(1)
    whole = rng.random((18, 18))
    a, b = np.asfortranarray(rng.random((9, 9))), whole[::2, ::-2]
    wanted, other = a.copy(), b.copy()
    shapes.stencil.py_func(3, wanted, other)
    kernel(3, a, b)
    np.testing.assert_array_equal(a, wanted)
    np.testing.assert_array_equal(b, other)


def test_refused_strided_arguments():
    kernel = shapes.elementwise.with_options(target="opencl")
    x = np.arange(40.0)
    still = x[::2].copy()
    fixed = x[::2]
    fixed.flags.writeable = False
    assert refused(po.BadArgumentError, lambda: kernel(still, still + 1, fixed)).startswith(
        "elementwise: argument out is read-only"
    )
    assert refused(po.AliasError, lambda: kernel(x[:20:2], x[20::2], x[1:11])).startswith(
        "elementwise: arguments out and x overlap in memory"
    )
    twice = np.lib.stride_tricks.as_strided(x, (10, 10), (8, 8))
    stencil = shapes.stencil.with_options(target="opencl")
    assert refused(po.AliasError, lambda: stencil(1, twice, np.zeros((10, 10)))).startswith(
        "stencil: argument A has elements that share memory"
    )
    assert x.tolist() == list(range(40))


@po.kernel(target="opencl")
def chain(x: po.f64[N], made: po.f64[N], part: po.f64[N], total: po.f64[N]):
    for i in range(N):
        made[i] = x[i] * 2.0
    for i in range(1, N):
        part[i] = made[i] + 1.0
    for i in range(N):
        total[i] += made[i]


def test_only_what_matters_is_copied_in():
    buffers = chain.specialize().entry.program.buffers
    assert {b.name: (b.copied_in, b.written) for b in buffers} == {
        "x": (True, False),
        "made": (False, True),
        "part": (True, True),
        "total": (True, True),
    }


def test_calls_on_other_arrays_of_the_same_sizes():
    kernel = shapes.elementwise.with_options(target="opencl")
    for number in range(5):
        x, out = np.full(30, float(number)), np.zeros(30)
        for _ in range(2):
            kernel(x, x + 1, out)
            np.testing.assert_array_equal(out, expected(x, x + 1))
