"""Loops, promoted blocks, local arrays and checks, compiled and run."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from build import UNDEFINED, build
from models import at, indices, load, run, scop, statement

from polyopt.emit.c import print_c
from polyopt.emit.loops import Comment, For, If, Instance, Loops, Promote
from polyopt.emit.program import Check
from polyopt.emit.target import CTarget
from polyopt.model.affine import Affine, All, Any, Compare, Not, extreme
from polyopt.model.expr import Binary, Comparison, Const, Index, ScalarArg
from polyopt.model.types import bool_, f32, f64, i32, i64

ZERO = Affine()
I, J, K, N, M = (Affine.name(x) for x in "ijknm")


def loop(variable, upper, *body, lower=ZERO, step=1, **marks):
    return For(variable, lower, upper, step, body, marks.pop("loop", variable), **marks)


def printed(model, *body, checks=(), fp="strict", openmp=False, unused=(), target=None):
    options = (target,) if target else ()
    return print_c(model, Loops(body, unused), checks, fp, openmp, model.name, *options)


def add(left, right, dtype=f64):
    return Binary("add", left, right, dtype)


def iota(subscript="i"):
    """`x[i] = 10 * i + 1` over a vector of n."""
    value = Index(Affine.name(subscript) * 10 + 1, i64)
    store = statement("S1", subscript, "x", indices(subscript), value)
    return scop([store], {"x": (i64, ("n",))}, parameters="n")


def filled(body, n=20):
    x = np.zeros(n, "i8")
    assert build(printed(iota(), *body))(n, x) == 0
    return x


def touched(*points, n=20):
    x = np.zeros(n, "i8")
    x[list(points)] = np.array(points) * 10 + 1
    return x


# ---- bounds, steps, guards -----------------------------------------------------------------


def test_steps_and_bounds():
    assert np.array_equal(
        filled([loop("i", N - 1, run("S1", "i"), lower=N - 15, step=4)]), touched(5, 9, 13, 17)
    )
    assert not filled([loop("i", ZERO - 3, run("S1", "i"))]).any()


def test_tiles_visit_every_point_once():
    tile = loop("i", extreme("min", [N, Affine.name("i_tile") + 8]), run("S1", "i"),
                lower=Affine.name("i_tile"))  # fmt: skip
    assert np.array_equal(filled([loop("i_tile", N, tile, step=8)]), touched(*range(20)))


def test_floors_remainders_and_extremes_in_bounds_and_values():
    upper = extreme("min", [N // 3, (N * 2).mod(7) + 9, N])
    lower = extreme("max", [ZERO - 4, (N - 50) // 7])
    value = I + 5
    assert np.array_equal(
        filled([loop("i", upper, run("S1", value), lower=lower)]),
        touched(*[i + 5 for i in range(max(-4, -30 // 7), min(20 // 3, 40 % 7 + 9))]),
    )


def test_exact_floors_print_as_plain_operators():
    exact = (I + 1).floordiv(2, exact=True) + I.mod(2, exact=True) * 8
    text = printed(iota(), loop("i", N, run("S1", exact))).source
    assert "x[8 * (i % 2) + (i + 1) / 2]" in text
    assert "floord" not in text
    points = {(i + 1) // 2 + 8 * (i % 2) for i in range(10)}
    assert np.array_equal(filled([loop("i", ZERO + 10, run("S1", exact))]), touched(*points))


def test_guards():
    odd = Compare("==", I.mod(2), Affine.integer(1))
    late = Compare(">=", I * 2, N)
    either = If(
        All((Any((odd, late)), Not(Compare("==", I, N - 1)))),
        (run("S1", "i"),),
        (If(Compare("<=", I, ZERO), (run("S1", "i"),)),),
    )
    assert np.array_equal(
        filled([loop("i", N, either)]),
        touched(*[i for i in range(20) if (i != 19 and (i % 2 or i >= 10)) or i == 0]),
    )


def test_conditions_are_printed_without_needless_ones():
    body = [
        If(Compare(">=", N - I - 1, ZERO), (run("S1", "i"),)),
        If(Compare("<=", I + 1, N), (run("S1", "i"),)),
        If(Compare(">", N * 2 - I - 3, J - 1), (run("S1", "i"),)),
    ]
    text = printed(iota(), loop("i", N, loop("j", N, *body))).source
    assert "if (n > i)" in text
    assert "if (i < n)" in text
    assert "if (2 * n > i + j + 2)" in text


def test_long_bounds_are_computed_before_the_loop():
    upper = extreme("min", [N, (I * 32 + 32).floordiv(3), (I * 7 - 5).floordiv(11) + N, I + 64])
    text = printed(iota(), loop("i", N, loop("j", upper, run("S1", "j")))).source
    assert "const int64_t j_end =" in text
    assert "j < j_end;" in text


def test_unrolling_pragmas():
    inner = loop("j", I + 4, run("S1", "j"), lower=I, unroll=-1)
    text = printed(iota(), loop("i", N - 4, inner, unroll=2, step=4)).source
    assert text.index("GCC unroll 2") < text.index("GCC unroll 4")
    assert np.array_equal(filled([loop("i", N - 3, inner, unroll=2, step=4)]), touched(*range(20)))


# ---- names ---------------------------------------------------------------------------------


def test_names_that_c_has_taken_are_changed():
    value = add(ScalarArg("double", f64), load("exp", "int"))
    store = statement("S1", "int", "exp", indices("int"), value)
    model = scop([store], {"exp": (f64, ("long",))}, scalars={"double": f64}, parameters="long",
                 name="main")  # fmt: skip
    program = printed(model, loop("int", Affine.name("long"), run("S1", "int")))
    exp = np.arange(3.0)
    assert program.symbol == "main_"
    assert [a.name for a in program.arguments] == ["long", "double", "exp"]
    assert build(program)(3, 0.5, exp) == 0
    assert exp.tolist() == [0.5, 1.5, 2.5]


def test_an_array_and_a_loop_variable_may_share_a_name():
    store = statement("S1", "x", "x", indices("x"), Index(Affine.name("x"), i64))
    model = scop([store], {"x": (i64, ("n",))}, parameters="n")
    x = np.zeros(4, "i8")
    assert build(printed(model, loop("x", N, run("S1", "x"))))(4, x) == 0
    assert x.tolist() == [0, 1, 2, 3]


def test_names_outside_ascii():
    store = statement("S1", "µ", "ψ", indices("µ"), Const(2.0, f64), text="ψ[µ] = 2.0")
    model = scop([store], {"ψ": (f64, ("größe",))}, parameters="größe", name="schrödinger")
    x = np.zeros(3)
    assert build(printed(model, loop("µ", Affine.name("größe"), run("S1", "µ"))))(3, x) == 0
    assert (x == 2).all()


def test_comments_cannot_be_ended_from_within():
    store = statement("S1", "i", "x", indices("i"), Const(1, i64), text="x[i] = 1  # */ oh /* no")
    model = scop([store], {"x": (i64, ("n",))}, parameters="n")
    body = loop("i", N, Comment("a */ b", at(3)), run("S1", "i"))
    assert build(printed(model, body))(0, np.zeros(0, "i8")) == 0


# ---- statements ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [f64, f32, i64, i32], ids=str)
@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_updates_in_place(dtype, op):
    value = Binary(op, load("x", "i", dtype=dtype), load("y", "i", dtype=dtype), dtype)
    model = scop(
        [statement("S1", "i", "x", indices("i"), value)],
        {"x": (dtype, ("n",)), "y": (dtype, ("n",))},
        parameters="n",
    )
    program = printed(model, loop("i", N, run("S1", "i")))
    sign = {"add": "+", "sub": "-", "mul": "*"}[op]
    assert f"x[i] {sign}= " in program.source
    big = 2 ** (dtype.bits - 1) - 1 if dtype.kind == "i" else 1e30
    x, y = (np.array(v, dtype.numpy) for v in ([1, 3, big, -7], [2, -5, big, 9]))
    with np.errstate(all="ignore"):
        wanted = {"add": x + y, "sub": x - y, "mul": x * y}[op]
    assert build(program)(4, x, y) == 0
    assert np.array_equal(x, wanted)


def test_an_update_of_another_element_is_written_out():
    model = scop(
        [statement("S1", "i", "x", indices("i"), add(load("x", I - 1), load("x", "i")))],
        {"x": (f64, ("n",))},
        parameters="n",
    )
    assert "x[i] = x[i - 1] + x[i];" in printed(model, loop("i", N, run("S1", "i"))).source


def test_data_guards():
    guard = Comparison(">", load("x", "i"), Const(0.0, f64))
    model = scop(
        [statement("S1", "i", "y", indices("i"), load("x", "i"), guard)],
        {"x": (f64, ("n",)), "y": (f64, ("n",))},
        parameters="n",
    )
    y = np.zeros(4)
    assert (
        build(printed(model, loop("i", N, run("S1", "i"))))(4, np.array([1, -1, math.nan, 2.0]), y)
        == 0
    )
    assert y.tolist() == [1, 0, 0, 2]


def test_iterators_take_the_instances_values():
    model = scop(
        [statement("S1", "a b", "x", indices("a", "b"), Index(Affine.name("a") * 10 + "b", i64))],
        {"x": (i64, ("n", "m"))},
        parameters="n m",
    )
    body = loop("i", N + M - 1, loop("j", extreme("min", [M, I + 1]), run("S1", I - J, "j"),
                lower=extreme("max", [ZERO, I - N + 1])))  # fmt: skip
    x = np.zeros((3, 4), "i8")
    assert build(printed(model, body))(3, 4, x) == 0
    assert np.array_equal(x, np.add.outer(np.arange(3) * 10, np.arange(4)))


# ---- parallel and vector loops -------------------------------------------------------------


def matrix_vector():
    """`y[i] += A[i, j] * x[j]`."""
    product = Binary("mul", load("A", "i", "j"), load("x", "j"), f64)
    return scop(
        [statement("S1", "i j", "y", indices("i"), add(load("y", "i"), product))],
        {"y": (f64, ("n",)), "A": (f64, ("n", "m")), "x": (f64, ("m",))},
        parameters="n m",
    )


@pytest.mark.parametrize("openmp", [True, False])
def test_a_parallel_loop_is_a_function_with_restrict(openmp):
    body = loop("i", N, loop("j", M, run("S1", "i", "j")), parallel=True, work=(N, M), work_scale=2)
    program = printed(matrix_vector(), body, openmp=openmp, target=CTarget(parallel_threshold=10))
    assert "static void kernel_i(int64_t i, int64_t m, double *restrict y," in program.source
    assert "const double *restrict x" in program.source
    assert ("#pragma omp parallel for schedule(static)" in program.source) == openmp
    assert ("(double)n * m * 2 > 10)" in program.source) == openmp
    rng = np.random.default_rng(0)
    y, a, x = rng.random(5), rng.random((5, 7)), rng.random(7)
    wanted = np.array([reduce(lambda s, p: s + p, a[i] * x, y[i]) for i in range(5)])
    assert build(program)(5, 7, y, a, x) == 0
    assert np.array_equal(y, wanted)


def test_uneven_iterations_are_dealt_out_dynamically():
    triangle = loop("i", N, loop("j", I + 1, run("S1", "i", "j")), parallel=True)
    tile = loop(
        "i", extreme("min", [N, K * 32 + 32]), loop("j", M, run("S1", "i", "j")), lower=K * 32
    )
    assert "schedule(dynamic)" in printed(matrix_vector(), triangle, openmp=True).source
    tiles = loop("k", N.floordiv(32), tile, parallel=True)
    assert "schedule(static)" in printed(matrix_vector(), tiles, openmp=True).source


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 2049, 5000])
@pytest.mark.parametrize("step", [1, 3])
def test_flat_parallel_loops_run_in_chunks(n, step):
    body = loop("i", N, run("S1", "i"), parallel=True, vector=True, step=step)
    program = printed(iota(), body, openmp=True)
    assert "for (int64_t i = i_from; i < min(n, i_from + " in program.source
    x = np.zeros(n, "i8")
    assert build(program)(n, x) == 0
    assert np.array_equal(x, touched(*range(0, n, step), n=n))


@pytest.mark.parametrize(("written_out", "chunk"), [(True, 512), (False, 64)])
def test_loops_inside_that_are_written_out_make_no_chunk_short(written_out, chunk):
    short = loop("j", ZERO + 4, run("S1", "i"), unroll=-1 if written_out else 0)
    body = loop("i", N, short, parallel=True, vector=True)
    program = printed(iota(), body, openmp=True)
    assert f"i_from += {chunk})" in program.source
    x = np.zeros(1000, "i8")
    assert build(program)(1000, x) == 0
    assert np.array_equal(x, touched(*range(1000), n=1000))


def test_a_scalar_shared_with_a_parallel_loop():
    """A scalar local read in the loop is passed by value; one written there, by its address."""
    statements = [
        statement("S1", "", "s", (), load("x", 0)),
        statement("S2", "i", "x", indices("i"), add(load("x", "i"), load("s"))),
        statement("S3", "i", "s", (), load("x", "i")),
        statement("S4", "", "x", indices(0), load("s")),
    ]
    model = scop(statements, {"x": (f64, ("n",))}, {"s": (f64, ())}, parameters="n")
    last = If(Compare("==", I, N - 1), (run("S3", "i"),))
    inner = loop("j", ZERO + 1, run("S2", "i"))
    body = (
        run("S1"),
        loop("i", N, inner, parallel=True, loop="first"),
        loop("i", N, last, loop("j", ZERO), parallel=True, loop="second"),
        run("S4"),
    )
    program = printed(model, *body, openmp=True)
    assert "kernel_first(int64_t i, double *restrict x, double s)" in program.source
    assert "kernel_second(i, n, x, &s)" in program.source
    x = np.array([1.0, 2.0, 3.0])
    assert build(program)(3, x) == 0
    assert x.tolist() == [4.0, 3.0, 4.0]


def total(dtype, op):
    """`s[0] = s[0] op x[i]`."""
    value = Binary(op, load("s", 0, dtype=dtype), load("x", "i", dtype=dtype), dtype)
    return scop(
        [statement("S1", "i", "s", indices(0), value)],
        {"s": (dtype, (1,)), "x": (dtype, ("n",))},
        parameters="n",
    )


def reduced(op):
    inner = loop("i", N, run("S1", "i"), vector=True)
    return Promote("s", "acc", indices(0), (1,), (inner,), load=True, store=True, reduction=op)


@pytest.mark.parametrize("dtype", [i64, i32], ids=str)
def test_integer_reductions_wrap_in_any_order(dtype):
    rng = np.random.default_rng(1)
    half = 2 ** (dtype.bits - 1)
    x = rng.integers(-half, half, 137).astype(dtype.numpy)
    with np.errstate(all="ignore"):
        wanted = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum,
                  "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}  # fmt: skip
        for op, function in wanted.items():
            s = np.array([5], dtype.numpy)
            result = reduce(function, x, s[0])
            program = printed(total(dtype, op), reduced(op))
            assert "#pragma omp simd" in program.source
            assert build(program)(137, s, x) == 0
            assert s[0] == result, op


@pytest.mark.parametrize("op", ["and", "or", "xor"])
def test_reductions_of_bools(op):
    call = build(printed(total(bool_, op), reduced(op)))
    function = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[op]
    for x in (np.ones(77, "?"), np.zeros(77, "?"), np.arange(77) % 3 == 0):
        for first in (True, False):
            s = np.array([first])
            assert call(77, s, x) == 0
            assert s[0] == reduce(function, x, first)


@pytest.mark.parametrize("dtype", [f64, f32], ids=str)
@pytest.mark.parametrize("op", ["min", "max"])
def test_float_extremes_keep_pythons_nan(dtype, op):
    call = build(printed(total(dtype, op), reduced(op), fp="reassociate"), level="-O3")
    rng = np.random.default_rng(2)
    special = np.array([math.nan, math.inf, -math.inf, 1, 2, -3, 0.5], dtype.numpy)
    python = {"min": min, "max": max}[op]
    for _ in range(300):
        x = rng.choice(special, rng.integers(0, 70))
        s = rng.choice(special, 1)
        wanted = reduce(python, x, s[0])
        assert call(len(x), s, x) == 0
        assert np.array_equal(s[0], wanted, equal_nan=True)


def test_float_sums_are_accumulated_by_lanes():
    """The order of the sum is the text's: whole groups of 16 by lane, the rest one by one."""
    program = printed(total(f64, "add"), reduced("add"), fp="reassociate")
    assert "acc_lanes[i_lane] += x[i + i_lane];" in program.source
    call = build(program, level="-O3")
    rng = np.random.default_rng(3)
    for n in (0, 1, 15, 16, 17, 1000):
        x, s = rng.random(n), rng.random(1)
        wanted, whole = s[0], n // 16 * 16
        lanes = np.zeros(16)
        for row in x[:whole].reshape(-1, 16):
            lanes += row
        for part in (*lanes, *x[whole:]):
            wanted += part
        assert call(n, s, x) == 0
        assert s[0] == wanted


def test_a_sum_with_inner_loops_is_left_to_openmp():
    inner = loop("j", M, run("S1", "i", "j"))
    outer = loop("i", N, inner, vector=True)
    block = Promote("y", "acc", indices(0), (1,), (outer,), True, True, "add")
    product = Binary("mul", load("A", "i", "j"), load("x", "j"), f64)
    model = scop(
        [statement("S1", "i j", "y", indices(0), add(load("y", 0), product))],
        {"y": (f64, (1,)), "A": (f64, ("n", "m")), "x": (f64, ("m",))},
        parameters="n m",
    )
    program = printed(model, block, fp="reassociate")
    assert "#pragma omp simd reduction(+:acc)" in program.source
    rng = np.random.default_rng(4)
    y, a, x = np.zeros(1), rng.random((30, 7)), rng.random(7)
    assert build(program)(30, 7, y, a, x) == 0
    assert np.isclose(y[0], (a @ x).sum())


# ---- promoted blocks -----------------------------------------------------------------------


def gemm():
    """`C[i, j] += A[i, k] * B[k, j]`."""
    product = Binary("mul", load("A", "i", "k"), load("B", "k", "j"), f64)
    return scop(
        [statement("S1", "i j k", "C", indices("i", "j"), add(load("C", "i", "j"), product))],
        {"C": (f64, ("n", "m")), "A": (f64, ("n", "p")), "B": (f64, ("p", "m"))},
        parameters="n m p",
    )


def test_a_block_of_an_array_in_a_local_array():
    it, jt = Affine.name("i_tile"), Affine.name("j_tile")
    point = loop("i", it + 4, loop("j", jt + 8, run("S1", "i", "j", "k"), lower=jt, vector=True),
                 lower=it, unroll=-1)  # fmt: skip
    block = Promote("C", "acc", (it, jt), (4, 8), (loop("k", Affine.name("p"), point),), True, True)
    body = loop("i_tile", N, loop("j_tile", M, block, step=8), step=4, parallel=True, work=(N, M))
    program = printed(gemm(), body, openmp=True)
    assert "double acc[4][8];" in program.source
    assert "acc[i - i_tile][j - j_tile] += A[i][k] * B[k][j];" in program.source
    rng = np.random.default_rng(4)
    c, a, b = rng.random((8, 16)), rng.random((8, 5)), rng.random((5, 16))
    wanted = c.copy()
    for k in range(5):
        wanted += np.outer(a[:, k], b[k])
    assert build(program)(8, 16, 5, c, a, b) == 0
    assert np.array_equal(c, wanted)


def test_a_block_with_one_row():
    update = loop("k", Affine.name("p"), loop("j", ZERO + 8, run("S1", "i", "j", "k")))
    block = Promote("C", "row", (I, ZERO), (1, 8), (update,), True, True)
    program = printed(gemm(), loop("i", N, block))
    assert "row[j] += A[i][k] * B[k][j];" in program.source
    rng = np.random.default_rng(5)
    c, a, b = np.zeros((3, 8)), rng.random((3, 5)), rng.random((5, 8))
    assert build(program)(3, 8, 5, c, a, b) == 0
    assert np.allclose(c, a @ b)


def test_a_block_around_a_parallel_loop_is_passed_to_its_function():
    inner = loop("i", N, loop("j", ZERO + 8, loop("k", Affine.name("p"), run("S1", "i", "j", "k"))),
                 parallel=True)  # fmt: skip
    block = Promote("B", "panel", (ZERO, ZERO), (4, 8), (inner,), True, False)
    program = printed(gemm(), block, openmp=True)
    assert "const double (*restrict panel)[8]" in program.source
    rng = np.random.default_rng(6)
    c, a, b = np.zeros((3, 8)), rng.random((3, 4)), rng.random((4, 8))
    assert build(program)(3, 8, 4, c, a, b) == 0
    assert np.allclose(c, a @ b)


def test_only_the_named_accesses_go_to_a_block():
    """`x[0] = x[0] + x[i]` with x[0] alone in a register."""
    model = scop(
        [statement("S1", "i", "x", indices(0), add(load("x", 0), load("x", "i")))],
        {"x": (f64, ("n",))},
        parameters="n",
    )
    inner = loop("i", N, run("S1", "i"), lower=ZERO + 1)
    target = (("S1", indices(0)),)
    block = Promote("x", "first", indices(0), (1,), (inner,), True, True, None, target)
    program = printed(model, block)
    assert "first += x[i];" in program.source
    x = np.arange(1.0, 6.0)
    assert build(program)(5, x) == 0
    assert x.tolist() == [15, 2, 3, 4, 5]


def test_a_private_scalar_needs_no_storage():
    statements = [
        statement("S1", "i", "t", indices("i"), load("x", "i")),
        statement("S2", "i", "x", indices("i"), add(load("t", "i"), load("t", "i"))),
    ]
    model = scop(statements, {"x": (f64, ("n",))}, {"t": (f64, ("n",))}, parameters="n")
    block = Promote("t", "t", (I,), (1,), (run("S1", "i"), run("S2", "i")), False, False)
    program = printed(model, loop("i", N, block, parallel=True), unused=("t",), openmp=True)
    assert "double t = x[i];" in program.source
    assert "scratch" not in program.source
    x = np.arange(4.0)
    assert build(program)(4, x) == 0
    assert x.tolist() == [0, 2, 4, 6]


def test_scalars_that_are_never_read_are_no_warning():
    statements = [
        statement("S1", "i", "t", indices("i"), load("x", "i")),
        statement("S2", "i", "s", (), load("x", "i")),
    ]
    locals_ = {"t": (f64, ("n",)), "s": (f64, ())}
    model = scop(statements, {"x": (f64, ("n",))}, locals_, parameters="n")
    block = Promote("t", "t", (I,), (1,), (run("S1", "i"),), False, False)
    body = loop("i", N, block, run("S2", "i"))
    assert build(printed(model, body, unused=("t",)))(3, np.zeros(3)) == 0


def test_nested_blocks():
    inner = Promote(
        "A", "a", (I, K), (1, 1), (loop("j", M, run("S1", "i", "j", "k")),), True, False
    )
    outer = Promote(
        "C", "row", (I, ZERO), (1, 8), (loop("k", Affine.name("p"), inner),), True, True
    )
    program = printed(gemm(), loop("i", N, outer))
    assert "double a = A[i][k];" in program.source
    assert "row[j] += a * B[k][j];" in program.source
    rng = np.random.default_rng(8)
    c, a, b = np.zeros((3, 8)), rng.random((3, 5)), rng.random((5, 8))
    assert build(program)(3, 8, 5, c, a, b) == 0
    assert np.allclose(c, a @ b)


# ---- local arrays, sizes, checks -----------------------------------------------------------


def through_local(shape=("n", "m")):
    """`t[i, j] = x[i, j]; x[i, j] = t[i, j] + 1`, t local."""
    statements = [
        statement("S1", "i j", "t", indices("i", "j"), load("x", "i", "j")),
        statement("S2", "i j", "x", indices("i", "j"), add(load("t", "i", "j"), Const(1.0, f64))),
    ]
    return scop(statements, {"x": (f64, ("n", "m"))}, {"t": (f64, shape)}, parameters="n m")


def both(*marks):
    flags = dict.fromkeys(marks, True)
    return [loop("i", N, loop("j", M, run(s, "i", "j")), **flags, loop=s) for s in ("S1", "S2")]


@pytest.mark.parametrize("size", [(3, 4), (0, 4), (3, 0), (0, 0), (1, 1)])
@pytest.mark.parametrize("openmp", [True, False])
def test_local_arrays_of_any_size(size, openmp):
    program = printed(through_local(), *both("parallel"), openmp=openmp)
    x = np.zeros(size)
    assert build(program)(*size, x) == 0
    assert (x == 1).all()


def test_a_local_array_that_does_not_fit_fails_before_anything_is_touched():
    call = build(printed(through_local(("n", N * 2**40)), *both()))
    for n in (2**12, 2**40, 2**62):
        x = np.zeros((2, 3))
        assert call(n, 3, x) == -1
        assert not x.any()


@pytest.mark.parametrize("size", [(0, 3, 2), (3, 0, 2), (3, 2, 0), (0, 0, 0), (2, 3, 4)])
def test_empty_arrays(size):
    n, m, p = size
    body = loop("i", N, loop("j", M, loop("k", Affine.name("p"), run("S1", "i", "j", "k"))))
    rng = np.random.default_rng(9)
    c, a, b = np.zeros((n, m)), rng.random((n, p)), rng.random((p, m))
    assert build(printed(gemm(), body), *UNDEFINED)(n, m, p, c, a, b) == 0
    assert np.allclose(c, a @ b)


def test_checks_come_first_and_are_numbered():
    conditions = [
        Compare("<=", N, M),
        All((Compare(">=", N, ZERO + 1), Compare("!=", M, ZERO + 7))),
    ]
    checks = tuple(Check(c, "bounds", "", at(1)) for c in conditions)
    call = build(printed(through_local(), *both(), checks=checks))
    x = np.zeros((3, 7))
    assert [call(*s, x) for s in ((4, 3), (0, 3), (2, 7))] == [1, 2, 2]
    assert not x.any()
    assert call(2, 3, x) == 0


def test_checks_do_not_overflow():
    checks = (Check(Compare("<=", N * 2 + 5, M), "bounds", "", at(1)),)
    call = build(printed(iota_of_two(), checks=checks))
    assert call(2**62, 10) == 1
    assert call(2**63 - 1, -10) == 1
    assert call(-(2**63), -(2**63)) == 0
    assert call(1, 7) == 0


def iota_of_two():
    return scop([], {}, parameters="n m")


def test_unused_arguments_are_no_warning():
    model = scop([], {"x": (f64, ("n", "m"))}, scalars={"s": f64}, parameters="n m")
    assert build(printed(model))(2, 3, 0.5, np.zeros((2, 3))) == 0


def test_instances_without_iterators():
    model = scop([statement("S1", "", "x", indices(0), Const(2.5, f64))], {"x": (f64, (1,))})
    x = np.zeros(1)
    assert build(printed(model, Instance("S1", ())))(x) == 0
    assert x[0] == 2.5
