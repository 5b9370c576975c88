"""Random typed expressions in C against NumPy's scalars, bit for bit."""

from __future__ import annotations

import numpy as np
from build import UNDEFINED, build
from elementwise import same_bits
from evaluate import evaluate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import indices, run, scop, statement

from polyopt.emit.c import print_c
from polyopt.emit.loops import For, Loops
from polyopt.model import types
from polyopt.model.affine import Affine
from polyopt.model.expr import (
    Binary,
    Call,
    Cast,
    Comparison,
    Const,
    Index,
    Load,
    Logical,
    ScalarArg,
    Select,
    Unary,
)
from polyopt.model.types import bool_, f16, f32, f64, i32, i64

DTYPES = [dtype for dtype in types.DTYPES if dtype is not f16 and not dtype.is_complex]
"""The types that expressions of a model are computed in."""
ROWS = 60
SPECIAL = {
    f64: [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -7.25, np.nan, np.inf, -np.inf, 5e-324, -5e-324,
          1.7976931348623157e308, 2.2250738585072014e-308, 2147483648.0, -2147483649.0, 2.0**63,
          -(2.0**63), 1e19, 1e-9, 0.1, 4503599627370497.5],
    f32: [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -7.25, np.nan, np.inf, -np.inf, 1e-45, -1e-45,
          3.4028234663852886e38, 1.1754943508222875e-38, 2147483648.0, -2147483904.0, 2.0**63,
          -(2.0**63), 1e19, 1e-9, 0.1, 8388609.0],
    i64: [0, 1, -1, 2, 3, -7, 63, 64, 31, 32, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63),
          -(2**63) + 1, 2**53 + 1],
    i32: [0, 1, -1, 2, 3, -7, 31, 32, 65536, 2**31 - 1, -(2**31), -(2**31) + 1, 2**24 + 1],
    bool_: [False, True],
    **{
        t: sorted({0, 1, 2, 3, 7, 15, 16, 31, *t.limits, t.limits[0] + 1, t.limits[1] // 2 + 1})
        for t in DTYPES
        if t.is_integer and t not in (i64, i32)
    },
}  # fmt: skip
NAMES = {t: [f"{v}_{t}" for v in "ab"] for t in DTYPES}
VALUES = Affine.name("i")


AFFINES = [VALUES, VALUES + 1, 5 - VALUES, VALUES * 3 - 2, VALUES // 4, (VALUES - 9) % 7]
ARITHMETIC = {
    "f": ["add", "sub", "mul", "div", "floordiv", "mod", "pow", "min", "max"],
    "i": ["add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift", "pow",
          "min", "max"],
    "b": ["and", "or", "xor", "add", "mul", "min", "max"],
}  # fmt: skip
ARITHMETIC["u"] = ARITHMETIC["i"]
UNARY = {"f": ["neg", "abs"], "i": ["neg", "abs", "invert"], "b": ["not", "invert"]}
UNARY["u"] = UNARY["i"]
KINDS = {
    "f": ["leaf", "binary", "binary", "unary", "select", "cast", "call"],
    "i": ["leaf", "binary", "binary", "binary", "unary", "select", "cast", "call"],
    "b": ["leaf", "binary", "unary", "select", "cast", "compare", "compare", "logical"],
}
KINDS["u"] = KINDS["i"]
CHOICES = {}


def choose(draw, items):
    """One of some items, by a strategy made once."""
    key = tuple(map(repr, items))
    if key not in CHOICES:
        CHOICES[key] = st.sampled_from(items)
    return draw(CHOICES[key])


def constants(dtype):
    if dtype.kind == "b":
        return st.booleans()
    if dtype.is_integer:
        return st.sampled_from(SPECIAL[dtype]) | st.integers(*dtype.limits)
    return st.sampled_from(SPECIAL[dtype]) | st.floats(width=dtype.bits)


CONSTANTS = {t: constants(t) for t in DTYPES}
EXPONENTS = st.integers(0, 12)


def leaf(draw, dtype):
    kind = choose(draw, ["load", "load", "const", "scalar", "index"])
    if kind == "index" and dtype == i64:
        return Index(choose(draw, AFFINES), i64)
    if kind == "const":
        return Const(draw(CONSTANTS[dtype]), dtype)
    if kind == "scalar":
        return ScalarArg(f"s_{dtype}", dtype)
    return Load(choose(draw, NAMES[dtype]), indices("i"), dtype)


def expression(draw, dtype, depth):
    kind = choose(draw, KINDS[dtype.kind]) if depth else "leaf"

    def inner(t):
        return expression(draw, t, depth - 1)

    if kind == "binary":
        op = choose(draw, ARITHMETIC[dtype.kind])
        if op == "pow" and dtype.is_integer:
            return Binary(op, inner(dtype), Const(draw(EXPONENTS), dtype), dtype)
        return Binary(op, inner(dtype), inner(dtype), dtype)
    if kind == "unary":
        return Unary(choose(draw, UNARY[dtype.kind]), inner(dtype), dtype)
    if kind == "select":
        return Select(inner(bool_), inner(dtype), inner(dtype), dtype)
    if kind == "cast":
        return Cast(inner(choose(draw, [t for t in DTYPES if t != dtype])), dtype)
    if kind == "call" and dtype == f64:
        names = ["sqrt", "exp", "sin", "log", "tanh", "floor"]
        return Call(choose(draw, names), (inner(f64),), f64)
    if kind == "call" and dtype == i64:
        return Call(choose(draw, ["floor", "ceil", "trunc"]), (inner(f64),), i64)
    if kind == "compare":
        operand = choose(draw, list(DTYPES))
        relation = choose(draw, ["<", "<=", "==", "!=", ">=", ">"])
        return Comparison(relation, inner(operand), inner(operand))
    if kind == "logical":
        return Logical(choose(draw, ["and", "or"]), inner(bool_), inner(bool_))
    return leaf(draw, dtype)


@st.composite
def programs(draw):
    return [expression(draw, choose(draw, list(DTYPES)), 4) for _ in range(20)]


def inputs(seed):
    """Rows of special values in random company, some of them ordinary."""
    rng = np.random.default_rng(seed)
    arrays, scalars = {}, {}
    for dtype in DTYPES:
        pool = np.array(SPECIAL[dtype], dtype.numpy)
        for name in NAMES[dtype]:
            arrays[name] = rng.choice(pool, ROWS)
            ordinary = rng.random(ROWS) < 0.4
            least = 0 if dtype.kind == "u" else -9
            arrays[name][ordinary] = rng.uniform(least, 9, ROWS)[ordinary].astype(dtype.numpy)
        scalars[f"s_{dtype}"] = rng.choice(pool).item()
    return arrays, scalars


def check(exprs, seed, *flags):
    arrays, scalars = inputs(seed)
    outputs = {f"out{k}": e.dtype for k, e in enumerate(exprs)}
    statements = [
        statement(f"S{k + 1}", "i", f"out{k}", indices("i"), e) for k, e in enumerate(exprs)
    ]
    shapes = {n: (t, ("n",)) for t in DTYPES for n in NAMES[t]}
    shapes |= {n: (t, ("n",)) for n, t in outputs.items()}
    model = scop(statements, shapes, scalars={f"s_{t}": t for t in DTYPES}, parameters="n")
    body = tuple(run(s.name, "i") for s in statements)
    loops = Loops((For("i", Affine(), Affine.name("n"), 1, body, "i"),))
    program = print_c(model, loops, (), "strict", False, "kernel")
    results = {n: np.zeros(ROWS, t.numpy) for n, t in outputs.items()}
    call = build(program, "-w", *flags)
    passed = [*scalars.values(), *arrays.values(), *results.values()]
    assert call(ROWS, *passed) == 0
    for k, expr in enumerate(exprs):
        wanted = np.array(
            [
                evaluate(expr, {**scalars, "i": i}, lambda name, s: arrays[name][s[0]])
                for i in range(ROWS)
            ],
            expr.dtype.numpy,
        )
        got = results[f"out{k}"]
        lines = [x for x in program.source.split("\n") if f"out{k}[i] " in x]
        assert same_bits(got, wanted), (lines, got, wanted)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.integers(0, 2**32))
def test_expressions_have_numpys_bits(exprs, seed):
    check(exprs, seed)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.integers(0, 2**32))
def test_expressions_have_no_undefined_behaviour(exprs, seed):
    check(exprs, seed, *UNDEFINED)
