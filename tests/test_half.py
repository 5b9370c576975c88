"""Kernels on `f16`, compiled, against plain Python on NumPy's scalars, bit for bit."""

import numpy as np
import pytest
from lines_of_elements import of_lines

import polyopt as po
from polyopt.errors import DtypeError, UnsupportedSyntaxError

ALL = np.arange(65536, dtype=np.uint16).view(np.float16)
"""Every number of 16 bits."""


def bits(array):
    """The bits of an array, one pattern for every nan."""
    if array.dtype.kind != "f":
        return array
    kind = f"u{array.dtype.itemsize}"
    return np.where(array != array, np.full_like(array, np.nan), array).view(kind)  # noqa: PLR0124


def same(function, *arguments, **options):
    expected = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    kernel = po.kernel(function, cache=False, **options)
    with np.errstate(all="ignore"):
        wanted = function(*expected)
        found = kernel(*arguments)
    assert (type(found), str(found)) == (type(wanted), str(wanted))
    for a, b in zip(arguments, expected, strict=True):
        if isinstance(a, np.ndarray):
            assert np.array_equal(bits(a), bits(b))


def halves(size, seed=0):
    """Random numbers of 16 bits, of every magnitude, with the special ones among them."""
    return np.random.default_rng(seed).choice(ALL, size)


def check(expressions, *arrays, dtype=np.float16, **options):
    """Expressions of these arrays' elements are the same in a kernel."""
    names = ("A", "B")[: len(arrays)]
    function = of_lines(expressions, ", ".join(names))
    same(function, *arrays, np.zeros((len(expressions), len(arrays[0])), dtype), **options)


OPERATIONS = [
    "A[i] + B[i]", "A[i] - B[i]", "A[i] * B[i]", "A[i] / B[i]", "A[i] // B[i]", "A[i] % B[i]",
    "A[i] * B[i] + A[i]", "A[i] + B[i] - A[i] / B[i]", "-A[i] + abs(B[i])", "A[i] ** 2",
    "A[i] ** B[i]", "min(A[i], B[i])", "max(A[i], B[i]) * A[i]", "A[i] + 0.1", "2 * A[i]",
    "A[i] + i", "1.0 / A[i]", "A[i] if A[i] < B[i] else B[i] * A[i]",
    "np.sqrt(A[i])", "np.maximum(A[i], B[i])", "np.minimum(A[i], B[i])", "np.fmax(A[i], B[i])",
    "np.clip(A[i], 0.5, B[i])", "np.where(A[i] >= B[i], A[i], B[i] + A[i])", "np.rint(A[i])",
    "np.floor(A[i])", "np.copysign(A[i], B[i])", "np.sign(A[i])", "np.radians(A[i])",
    "np.degrees(A[i])", "np.reciprocal(A[i])", "np.square(A[i])", "np.fmod(A[i], B[i])",
    "np.heaviside(A[i], B[i])", "np.float16(A[i] * np.float32(B[i]))", "po.f16(A[i] * 0.3)",
    "np.float16(np.float64(A[i]) * np.float64(B[i]) + 1e-7)", "A[i] + (A[i] == B[i])",
]  # fmt: skip


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_every_operation_rounds_to_16_bits_as_numpys_scalars_do(fp):
    check(OPERATIONS, halves(1500, 1), halves(1500, 2), fp=fp)


@pytest.mark.parametrize("dtype", list("bhiqBHIQ?efd"))
def test_numbers_of_16_bits_beside_other_types(dtype):
    A, wide = halves(600, 3), np.random.default_rng(4).integers(0, 256, 600 * 8, np.uint8)
    B = wide.view(dtype)[:600].copy() if dtype != "?" else wide[:600] > 100
    rows = ["A[i] + B[i]", "A[i] * B[i] - A[i]", "max(A[i], np.float16(0)) * B[i]", "A[i] < B[i]"]
    common = np.result_type(np.float16, dtype)
    check([*rows, "A[i] == B[i]"], A, B, dtype=common, fp="strict")
    check(["B[i]"], A, B, fp="strict")
    if dtype not in "ed":
        small = (np.arange(600) / 7 - (20 if dtype in "bhiqf?" else 0)).astype(np.float16)
        check(["A[i]"], small, dtype=dtype, fp="strict")


def test_every_number_converts():
    check(["A[i]"], ALL, dtype=np.float32, fp="strict")
    check(["A[i]"], ALL, dtype=np.float64, fp="strict")
    ordered = np.sort(ALL[np.isfinite(ALL)].astype(float))
    between = (ordered[1:] + ordered[:-1]) / 2
    near = (np.nextafter(between, 0), np.nextafter(between, 1e9), -between * 3)
    beyond = np.array([65519.996, 65520.0, -65520, 1e300, np.inf, np.nan, 2.0**-25, -(2.0**-25)])
    wide = np.concatenate([between, *near, beyond])
    check(["A[i]"], wide, fp="strict")
    with np.errstate(over="ignore"):
        check(["A[i]"], wide.astype(np.float32), fp="strict")


def rounded_pairs(x, y):
    for i in range(len(x) // 2):
        y[2 * i] = np.float32(x[2 * i])
        y[2 * i + 1] = np.float32(x[2 * i + 1])


def test_neighbours_are_rounded_to_32_bits_too():
    x = np.random.default_rng(9).standard_normal(22)
    same(rounded_pairs, x, np.zeros(22), fp="strict")


def test_functions_are_within_a_unit_in_the_last_place():
    names = ["exp", "log", "sin", "cos", "tanh", "log1p", "cbrt", "arctan"]
    kernel = po.kernel(of_lines([f"np.{n}(A[i])" for n in names], "A"), cache=False, fp="strict")
    A = ALL[np.isfinite(ALL)]
    rows = np.zeros((len(names), len(A)), np.float16)
    kernel(A, rows)
    for name, found in zip(names, rows, strict=True):
        with np.errstate(all="ignore"):
            wanted = getattr(np, name)(A)
        a, b = (np.where(x < 0, -(bits(x) & 0x7FFF).astype(int), bits(x)) for x in (found, wanted))
        finite = np.isfinite(wanted)
        assert np.max(np.abs(a - b)[finite], initial=0) <= 1
        assert np.array_equal(bits(found)[~finite], bits(wanted)[~finite])


@pytest.mark.parametrize("dtype", list("bBhH?"))
def test_functions_of_narrow_integers_give_narrow_floats(dtype):
    A = np.arange(100).astype(dtype)
    wide = np.sqrt(A[:1]).dtype
    assert wide == (np.float32 if dtype in "hH" else np.float16)
    check(["np.sqrt(A[i]) / 3"], A, dtype=wide, fp="strict")


def smooth(n, a, x, y):
    t = x[0]
    for i in range(1, n):
        t = t * a + x[i]
        y[i] = t
    return t


def total(x):
    s = np.float16(0)
    for i in range(len(x)):
        s += x[i]
    return s


def least(x, most):
    low = x[0]
    for i in range(len(x)):
        low = min(low, x[i])
        most[0] = max(most[0], x[i])
    return low


def doubled(n, A, C):
    T = np.zeros((n, n), dtype=np.float16)
    for i in range(n):
        for j in range(n):
            T[i, j] += A[i, j] * 2
    for i in range(n):
        for j in range(n):
            for k in range(n):
                C[i, j] += T[i, k] * A[k, j]


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_sums_locals_scalars_and_results(fp):
    x = np.random.default_rng(5).standard_normal(3000).astype(np.float16)
    same(smooth, 3000, np.float16(0.7), x.copy(), np.zeros(3000, np.float16), fp=fp)
    same(smooth, 3000, 0.7, x.copy(), np.zeros(3000, np.float16), fp=fp)
    same(total, x, fp=fp)
    same(least, x, np.zeros(1, np.float16), fp=fp)
    square = x[:900].reshape(30, 30).copy()
    same(doubled, 30, square, np.zeros((30, 30), np.float16), fp=fp)
    same(doubled, 30, square[:, ::-1], np.zeros((30, 30), np.float16).T, fp=fp)


def test_calls_one_after_another():
    kernel = po.kernel(smooth, cache=False, fp="strict")
    x = np.random.default_rng(6).standard_normal(50).astype(np.float16)
    for _ in range(3):
        a, b = np.zeros(50, np.float16), np.zeros(50, np.float16)
        found, wanted = kernel(50, np.float16(0.3), x, a), smooth(50, np.float16(0.3), x, b)
        assert type(found) is np.float16
        assert (bits(found[None]), bits(a).tolist()) == (bits(wanted[None]), bits(b).tolist())


def test_annotations_and_what_is_refused():
    def scaled(a: po.f16, x: po.f16[...], y: po.f32[...]):
        for i in range(len(x)):
            y[i] = a * x[i]

    kernel = po.kernel(scaled, cache=False)
    x, y = np.ones(3, np.float16), np.zeros(3, np.float32)
    kernel(np.float16(2), x, y)
    assert y.tolist() == [2, 2, 2]
    with pytest.raises(DtypeError, match=r"x is an array of f32, and it is declared f16\[...\]: "):
        kernel(np.float16(2), y, y.copy())
    nearest = po.kernel(of_lines(["np.nextafter(A[i], B[i])"]), cache=False)
    with pytest.raises(UnsupportedSyntaxError, match=r"np\.nextafter"):
        nearest(x, x.copy(), np.zeros((1, 3), np.float16))


@pytest.mark.parametrize("model", ["cpu", "gpu"])
def test_opencl_has_16_bits_without_its_extension(model):
    A, B = halves(1000, 7), halves(1000, 8)
    options = {"fp": "strict", "target": po.OpenCL(model=model)}
    rows = ["A[i] * B[i] + 0.1 - A[i]", "A[i] if A[i] < B[i] else np.float16(0.3)"]
    check(rows, A, B, **options)
    check(["A[i]"], np.linspace(-7e4, 7e4, 999), **options)
    same(doubled, 20, A[:400].reshape(20, 20).copy(), np.zeros((20, 20), np.float16), **options)
