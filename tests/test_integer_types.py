"""Kernels on narrow and unsigned integers, compiled, against plain Python."""

import itertools
import linecache

import numpy as np
import pytest

import polyopt as po
from polyopt.errors import UnsupportedSyntaxError

INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]


def arithmetic(A, B, out):
    for i in range(len(out)):
        out[i] = (A[i] * B[i] - A[i]) // (B[i] | 1) + (A[i] ^ B[i]) % 7
        if A[i] < B[i]:
            out[i] += ~A[i] >> 1


def reductions(A, out):
    for i in range(len(A)):
        out[0] += A[i]
        out[1] *= A[i]
        out[2] = min(out[2], A[i])
        out[3] = max(out[3], A[i])
        out[4] ^= A[i]


def scaled(A, k, x, out):
    for i in range(len(A)):
        out[i] = (A[i] + k) * x


def blur(image, result):
    n, m = image.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            s = np.uint16(0)
            for p in range(3):
                for q in range(3):
                    s += image[i + p - 1, j + q - 1]
            result[i, j] = s // 9


def same(function, *arguments, **options):
    expected = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    with np.errstate(all="ignore"):
        function(*expected)
    po.kernel(function, cache=False, **options)(*arguments)
    for a, b in zip(arguments, expected, strict=True):
        assert np.array_equal(a, b)


def numbers(dtype, size, seed=0):
    info = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(info.min, info.max, size, dtype, endpoint=True)
    values[: min(size, 2)] = (info.min, info.max)[:size]
    return values


@pytest.mark.parametrize(("left", "right"), list(itertools.product(INTEGERS[::2], INTEGERS[1::2])))
def test_mixed_types_have_numpys_values(left, right):
    if np.result_type(left, right).kind == "f":  # u64 beside a sign: ^ has no floats
        with pytest.raises(UnsupportedSyntaxError):
            po.kernel(arithmetic)(numbers(left, 9), numbers(right, 9), np.zeros(9, left))
        return
    out = np.zeros(99, np.result_type(left, right))
    same(arithmetic, numbers(left, 99), numbers(right, 99, 1), out)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("size", [0, 1, 2, 31, 1000])
def test_reductions_are_exact_in_every_mode(dtype, size):
    for fp in ("strict", "reassociate"):
        same(reductions, numbers(dtype, size), np.array([1, 3, 5, 7, 9], dtype), fp=fp)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_scalars_of_these_types_are_arguments(dtype):
    same(scaled, numbers(dtype, 50), dtype(3), dtype(5), np.zeros(50, dtype))
    same(scaled, numbers(dtype, 50), numbers(dtype, 5)[1], 0.5, np.zeros(50), fp="strict")


def test_an_image_is_blurred_in_its_own_type():
    image = numbers(np.uint8, 30 * 40).reshape(30, 40)
    same(blur, image, np.zeros_like(image))


def test_annotations_name_the_types():
    @po.kernel(cache=False)
    def widen(a: po.u8[4], b: po.i16[4], c: po.u32[4], d: po.u64[4], e: po.i8[4], f: po.u16[4]):
        for i in range(4):
            b[i] = a[i] + e[i]
            d[i] = c[i] * f[i]

    a, e = np.full(4, 200, np.uint8), np.full(4, -3, np.int8)
    c, f = np.full(4, 2**31, np.uint32), np.full(4, 3, np.uint16)
    b, d = np.zeros(4, np.int16), np.zeros(4, np.uint64)
    widen(a, b, c, d, e, f)
    assert b.tolist() == [197] * 4
    assert d.tolist() == [2**31] * 4


REFUSED = {
    "out[0] = A[0] + (-1)": "-1 does not fit in u64",
    "out[0] = A[0] + 2**70": "does not fit in i64",
    "out[0] = int(A[0])": "int of a u64 may be beyond",
    "out[0] = A[0] > -1": "-1 does not fit in u64",
    "out[0] = A[0] > len(A)": "no integer type holds both",
    "out[0] = max(A[0], len(A))": "depends on data",
}


@pytest.mark.parametrize(("line", "message"), list(REFUSED.items()))
def test_what_no_type_holds_is_refused(line, message):
    text = f"def f(A, out):\n    {line}\n"
    file = f"/kernels/{abs(hash(line))}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict = {}
    exec(compile(text, file, "exec"), scope)
    with pytest.raises(UnsupportedSyntaxError, match=message):
        po.kernel(scope["f"])(np.ones(3, np.uint64), np.ones(3))
