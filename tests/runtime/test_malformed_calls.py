"""Calls that a kernel refuses: the exact words, and the arguments as they were."""

import array
import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from malformed import (
    NAMES,
    TAKEN,
    axpy,
    copy,
    expect_refusal,
    good,
    ones,
    read_only,
    refusals,
    serve,
    shared,
    shrink,
    unaligned,
)

import polyopt as po
from polyopt.model.types import from_numpy

CASES = []
case = refusals(CASES)

# ---- how many, and by which names ----------------------------------------------------------

case(axpy, po.CallError, "axpy(n, a, x, y): missing a required argument: 'n'")
case(axpy, po.CallError, "axpy(n, a, x, y): missing a required argument: 'y'", 3, 1.0, ones(3))
case(axpy, po.CallError, "axpy(n, a, x, y): too many positional arguments", 3, 1.0, 1, 2, 3)
case(
    axpy,
    po.CallError,
    "axpy(n, a, x, y): got an unexpected keyword argument 'z'",
    3, 1.0, ones(3), ones(3), z=1,
)  # fmt: skip
case(
    axpy,
    po.CallError,
    "axpy(n, a, x, y): multiple values for argument 'n'",
    3, 1.0, ones(3), n=1,
)  # fmt: skip
case(copy, po.CallError, "copy(A, B, scale): missing a required argument: 'A'")
case(
    copy,
    po.CallError,
    "copy(A, B, scale): missing a required argument: 'A'",
    B=ones(2, 2), scale=1.0,
)  # fmt: skip

# ---- values that no kernel takes -----------------------------------------------------------


def other(value, words, fix="pass np.asarray(x)"):
    for kernel in (axpy, copy, shrink):
        for name in good(kernel):
            own = re.sub(r"\bx\b", name, fix)
            where = f"{kernel.__name__}: argument {name}"
            text = f"{where} is {words}; {TAKEN}, int, float, complex and bool: {own}"
            case(kernel, po.DtypeError, text, **{**good(kernel), name: value})


other([1.0, 2.0, 3.0], "a list")
other((1.0, 2.0, 3.0), "a tuple")
other({}, "a dict", "pass arrays and numbers")
other(range(3), "a range")
other(memoryview(b"123"), "a memoryview")
other(bytearray(24), "a bytearray")
other(array.array("d", [1, 2]), "an array.array")
other(Fraction(1, 2), "a fractions.Fraction", "pass float(x), or int(x)")
other(Decimal(1), "a decimal.Decimal", "pass float(x), or int(x)")
other(dt.timedelta(1), "a datetime.timedelta", "pass arrays and numbers")
other(Ellipsis, "an ellipsis", "pass arrays and numbers")
other(None, "None", "pass a value for x")
other("abc", "a str", "a kernel has no text")
other(b"abc", "a bytes", "a kernel has no text")
other(len, "a builtin_function_or_method", "a function is captured from the module, not passed")
TYPE = "a type stands for a value in specialize() alone"
other(np.float64, "a type", TYPE)
other(po.f64, "a polyopt.model.types.DType", TYPE)
other(po.f64[3], "a polyopt.model.types.ArrayType", TYPE)


def wrong_dtype(dtype, words, fix):
    if from_numpy(np.dtype(dtype)) is not None:
        return
    wrong = np.ones(3).astype(dtype)
    text = f"axpy: argument y is an array of {words}: {fix}"
    case(axpy, po.DtypeError, text, 3, 1.0, ones(3), wrong)
    case(axpy, po.DtypeError, text, 3, 1.0, ones(6)[::2], np.repeat(wrong, 2)[::2])
    text = text.replace("argument y", "argument x").replace("y.", "x.")
    case(axpy, po.DtypeError, text, 3, 1.0, wrong, ones(3))


for name in ("int8", "int16", "uint8", "uint16", "uint32", "uint64"):
    wrong_dtype(name, f"{name}; {TAKEN}", "pass y.astype(np.int64)")
wrong_dtype("longdouble", f"{np.dtype('longdouble')}; {TAKEN}", "pass y.astype(np.float64)")
wrong_dtype("clongdouble", f"{np.dtype('clongdouble')}; {TAKEN}", "pass y.astype(np.complex128)")
wrong_dtype(object, f"object; {TAKEN}", "pass y.astype(np.float64)")
wrong_dtype("U3", f"<U3; {TAKEN}", "convert it to one of these")
wrong_dtype("S3", f"|S3; {TAKEN}", "convert it to one of these")
wrong_dtype("m8[s]", f"timedelta64[s]; {TAKEN}", "convert it to one of these")
for code, name in ((">f8", "float64"), (">i4", "int32"), (">f4", "float32")):
    words = f"{name} in the other byte order ({code})"
    wrong_dtype(code, words, 'pass y.astype(y.dtype.newbyteorder("="))')
case(
    axpy,
    po.DtypeError,
    f"axpy: argument x is an array of [('a', '<f8')]; {TAKEN}: "
    "pass each field as an array of its own",
    3, 1.0, np.zeros(3, [("a", "f8")]), ones(3),
)  # fmt: skip

for value, words, fix in (
    (np.ones((1, 3)).view(np.matrix), "numpy.matrix", "np.asarray(x)"),
    (np.ma.ones(3), "numpy.ma.MaskedArray", "x.filled(…)"),
    (np.ones(3).view(np.recarray), "numpy.rec.recarray", "np.asarray(x)"),
):
    case(
        axpy,
        po.DtypeError,
        f"axpy: argument x is a {words}; of ndarray's subclasses only np.memmap is taken, since "
        f"others change what an index means: pass {fix}",
        3, 1.0, value, ones(3),
    )  # fmt: skip

SCALARS = (
    f"scalars are Python's int, float, complex and bool, or NumPy's of type {', '.join(NAMES)}"
)
for value, fix in (
    (np.longdouble(3), "pass float(a)"),
    (np.clongdouble(3), "pass complex(a)"),
    (np.datetime64(3, "s"), "pass a.astype(np.int64)"),
    (np.timedelta64(3, "s"), "pass a.astype(np.int64)"),
    (np.str_("3"), "a kernel has no text"),
    (np.bytes_(b"3"), "a kernel has no text"),
    (np.zeros((), "i4, f8")[()], "pass each field as an argument of its own"),
):
    case(
        axpy,
        po.DtypeError,
        f"axpy: argument a is a NumPy {value.dtype}; {SCALARS}: {fix}",
        3, value, ones(3), ones(3),
    )  # fmt: skip

case(
    copy,
    po.DtypeError,
    "copy: argument A is an f64, and it is declared f64[N, M]: pass an array",
    np.array(1.0), ones(2, 2),
)  # fmt: skip

# ---- layout --------------------------------------------------------------------------------


def overlapping(value, strides):
    case(
        copy,
        po.AliasError,
        f"copy: argument B has elements that share memory (strides {strides}), and the kernel "
        "writes it: pass B.copy(), and copy it back",
        ones(*value.shape), value,
    )  # fmt: skip


def strided(shape, strides):
    return np.lib.stride_tricks.as_strided(ones(100), shape, strides)


overlapping(strided((3, 4), (0, 8)), "(0, 8)")
overlapping(strided((3, 4), (8, 0)), "(8, 0)")
overlapping(strided((3, 4), (8, 8)), "(8, 8)")
overlapping(strided((3, 4), (24, 8)), "(24, 8)")
overlapping(strided((4, 3), (16, 24)), "(16, 24)")
overlapping(strided((3, 4), (-16, 16))[::-1], "(16, 16)")
case(
    axpy,
    po.AliasError,
    "axpy: argument y has elements that share memory (strides (0,)), and the kernel "
    "writes it: pass y.copy(), and copy it back",
    3, 1.0, ones(3), strided((3,), (0,)),
)  # fmt: skip
case(
    axpy,
    po.ShapeError,
    "axpy: argument x is not aligned to its elements: pass x.copy()",
    3, 1.0, unaligned(3), ones(3),
)  # fmt: skip


case(
    axpy,
    po.BadArgumentError,
    "axpy: argument y is read-only, and the kernel writes it: pass a writeable array, "
    "such as y.copy()",
    3, 1.0, ones(3), read_only(ones(3)),
)  # fmt: skip

# ---- overlap -------------------------------------------------------------------------------

OVERLAP = (
    "axpy: arguments y and x overlap in memory, and the kernel writes y: pass x.copy(), or "
    'decorate the kernel with @po.kernel(alias="safe") to run such calls in source order'
)
case(axpy, po.AliasError, OVERLAP, 6, 1.0, *shared())
case(axpy, po.AliasError, OVERLAP, 6, 1.0, *reversed(shared()))
memory = np.arange(12.0)
case(axpy, po.AliasError, OVERLAP, 3, 1.0, memory[:6].view(np.int64)[:4], memory[:3])
case(axpy, po.AliasError, OVERLAP, 3, 1.0, memory[:12], memory[2:5])
case(axpy, po.AliasError, OVERLAP, 3, 1.0, memory[:9:3], memory[:5:2])
case(axpy, po.AliasError, OVERLAP, 3, 1.0, memory[2::-1], memory[:3])
case(axpy, po.AliasError, OVERLAP, 3, 1.0, memory[:3], memory[::-2][3:])

# ---- integers ------------------------------------------------------------------------------

case(
    axpy,
    po.DtypeError,
    "axpy: argument n is an int of 16610 bits, beyond 64 bits: integers hold -2**63 to 2**63 - 1",
    10**5000, 1.0, ones(3), ones(3),
)  # fmt: skip
for value in (2**63, -(2**63) - 1, 10**30):
    case(
        axpy,
        po.DtypeError,
        f"axpy: argument n is {value}, beyond 64 bits: integers hold -2**63 to 2**63 - 1",
        value, 1.0, ones(3), ones(3),
    )  # fmt: skip
case(
    copy,
    po.DtypeError,
    "copy: argument scale is an int beyond the range of a float",
    ones(2, 2), ones(2, 2), 10**400,
)  # fmt: skip

# ---- what annotations say ------------------------------------------------------------------


def wrong_copy(error, text, *args, **kwargs):
    case(copy, error, f"copy: argument {text}", *args, **kwargs)


wrong_copy(
    po.DtypeError,
    "A is an array of f32, and it is declared f64[N, M]: pass A.astype(np.float64), whose results "
    "come back only if you keep that array",
    ones(2, 2, dtype=np.float32), ones(2, 2),
)  # fmt: skip
wrong_copy(
    po.DtypeError,
    "B is an array of bool, and it is declared f64[N, M]: pass B.astype(np.float64), whose results "
    "come back only if you keep that array",
    ones(2, 2), ones(2, 2, dtype=bool),
)  # fmt: skip
wrong_copy(
    po.DtypeError,
    "A is a float, and it is declared f64[N, M]: pass an array",
    1.0, ones(2, 2),
)  # fmt: skip
wrong_copy(po.DtypeError, "A is an int, and it is declared f64[N, M]: pass an array", 1, ones(2, 2))
wrong_copy(
    po.DtypeError,
    "A is an f32, and it is declared f64[N, M]: pass an array",
    np.float32(1), ones(2, 2),
)  # fmt: skip
wrong_copy(
    po.DtypeError,
    "scale is an array, and it is declared f64: pass a scalar",
    ones(2, 2), ones(2, 2), ones(1),
)  # fmt: skip
wrong_copy(
    po.DtypeError,
    "scale is a bool (True), and it is declared f64: pass float(scale)",
    ones(2, 2), ones(2, 2), True,
)  # fmt: skip
wrong_copy(
    po.DtypeError,
    "scale is an i64 (np.int64(2)), and it is declared f64: pass np.float64(scale)",
    ones(2, 2), ones(2, 2), np.int64(2),
)  # fmt: skip
wrong_copy(
    po.ShapeError,
    "A has rank 1, and it is declared f64[N, M], of rank 2: pass an array of that rank",
    ones(4), ones(2, 2),
)  # fmt: skip
wrong_copy(
    po.ShapeError,
    "B has extent 3 in dimension 0, and it is declared f64[N, M], where N is 2 (N = 2 from "
    "A.shape[0]): pass arrays whose extents agree",
    ones(2, 2), ones(3, 2),
)  # fmt: skip
wrong_copy(
    po.ShapeError,
    "B has extent 0 in dimension 1, and it is declared f64[N, M], where M is 2 (M = 2 from "
    "A.shape[1]): pass arrays whose extents agree",
    ones(2, 2), ones(2, 0),
)  # fmt: skip


def wrong_shrink(error, text, *args):
    good = [3, 4, True, ones(4, 3, dtype=np.float32), ones(3, dtype=np.int64)]
    case(shrink, error, f"shrink: argument {text}", *args, *good[len(args) :])


wrong_shrink(po.DtypeError, "n is a float (1.5), and it is declared int: pass int(n)", 1.5)
wrong_shrink(po.DtypeError, "n is a bool (True), and it is declared int: pass int(n)", True)
wrong_shrink(
    po.DtypeError,
    "narrow is an i64 (np.int64(4)), and it is declared i32: pass np.int32(narrow)",
    3, np.int64(4),
)  # fmt: skip
wrong_shrink(
    po.DtypeError,
    "narrow is 2147483648, beyond 32 bits: integers hold -2**31 to 2**31 - 1",
    3, 2**31,
)  # fmt: skip
wrong_shrink(po.DtypeError, "flag is an int (1), and it is declared bool: pass bool(flag)", 3, 4, 1)
wrong_shrink(
    po.ShapeError,
    "A has extent 2 in dimension 1, and it is declared f32[N + 1, 3]: "
    "pass arrays whose extents agree",
    3, 4, True, ones(4, 2, dtype=np.float32),
)  # fmt: skip
wrong_shrink(
    po.ShapeError,
    "A has extent 3 in dimension 0, and it is declared f32[N + 1, 3], where N + 1 is 4 "
    "(N = 3 from b.shape[0]): pass arrays whose extents agree",
    3, 4, True, ones(3, 3, dtype=np.float32),
)  # fmt: skip


@pytest.fixture(scope="module")
def served():
    serve()


@pytest.mark.parametrize("way", ["python", "c"])
@pytest.mark.parametrize(("kernel", "error", "text", "args", "kwargs"), CASES)
def test_refused(kernel, error, text, args, kwargs, way, served):
    expect_refusal(kernel, error, text, args, kwargs, way)


def test_there_are_many():
    assert len(CASES) >= 300


def test_a_refused_call_does_not_stop_later_ones():
    with pytest.raises(po.DtypeError):
        axpy(3, 1.0, [1], ones(3))
    y = ones(3)
    axpy(3, 2.0, ones(3), y)
    assert y.tolist() == [3.0, 3.0, 3.0]
