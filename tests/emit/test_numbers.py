"""The meaning of numbers, one test for each line of docs/numbers.md."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from elementwise import agree, all_in_c, arrays, in_c, in_numpy, operator, program, same_bits

from polyopt.model import types
from polyopt.model.affine import Affine
from polyopt.model.expr import (
    Binary,
    Call,
    Cast,
    Comparison,
    Const,
    Index,
    Logical,
    Select,
    Unary,
)
from polyopt.model.types import bool_, f16, f32, f64, i32, i64

DOCUMENT = Path(__file__).parents[2] / "docs" / "numbers.md"
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -7.25, 1e-9, 0.1, math.nan, math.inf,
          -math.inf]  # fmt: skip
DTYPES = [dtype for dtype in types.DTYPES if dtype is not f16 and not dtype.is_complex]
"""The others are those of tests/test_half.py and tests/test_complex.py."""

EDGE = {
    f64: [*FLOATS, 5e-324, -5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 2.0**31,
          -(2.0**31) - 0.5, -(2.0**31) - 1, 2.0**63, -(2.0**63), 1e19, -1e19, 4503599627370497.5],
    f32: [*FLOATS, 1e-45, -1e-45, 3.4028235e38, 1.1754944e-38, 2.0**31, -(2.0**31), 2.0**63,
          -(2.0**63), 1e19, 8388609.0],
    i64: [0, 1, -1, 2, -2, 3, -7, 10, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63),
          -(2**63) + 1],
    i32: [0, 1, -1, 2, -2, 3, -7, 10, 65536, 2**24 + 1, 2**31 - 1, -(2**31), -(2**31) + 1],
    bool_: [False, True],
    **{
        t: sorted({0, 1, 2, 3, 7, 10, *t.limits, t.limits[0] + 1, t.limits[1] // 2 + 1})
        for t in DTYPES
        if t.is_integer and t not in (i64, i32)
    },
}  # fmt: skip
NUMBERS = pytest.mark.parametrize("dtype", [f64, f32, i64, i32], ids=str)
INTEGERS = pytest.mark.parametrize("dtype", [t for t in DTYPES if t.kind == "i"], ids=str)
UNSIGNED = pytest.mark.parametrize("dtype", [t for t in DTYPES if t.kind == "u"], ids=str)
BOTH_FLOATS = pytest.mark.parametrize("dtype", [f64, f32], ids=str)


def edge(dtype, name="a"):
    return {name: np.array(EDGE[dtype], dtype.numpy)}


def pairs(dtype, more=200):
    """Every pair of special values, and random ones."""
    special = np.array(list(itertools.product(EDGE[dtype], repeat=2)), dtype.numpy).T
    rng = np.random.default_rng(7)
    if dtype.is_float:
        other = (rng.standard_normal((2, more)) * 10.0 ** rng.integers(-3, 4, (2, more))).astype(
            dtype.numpy
        )
    else:
        least, most = dtype.limits
        other = rng.integers(max(least, -300), min(most, 300), (2, more)).astype(dtype.numpy)
    a, b = np.concatenate([special, other], axis=1)
    return {"a": np.ascontiguousarray(a), "b": np.ascontiguousarray(b)}


# ---- floats --------------------------------------------------------------------------------


@BOTH_FLOATS
def test_float_arithmetic_is_in_the_operands_type(dtype):
    inputs = pairs(dtype)
    agree([operator(op, inputs) for op in ("add", "sub", "mul", "div")], inputs)


def test_multiply_and_add_round_twice_in_strict():
    rng = np.random.default_rng(1)
    inputs = {n: rng.standard_normal(500) for n in "abc"}
    a, b, c = arrays(**inputs)
    agree([Binary("add", Binary("mul", a, b, f64), c, f64)], inputs)


def test_grouping_is_as_written():
    rng = np.random.default_rng(2)
    inputs = {n: rng.standard_normal(500) for n in "abc"}
    a, b, c = arrays(**inputs)
    both = list(itertools.product(["add", "sub", "mul", "div"], repeat=2))
    right = [Binary(op, a, Binary(other, b, c, f64), f64) for op, other in both]
    left = [Binary(op, Binary(other, a, b, f64), c, f64) for op, other in both]
    agree(right + left, inputs)


@BOTH_FLOATS
def test_literals_are_exact(dtype):
    values = [*EDGE[dtype], 0.2, 1 / 3, 1e23, 123456789.123, 6.02214076e23]
    exact = np.array(values, dtype.numpy)
    inputs = {"a": np.ones(1, dtype.numpy)}
    got = all_in_c([Const(float(v), dtype) for v in exact], inputs)
    assert same_bits(np.concatenate(got), exact)


def test_f32_literals_stay_in_f32():
    inputs = {"a": np.array([0.1, 3.0, 1e7], "f4")}
    (a,) = arrays(**inputs)
    expr = Binary("mul", Const(float(np.float32(0.2)), f32), a, f32)
    assert "0.2f * a[i]" in program([expr], inputs).source
    agree([expr], inputs)


@BOTH_FLOATS
def test_float_division_by_zero(dtype):
    a = np.array([1, -1, 0, math.nan, math.inf, 1, -1], dtype.numpy)
    b = np.array([0, 0, 0, 0, 0, -0.0, -0.0], dtype.numpy)
    inputs = {"a": a, "b": b}
    got = in_c(operator("div", inputs), inputs)
    assert [str(x) for x in got] == ["inf", "-inf", "nan", "nan", "inf", "-inf", "inf"]


@BOTH_FLOATS
def test_float_floor_division_and_remainder(dtype):
    inputs = pairs(dtype, 2000)
    agree([operator("floordiv", inputs), operator("mod", inputs)], inputs)


@BOTH_FLOATS
def test_float_power_is_libms(dtype):
    inputs = pairs(dtype, 500)
    agree([operator("pow", inputs)], inputs)


def test_powers_are_not_folded_in_strict():
    inputs = {"a": np.random.default_rng(3).uniform(0.1, 10, 3000)}
    (a,) = arrays(**inputs)
    exponents = (0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0)
    agree([Binary("pow", a, Const(e, f64), f64) for e in exponents], inputs)


@BOTH_FLOATS
def test_float_negation_and_absolute_value(dtype):
    inputs = edge(dtype)
    (a,) = arrays(**inputs)
    once = [Unary(op, a, dtype) for op in ("neg", "abs")]
    agree(once + [Unary("neg", e, dtype) for e in once], inputs)


# ---- integers ------------------------------------------------------------------------------


@INTEGERS
def test_integer_arithmetic_wraps(dtype):
    inputs = pairs(dtype)
    _, b = arrays(**inputs)
    once = [operator(op, inputs) for op in ("add", "sub", "mul")]
    square = Binary("mul", b, b, dtype)
    agree(once + [Binary("sub", e, square, dtype) for e in once], inputs)


@INTEGERS
def test_integer_negation_and_absolute_value_wrap(dtype):
    inputs = edge(dtype)
    (a,) = arrays(**inputs)
    agree([Unary(op, a, dtype) for op in ("neg", "abs", "invert")], inputs)


@INTEGERS
def test_integer_division_rounds_down(dtype):
    inputs = pairs(dtype)
    agree([operator("floordiv", inputs), operator("mod", inputs)], inputs)


@INTEGERS
def test_integer_division_by_zero_is_zero(dtype):
    inputs = {"a": np.array([5, -5, 0], dtype.numpy), "b": np.zeros(3, dtype.numpy)}
    got = all_in_c([operator("floordiv", inputs), operator("mod", inputs)], inputs)
    assert [g.tolist() for g in got] == [[0, 0, 0], [0, 0, 0]]


@INTEGERS
def test_smallest_integer_by_minus_one(dtype):
    least = -(2 ** (dtype.bits - 1))
    inputs = {"a": np.array([least], dtype.numpy), "b": np.array([-1], dtype.numpy)}
    assert in_c(operator("floordiv", inputs), inputs).tolist() == [least]
    assert in_c(operator("mod", inputs), inputs).tolist() == [0]


@INTEGERS
def test_shifts_beyond_the_width(dtype):
    a = np.repeat(np.array(EDGE[dtype], dtype.numpy), 8)
    counts = [0, 1, 5, dtype.bits - 1, dtype.bits, dtype.bits + 9, -1, -dtype.bits]
    inputs = {"a": a, "b": np.resize(np.array(counts, dtype.numpy), len(a))}
    first, second = arrays(**inputs)
    by = [second, *(Const(count, dtype) for count in counts)]
    agree([Binary(op, first, count, dtype) for op in ("lshift", "rshift") for count in by], inputs)


@INTEGERS
def test_integer_powers_wrap(dtype):
    a = np.repeat(np.array(EDGE[dtype], dtype.numpy), 7)
    inputs = {"a": a, "b": np.resize(np.array([0, 1, 2, 3, 7, 40, 63], dtype.numpy), len(a))}
    agree([operator("pow", inputs)], inputs)


@INTEGERS
def test_negative_integer_powers_truncate(dtype):
    a = np.array([1, 1, -1, -1, 2, -3, 0, 10], dtype.numpy)
    inputs = {"a": a, "b": np.array([-1, -2, -1, -2, -1, -2, -1, -100], dtype.numpy)}
    assert in_c(operator("pow", inputs), inputs).tolist() == [1, 1, -1, 1, 0, 0, 0, 0]


@INTEGERS
def test_bitwise_operators(dtype):
    inputs = pairs(dtype)
    agree([operator(op, inputs) for op in ("and", "or", "xor")], inputs)


@UNSIGNED
def test_unsigned_integers(dtype):
    inputs = pairs(dtype)
    a, b = arrays(**inputs)
    names = ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift",
             "min", "max")  # fmt: skip
    exprs = [operator(op, inputs) for op in names]
    exprs += [Unary(op, a, dtype) for op in ("neg", "abs", "invert")]
    exprs += [Binary("pow", a, Const(5, dtype), dtype), Binary("lshift", a, Const(3, dtype), dtype)]
    product = Binary("mul", Binary("mul", a, b, dtype), Binary("sub", a, b, dtype), dtype)
    exprs += [product, Comparison("<", Binary("sub", a, b, dtype), a)]
    exprs += [Binary("rshift", Binary("add", a, b, dtype), Const(3, dtype), dtype)]
    agree(exprs, inputs)


def test_indices_are_64_bit_integers():
    inputs = {"a": np.zeros(40)}
    i = Affine.name("i")
    values = (i, 3 - i * 2, (i - 20) // 7, (i - 20) % 7, (i - 20).mod(7) * 5 - i // 3)
    plain = [Index(value, i64) for value in values]
    agree(plain + [Binary("mul", e, Const(2**62, i64), i64) for e in plain], inputs)


# ---- comparison, selection, logic ----------------------------------------------------------


@NUMBERS
def test_comparisons_are_false_for_nan_but_unequal(dtype):
    inputs = pairs(dtype)
    a, b = arrays(**inputs)
    plain = [Comparison(op, a, b) for op in ("<", "<=", "==", "!=", ">=", ">")]
    agree(plain + [Unary("not", e, bool_) for e in plain], inputs)


@NUMBERS
def test_extremes_are_pythons(dtype):
    inputs = pairs(dtype)
    agree([operator("min", inputs), operator("max", inputs)], inputs)


def test_only_the_chosen_side_is_evaluated():
    inputs = {"a": np.array([0.0, 1.0]), "b": np.array([0, 1])}
    a, b = arrays(**inputs)
    divided = Binary("floordiv", Const(6, i64), b, i64)
    expr = Select(Comparison("==", a, Const(0.0, f64)), Const(9, i64), divided, i64)
    assert "? 9 : floordiv_i64(6, b[i])" in program([expr], inputs).source
    agree([expr], inputs)


def test_logic_short_circuits():
    inputs = {"a": np.array([False, False, True, True]), "b": np.array([False, True] * 2)}
    a, b = arrays(**inputs)
    both = [Logical("and", a, b), Logical("or", a, b)]
    text = program(both, inputs).source
    assert "a[i] && b[i]" in text
    assert "a[i] || b[i]" in text
    mixed = [Logical(op, x, y) for op in ("and", "or") for x in both for y in both]
    agree(both + mixed, inputs)


def test_operators_on_bools():
    inputs = {"a": np.array([False, False, True, True]), "b": np.array([False, True] * 2)}
    (a, _) = arrays(**inputs)
    two = [operator(op, inputs) for op in ("and", "or", "xor", "add", "mul", "min", "max")]
    agree([*two, Unary("invert", a, bool_), Unary("not", a, bool_)], inputs)


# ---- conversions ---------------------------------------------------------------------------


@pytest.mark.parametrize("source", [f64, f32], ids=str)
def test_floats_to_integers(source):
    inputs = edge(source)
    (a,) = arrays(**inputs)
    agree([Cast(a, i64), Cast(a, i32)], inputs)
    with np.errstate(invalid="ignore"):
        assert same_bits(in_c(Cast(a, i32), inputs), inputs["a"].astype("i4"))


def test_integer_and_back_has_no_negative_zero():
    inputs = {"a": np.array([-0.5, -0.0, 0.5, -1.5])}
    (a,) = arrays(**inputs)
    agree([Cast(Cast(a, i64), f64), Cast(Cast(a, i32), f64)], inputs)


@pytest.mark.parametrize("source", [i64, i32, bool_], ids=str)
def test_integers_to_other_types(source):
    inputs = edge(source)
    (a,) = arrays(**inputs)
    agree([Cast(a, dtype) for dtype in DTYPES], inputs)


@pytest.mark.parametrize("source", DTYPES, ids=str)
def test_conversion_to_bool(source):
    inputs = edge(source)
    (a,) = arrays(**inputs)
    agree([Cast(a, bool_)], inputs)


@pytest.mark.parametrize("source", [f64, f32])
def test_floats_to_narrow_and_unsigned_integers(source):
    inputs = edge(source)
    (a,) = arrays(**inputs)
    agree([Cast(a, t) for t in DTYPES if t.is_integer], inputs)


def test_between_floats():
    for source, dtype in ((f64, f32), (f32, f64)):
        inputs = edge(source)
        (a,) = arrays(**inputs)
        agree([Cast(a, dtype)], inputs)


# ---- functions -----------------------------------------------------------------------------

ONE = ["sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
       "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "erf",
       "erfc", "fabs"]  # fmt: skip


def test_functions_are_libms():
    rng = np.random.default_rng(4)
    inputs = {"a": np.concatenate([EDGE[f64], rng.uniform(-2, 2, 300), rng.uniform(0, 300, 300)])}
    (a,) = arrays(**inputs)
    agree([Call(name, (a,), f64) for name in ONE], inputs)


def test_functions_of_two_arguments():
    inputs = pairs(f64, 3000)
    inputs = {n: v[~np.isnan(inputs["b"])] for n, v in inputs.items()}
    names = ("pow", "atan2", "fmod", "copysign", "remainder")
    agree([Call(name, arrays(**inputs), f64) for name in names], inputs)


def test_hypot_is_pythons():
    inputs = pairs(f64, 20000)
    agree([Call("hypot", arrays(**inputs), f64)], inputs)


def test_gamma_is_close_to_pythons():
    inputs = {"a": np.random.default_rng(6).uniform(0.5, 170, 3000)}
    (a,) = arrays(**inputs)
    gamma, lgamma = all_in_c([Call(n, (a,), f64) for n in ("gamma", "lgamma")], inputs)
    for x, g, lg in zip(inputs["a"], gamma, lgamma, strict=True):
        assert abs(g - math.gamma(x)) <= 16 * math.ulp(math.gamma(x))
        assert abs(lg - math.lgamma(x)) <= 1e-13 * max(abs(math.lgamma(x)), 0.1)


def test_constants_are_not_folded_in_strict():
    rng = np.random.default_rng(5)
    inputs = {"a": np.zeros(1)}
    values = [Const(float(v), f64) for v in rng.uniform(0.1, 30, 40)]
    agree([Call(n, (v,), f64) for n in ("sin", "exp", "tanh", "log") for v in values], inputs)


def test_domain_errors_give_nan_or_infinity():
    inputs = {"a": np.array([-1.0, 0.0, 2.0, 1e9])}
    (a,) = arrays(**inputs)
    names = ("sqrt", "log", "acosh", "log10", "exp")
    got = dict(zip(names, all_in_c([Call(n, (a,), f64) for n in names], inputs), strict=True))
    assert [n for n in names if math.isnan(got[n][0])] == ["sqrt", "log", "acosh", "log10"]
    assert got["log"][1] == -math.inf
    assert got["exp"][3] == math.inf


def test_rounding_to_integers():
    inputs = edge(f64)
    (a,) = arrays(**inputs)
    names = ("floor", "ceil", "trunc")
    agree([Cast(Call(n, (a,), f64), i64) for n in names], inputs)
    agree([Call(n, (a,), i64) for n in names], inputs)


def test_tests_of_floats():
    inputs = edge(f64)
    (a,) = arrays(**inputs)
    agree([Call(n, (a,), bool_) for n in ("isnan", "isinf", "isfinite")], inputs)


# ---- the other modes -----------------------------------------------------------------------


@pytest.mark.parametrize("vector", [False, True])
def test_reassociate_keeps_nan_and_infinity(vector):
    inputs = pairs(f64)
    exprs = [operator(op, inputs) for op in ("add", "mul", "div", "min", "max")]
    got = all_in_c(exprs, inputs, "reassociate", vector, "-O3")
    assert all(same_bits(g, in_numpy(e, inputs)) for g, e in zip(got, exprs, strict=True))


def test_vector_functions_are_close():
    rng = np.random.default_rng(6)
    inputs = {"a": np.concatenate([rng.uniform(0.01, 20, 1000), [math.nan, math.inf, 0.0]])}
    (a,) = arrays(**inputs)
    names = ("sin", "cos", "exp", "log", "tanh", "cbrt", "erf", "log1p")
    exprs = [Call(name, (a,), f64) for name in names]
    text = program(exprs, inputs, "reassociate", vector=True)
    assert text.source.count('simd("notinbranch")') == len(names)
    assert text.libraries == ("mvec", "m")
    assert "simd(" not in program(exprs, inputs, "reassociate").source
    assert "simd(" not in program(exprs, inputs, "strict", vector=True).source
    for expr, got in zip(exprs, all_in_c(exprs, inputs, "reassociate", True, "-O3"), strict=True):
        wanted = in_numpy(expr, inputs)
        finite = np.isfinite(wanted)
        assert np.array_equal(got[~finite], wanted[~finite], equal_nan=True)
        error = np.abs(got[finite] - wanted[finite])
        assert np.all(error <= 4 * np.spacing(np.abs(wanted[finite])))


CHOICES = ("maximum", "minimum", "fmax", "fmin", "clip_low", "clip_high", "heaviside")


@pytest.mark.parametrize("dtype", [f64, f32])
def test_numpys_choices(dtype):
    inputs = pairs(dtype, 3000)
    a, _ = both = arrays(**inputs)
    floats = [Call(f"np.{name}", both, dtype) for name in CHOICES]
    got = all_in_c([*floats, Call("np.sign", (a,), dtype)], inputs)
    x, y = inputs["a"], inputs["b"]
    with np.errstate(all="ignore"):
        for name, values in zip(CHOICES[:4], got[:4], strict=True):
            wanted = [getattr(np, name)(p, q) for p, q in zip(x, y, strict=True)]
            assert same_bits(values, np.array(wanted))
        low = [np.clip(p, q, np.inf) for p, q in zip(x, y, strict=True)]
        high = [np.clip(p, -np.inf, q) for p, q in zip(x, y, strict=True)]
        assert same_bits(got[4], np.array(low))
        assert same_bits(got[5], np.array(high))
        assert same_bits(got[6], np.heaviside(x, y))
        assert same_bits(got[7], np.sign(x))
    whole = {f64: i64, f32: i32}[dtype]
    inputs = pairs(whole)
    a, _ = both = arrays(**inputs)
    exprs = [Call(f"np.{n}", both, whole) for n in ("gcd", "lcm")]
    gcd, lcm, sign = all_in_c([*exprs, Call("np.sign", (a,), whole)], inputs)
    with np.errstate(all="ignore"):
        assert same_bits(gcd, np.gcd(inputs["a"], inputs["b"]))
        assert same_bits(sign, np.sign(inputs["a"]))
        small = np.maximum(np.abs(inputs["a"]), np.abs(inputs["b"])) < 2**15
        assert same_bits(lcm[small], np.lcm(inputs["a"], inputs["b"])[small])


@pytest.mark.parametrize("dtype", [f64, f32])
def test_numpys_functions_are_close(dtype):
    x = np.random.default_rng(7).uniform(0.01, 0.99, 2000).astype(dtype.numpy)
    inputs = {"a": x, "b": x[::-1].copy()}
    a, _ = both = arrays(**inputs)
    names = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
             "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "atanh", "cbrt")  # fmt: skip
    one = [Call(f"np.{n}", (a,), dtype) for n in names]
    two = [Call(f"np.{n}", both, dtype) for n in ("pow", "hypot", "atan2")]
    got = all_in_c([*one, *two], inputs)
    known = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
             "atanh": "arctanh", "pow": "power", "atan2": "arctan2"}  # fmt: skip
    for name, values in zip((*names, "pow", "hypot", "atan2"), got, strict=True):
        arguments = (x, inputs["b"]) if name in ("pow", "hypot", "atan2") else (x,)
        wanted = getattr(np, known.get(name, name))(*arguments)
        assert values.dtype == wanted.dtype
        assert np.all(np.abs(values - wanted) <= 4 * np.spacing(np.abs(wanted)))


def test_every_rule_has_its_test():
    text = DOCUMENT.read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)`", text)
    folder = Path(__file__).parent
    found = "".join(p.read_text(encoding="utf-8") for p in folder.glob("test_*.py"))
    assert named
    assert not [name for name in named if f"def {name}(" not in found]
    own = set(re.findall(r"^def (test_\w+)", Path(__file__).read_text("utf-8"), re.MULTILINE))
    assert own - {"test_every_rule_has_its_test"} <= set(named)
