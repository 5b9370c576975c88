"""What kernels return, and the arrays that callers give for it."""

import textwrap

import numpy as np
import pytest
from parsing import define

import polyopt as po

DTYPES = ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def kernel_of(body, arguments, **options):
    text = f"def f({arguments}):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    options = {"fp": "strict", "cache": False, "target": "c", "schedule": "source"} | options
    return po.kernel(**options)(define(text + "\n"))


def types(result):
    if isinstance(result, tuple):
        return tuple(types(item) for item in result)
    return (np.ndarray, result.dtype, result.shape) if np.ndim(result) else type(result)


def copies(values):
    return [v.copy() if isinstance(v, np.ndarray) else v for v in values]


def same_as_python(kernel, *arguments):
    assert po.check(kernel, *arguments)
    got, expected = kernel(*copies(arguments)), kernel.py_func(*copies(arguments))
    assert types(got) == types(expected)
    return got


SUM = """
    s = 0
    for i in range(v.shape[0]):
        s += v[i]
    return s
"""
PREFIX = """
    n = v.shape[0]
    t = np.empty(n + 1, dtype=np.float64)
    t[0] = 0
    for i in range(n):
        t[i + 1] = t[i] + v[i]
    return t, n, (t, v[0] > 0, w), v.shape
"""


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_a_sum_has_the_type_of_its_terms(dtype):
    same_as_python(kernel_of(SUM, "v"), np.arange(7).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_element(dtype):
    same_as_python(kernel_of("return v[1], v", "v"), np.arange(3).astype(dtype))


@pytest.mark.parametrize("value", [3, -2.5, True, np.float32(0.1), np.int8(-3), np.uint64(7)])
def test_an_argument_returned(value):
    same_as_python(kernel_of("return x, (x,)", "x"), value)


@pytest.mark.parametrize("size", [1, 2, 17])
@pytest.mark.parametrize("target", ["c", "openmp", "opencl"])
def test_nested_tuples_of_arrays_and_numbers(size, target):
    rng = np.random.default_rng(size)
    kernel = kernel_of(PREFIX, "v, w", target=target, schedule="auto")
    v, w = rng.normal(size=size), np.ones(2)
    got = same_as_python(kernel, v, w)
    assert got[0] is got[2][0]
    assert kernel(v, w)[2][2] is w
    assert kernel(v, w)[0] is not kernel(v, w)[0]


def test_empty_and_negative_shapes():
    kernel = kernel_of("t = np.zeros((n - 3, 2))\nreturn t", "n")
    assert same_as_python(kernel, 3).shape == (0, 2)
    with pytest.raises(po.BoundsError) as caught:
        kernel(2)
    assert str(caught.value) == (
        "f: the array t that it returns would have the shape (-1, 2). Nothing was written. "
        "Pass larger sizes."
    )


BRANCHES = """
    if n == 0:
        return 0.0, 0
    if v[0] < 0:
        for i in range(n):
            v[i] = -v[i]
        return v[0], -1
    elif v[0] > 5:
        return 5.0, 1
    else:
        v[0] = 7.0
    return v[0], 2
"""


@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("first", [-1.5, 0.0, 9.0, np.nan])
def test_branches_return_the_type_that_they_share(n, first):
    v = np.full(4, first)
    kernel = kernel_of(BRANCHES, "n, v")
    assert po.check(kernel, n, v)
    assert [type(each) for each in kernel(n, v.copy())] == [np.float64, int]


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(
    "sides", [("0.5", "np.float32(x)"), ("math.nan", "np.float32(x)"), ("np.int32(n)", "x")]
)
def test_a_number_is_the_same_in_the_shared_type(sides, taken):
    kernel = kernel_of(f"if flag:\n    return {sides[0]}\nreturn {sides[1]}", "flag, n, x")
    assert po.check(kernel, taken, 3, 0.1)


@pytest.mark.parametrize("sides", [("0.1", "np.float32(x)"), ("n", "x"), ("x", "np.float32(x)")])
def test_a_number_that_would_change_is_refused(sides):
    kernel = kernel_of(f"if flag:\n    return {sides[0]}\nreturn {sides[1]}", "flag, n, x")
    with pytest.raises(po.UnsupportedSyntaxError, match="depends on data"):
        kernel(True, 2**60 + 1, 0.1)


def test_nothing():
    assert kernel_of("return None", "v")(np.zeros(3)) is None
    assert kernel_of("v[0] = 1.0", "v")(np.zeros(3)) is None
    assert kernel_of("return ()", "v")(np.zeros(3)) == ()


def test_a_specialisation_returns():
    kernel = kernel_of(SUM, "v", schedule="auto", fp="reassociate", target="openmp")
    v = np.arange(100.0)
    spec = kernel.specialize(v)
    assert spec(v) == spec.with_schedule("source")(v) == 4950.0
    assert "result[0]" in spec.source


def test_a_kernel_recalled_from_disk_returns(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(tmp_path))
    function = kernel_of(SUM, "v").py_func
    for _ in range(2):
        assert po.kernel(function)(np.arange(4.0)) == 6.0


# ---- out= --------------------------------------------------------------------------------------

TRANSPOSED = """
    n, m = A.shape
    T = np.zeros((m, n))
    for i in range(n):
        for j in range(m):
            T[j, i] = A[i, j]
    return T
"""
A = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("target", ["c", "opencl"])
def test_out_is_filled_and_returned(target):
    out = np.full((4, 3), np.nan)
    assert kernel_of(TRANSPOSED, "A", target=target)(A, out=out) is out
    assert np.array_equal(out, A.T)


@pytest.mark.parametrize("alias", ["refuse", "safe"])
def test_out_may_be_an_argument_or_strided(alias):
    kernel = kernel_of(TRANSPOSED, "A", alias=alias)
    square = np.arange(9.0).reshape(3, 3)
    expected = square.T.copy()
    assert kernel(square, out=square) is square
    assert np.array_equal(square, expected)
    wide = np.zeros((4, 9))
    kernel(A, out=wide[:, ::3])
    assert np.array_equal(wide[:, ::3], A.T)


def test_out_in_a_tuple():
    kernel = kernel_of(PREFIX, "v, w")
    v, w, out = np.ones(3), np.ones(2), np.zeros(4)
    got = kernel(v, w, out=(out, None, out, None, None, None))
    assert got[0] is out
    assert list(out) == [0, 1, 2, 3]
    assert kernel(v, w, out=out)[0] is out


def test_a_parameter_named_out_is_the_functions_own():
    kernel = kernel_of("out[0] = v[0]\nreturn v[0]", "v, out")
    out = np.zeros(1)
    assert kernel(np.full(1, 3.0), out=out) == 3.0 == out[0]


@pytest.mark.parametrize(
    ("out", "kind", "text"),
    [
        (3, po.DtypeError, "f: out for T is an int, and it returns an array of f64: pass one"),
        (
            np.zeros((4, 3), "f4"),
            po.DtypeError,
            "f: out for T is an array of float32, and it returns an array of f64: pass one",
        ),
        (
            np.ma.zeros((4, 3)),
            po.DtypeError,
            "f: out for T is a numpy.ma.MaskedArray, and it returns an array of f64: pass one",
        ),
        (
            np.zeros((3, 4)),
            po.ShapeError,
            (
                "f: out for T has the shape (3, 4), and it returns an array of the shape (4, 3): "
                "pass one of that shape"
            ),
        ),
        (
            np.broadcast_to(0.0, (4, 3)),
            po.BadArgumentError,
            "f: out for T is read-only: pass a writeable array",
        ),
        (
            np.lib.stride_tricks.as_strided(np.zeros(3), (4, 3), (0, 8)),
            po.AliasError,
            "f: out for T has elements that share memory: pass an array of its own memory",
        ),
        (
            (None, None),
            po.CallError,
            "f returns 1 value, and out= has 2: pass an array or None for each",
        ),
    ],
)
def test_an_out_that_does_not_fit(out, kind, text):
    with pytest.raises(kind) as caught:
        kernel_of(TRANSPOSED, "A")(A, out=out)
    assert str(caught.value) == text


def test_two_outs_that_share_memory():
    kernel = kernel_of("t = np.zeros(3)\nu = np.ones(3)\nreturn t, u", "v")
    memory = np.full(5, 7.0)
    for out in ((memory[:3], memory[2:]), (memory[:3], memory[:3])):
        with pytest.raises(po.AliasError) as caught:
            kernel(np.zeros(3), out=out)
        assert str(caught.value) == (
            "f: out for t and out for u share memory, and one result would overwrite the other: "
            "pass arrays of their own memory"
        )
    assert (memory == 7.0).all()


def test_a_result_that_no_memory_holds():
    kernel = kernel_of("t = np.zeros(n)\nreturn t", "n")
    with pytest.raises(MemoryError, match="which no memory holds"):
        kernel(2**62)


def test_an_out_for_what_is_no_array():
    out = np.zeros(4)
    for body, arguments, given, text in (
        ("v[0] = 1.0", (out,), out, "f returns no array, and out= is given: leave it out"),
        ("return v[0]", (out,), out, "f returns no array that it makes: leave out= out"),
        ("return v", (out,), out, "f returns no array that it makes: leave out= out"),
        (
            "return v[0], 1",
            (out,),
            (None, out),
            "f makes no array for result_1: pass None in its place in out=",
        ),
        (
            "t = np.zeros(4)\nreturn t, t",
            (out,),
            (out, out.copy()),
            "f returns t twice: pass the same array in both places",
        ),
    ):
        with pytest.raises(po.CallError) as caught:
            kernel_of(body, "v")(*arguments, out=given)
        assert str(caught.value) == text


def test_check_compares_what_is_returned():
    kernel = kernel_of("t = np.empty(2)\nt[0] = v[0]\nt[1] = v[1]\nreturn t, v[0]", "v")
    assert po.check(kernel, np.ones(2))
    plain = kernel.py_func
    kernel.py_func = lambda v: (plain(v)[0] + 1, v[0] + 2)
    assert str(po.check(kernel, np.ones(2))).endswith(
        "  returned_0[0]: expected np.float64(2.0), got np.float64(1.0), and 1 more element of "
        "returned_0\n  returned_1: expected np.float64(3.0), got np.float64(1.0)"
    )
