"""Kernels on complex numbers, compiled, against plain Python on NumPy's scalars, bit for bit."""

import itertools

import numpy as np
import pytest
from lines_of_elements import of_lines

import polyopt as po
from polyopt.errors import DtypeError, TargetUnavailableError, UnsupportedSyntaxError
from polyopt.frontend.promotion import WEAK_BOOL, WEAK_COMPLEX, WEAK_FLOAT, WEAK_INT, join
from polyopt.model.types import DTYPES, ScalarType, from_numpy

N = po.symbols("N")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 1e30, -1e-30, np.inf, -np.inf, np.nan]
BOTH = pytest.mark.parametrize("dtype", [np.complex128, np.complex64])


def parts(array):
    """The bits of an array, part by part, one pattern for every nan."""
    array = np.atleast_1d(np.ascontiguousarray(array))
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype)
    if array.dtype.kind != "f":
        return array
    one = np.where(np.isnan(array), np.full_like(array, np.nan), array)
    return one.view(f"u{array.dtype.itemsize}")


def same(function, *arguments, **options):
    expected = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    kernel = po.kernel(function, cache=False, **options)
    with np.errstate(all="ignore"):
        wanted = function(*expected)
        found = kernel(*arguments)
    assert type(found) is type(wanted)
    for a, b in zip((*arguments, found), (*expected, wanted), strict=True):
        if isinstance(a, np.ndarray | np.generic | complex):
            assert np.argwhere(parts(a) != parts(b)).tolist() == []


def check(expressions, *arrays, dtype, **options):
    """Expressions of these arrays' elements are the same in a kernel."""
    function = of_lines(expressions, ", ".join(("A", "B")[: len(arrays)]))
    same(function, *arrays, np.zeros((len(expressions), len(arrays[0])), dtype), **options)


def pairs(dtype):
    """Pairs of numbers: every two of special parts, and random ones."""
    special = [complex(a, b) for a, b in itertools.product(SPECIAL, repeat=2)]
    special += [complex(np.nan, -0.0), complex(-0.0, 7)]
    A, B = np.array(list(itertools.product(special, repeat=2))).T
    rng = np.random.default_rng(1)
    more = rng.standard_normal((2, 4, 500)) * 2.0 ** rng.integers(-40, 40, (2, 4, 500))
    with np.errstate(all="ignore"):
        A = np.concatenate([A, more[0, 0] + 1j * more[0, 1]]).astype(dtype)
        B = np.concatenate([B, more[1, 0] + 1j * more[1, 1]]).astype(dtype)
    return A, B


OPERATIONS = [
    "A[i] + B[i]", "A[i] - B[i]", "A[i] * B[i]", "A[i] / B[i]", "-A[i]", "A[i] * B[i] + A[i]",
    "A[i] + 1j", "A[i] * 1j", "A[i] * 0.1", "2 * A[i] - 1", "1 / A[i]", "A[i] / (1 - 2j)",
    "A[i] + A[i].real", "A[i] * B[i].imag", "A[i].conjugate() * B[i]", "np.conj(A[i])", "A[i] ** 2",
    "A[i] ** 3", "A[i] ** -1", "A[i] ** 7", "A[i] ** -5", "A[i] ** 0", "A[i] + i",
    "A[i] if A[i] == B[i] else -B[i]", "A[i] if A[i] != B[i] else -B[i]", "A[i] if A[i] else B[i]",
    "np.where(A[i].real < B[i].imag, A[i], B[i])", "complex(A[i].real, B[i].imag) * A[i]",
    "np.complex64(A[i])", "po.c128(A[i].imag) * B[i]", "A[i] * np.float32(0.3)", "+A[i] + 2j * 3j",
]  # fmt: skip
REAL = ["A[i].real", "A[i].imag", "abs(A[i])", "A[i].real + np.imag(B[i])", "A[i] == B[i]",
        "A[i] != B[i]", "np.isnan(A[i])", "np.isinf(A[i])", "np.isfinite(A[i])"]  # fmt: skip


@BOTH
def test_operators_are_those_of_numpys_scalars(dtype):
    A, B = pairs(dtype)
    check(OPERATIONS, A, B, dtype=np.complex128, fp="strict")
    check(OPERATIONS[:8], A, B, dtype=dtype, fp="strict")
    check(REAL, A, B, dtype=np.float64, fp="strict")


@BOTH
def test_functions_are_libms(dtype):
    A, B = pairs(dtype)
    names = ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
    check([*(f"np.{n}(A[i])" for n in names), "A[i] ** B[i]", "A[i] ** 0.5"], A, B, dtype=dtype,
          fp="strict")  # fmt: skip
    finite = A[np.isfinite(A)]
    for name in ("angle", "abs"):
        found = np.zeros((1, len(finite)), finite.real.dtype)
        po.kernel(of_lines([f"np.{name}(A[i])"], "A"), cache=False, fp="strict")(finite, found)
        wanted = getattr(np, name)(finite)
        np.testing.assert_array_max_ulp(found[0], wanted, 4)


@pytest.mark.parametrize("other", [*"bhiqBHIQ?efdFD"])
def test_complex_numbers_beside_other_types(other):
    rng = np.random.default_rng(2)
    B = (rng.standard_normal(50) * 10).astype(other)
    for dtype in (np.complex128, np.complex64):
        A = pairs(dtype)[0][::300].copy()[:50]
        rows = ["A[i] * B[i]", "B[i] - A[i]", "B[i] * 1j", "A[i] / (B[i] + 2j)"]
        check(rows, A, B, dtype=np.complex128, fp="strict")
        if other not in "FD":
            check(["B[i]"], B, B, dtype=dtype, fp="strict")


def axpy(a, x, y):
    for i in range(len(x)):
        y[i] = a * x[i] + y[i]


def dot(x, y):
    s = 0j
    for i in range(len(x)):
        s += x[i].conjugate() * y[i]
    return s


def product(C, A, B):
    n, m = C.shape
    for i in range(n):
        for j in range(m):
            C[i, j] = 0
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


def mandelbrot(n, c, out):
    t = np.zeros(n, dtype=np.complex128)
    for i in range(n):
        z = 0j
        for _ in range(20):
            if abs(z) <= 2:
                z = z * z + c[i]
                out[i] += 1
        t[i] = z
    return t


def numbers(*shape, dtype=np.complex128, seed=3):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


@BOTH
def test_scalar_arguments_weak_and_strong(dtype):
    x, y = numbers(40, dtype=dtype), numbers(40, dtype=dtype, seed=4)
    for a in (0.3 - 2j, 1.5, 2, True, dtype(1 + 1j), np.float32(0.1), np.float16(0.1)):
        same(axpy, a, x, y.copy(), fp="strict")
    same(axpy, 2.5, x, y[::-1], fp="strict")
    both = numbers(2, 40, dtype=dtype)
    same(axpy, 1j, both.T[:, 0], both.T[:, 1], fp="strict")


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_sums_products_and_results(fp):
    x, y = numbers(20000), numbers(20000, seed=5)
    if fp == "strict":
        same(dot, x, y, fp=fp)
        same(mandelbrot, 300, numbers(300), np.zeros(300, np.int64), fp=fp)
        same(product, numbers(9, 7), numbers(9, 30), numbers(30, 7), fp=fp)
        return
    for threads in (1, 2):
        kernel = po.kernel(dot, cache=False, threads=threads)
        found = kernel(x, y)
        assert type(found) is np.complex128
        assert abs(found - np.vdot(x, y)) < 1e-10
        assert kernel(x, y) == found
    C, A, B = numbers(70, 50), numbers(70, 60), numbers(60, 50)
    po.kernel(product, cache=False)(C, A, B)
    assert np.max(np.abs(C - A @ B)) < 1e-12
    assert po.check(po.kernel(product, cache=False), C, A, B)


def test_results_and_annotations():
    @po.kernel(cache=False)
    def scaled(a: complex, b: po.c64, x: po.c64[N], y: po.c128[N]):
        for i in range(N):
            y[i] = a * x[i] + b

    x, y = numbers(4, dtype=np.complex64), np.zeros(4, complex)
    scaled(2, np.complex64(1), x, y)
    assert y.tolist() == (2 * x + np.complex64(1)).tolist()
    with pytest.raises(DtypeError, match=r"b is a c128 \(.*\), and it is declared c64: pass"):
        scaled(2, np.complex128(1), x, y)
    with pytest.raises(DtypeError, match=r"x is an array of c128, and it is declared c64\[N\]"):
        scaled(2, np.complex64(1), y, y.copy())
    real = po.kernel(axpy, cache=False)
    with pytest.raises(UnsupportedSyntaxError, match="a complex number becomes no f64"):
        real(1j, np.ones(2), np.ones(2))


def test_opencl_refuses_them_before_anything_is_touched():
    y = numbers(5)
    before = y.copy()
    with pytest.raises(TargetUnavailableError, match="is complex, and OpenCL C has no complex"):
        po.kernel(axpy, cache=False, target="opencl")(2.0, numbers(5), y)
    assert (y == before).all()


REFUSED = {
    "A[i] < B[i]": "complex numbers have no order, and < compares them",
    "min(A[i], B[i])": "complex numbers have no order, and min compares them",
    "A[i] // B[i]": "complex numbers have no //",
    "A[i] % 2": "complex numbers have no %",
    "float(A[i])": "a complex number becomes no f64: its imaginary part would be lost",
    "int(A[i])": "a complex number becomes no i64: its imaginary part would be lost",
    "np.cbrt(A[i])": r"np\.cbrt of complex numbers is not part of the kernel language",
    "np.maximum(A[i], B[i])": r"np\.maximum of complex numbers is not part",
    "np.sign(A[i])": r"np\.sign of complex numbers is not part",
    "complex(i) / complex(i, 2)": "NumPy rounds it otherwise",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_refused(expression):
    with pytest.raises(UnsupportedSyntaxError, match=REFUSED[expression]):
        po.kernel(of_lines([expression]))(numbers(3), numbers(3), np.zeros((1, 3), complex))


def assigns_a_part(A):
    for i in range(len(A)):
        A[i].real = 1.0


def test_parts_are_not_assigned():
    with pytest.raises(UnsupportedSyntaxError, match=r"A\[i\]\.real is assigned, and a kernel"):
        po.kernel(assigns_a_part)(numbers(3))


STRONG = [ScalarType(dtype, weak=False) for dtype in DTYPES]
WEAK = (WEAK_BOOL, WEAK_INT, WEAK_FLOAT, WEAK_COMPLEX)


def test_types_join_as_in_numpy():
    for one, other in itertools.product(STRONG, repeat=2):
        wanted = np.result_type(one.dtype.numpy, other.dtype.numpy)
        assert join((one, other)) == ScalarType(from_numpy(wanted), weak=False)
    for strong, (value, weak) in itertools.product(
        STRONG, zip((1, 1.5, 1j), WEAK[1:], strict=True)
    ):
        wanted = np.result_type(strong.dtype.numpy, value)
        assert join((strong, weak)) == ScalarType(from_numpy(wanted), weak=False)
    for one, other, third in itertools.product(STRONG, repeat=3):
        assert join((one, join((other, third)))).dtype in DTYPES
    assert all(join(pair) == max(pair, key=WEAK.index) for pair in itertools.product(WEAK, WEAK))
