"""Every construct of the kernel language means what Python means by it."""

# Kernels here are written in every form:
# ruff: noqa: B007, F821, SIM108

import math

import numpy as np
import pytest
from parsing import define, floats, integers, nest_of, same_as_python

import polyopt as po
from polyopt.frontend.parse import parse
from polyopt.frontend.source import FunctionSource
from polyopt.model.nest import Assign, Branch, Loop
from polyopt.model.types import ArrayType, ScalarType

SCALE = 3
HALF = 0.5
FLAG = True
OFFSET = np.int64(2)


def kinds(nest):
    """The kinds of the nest's top nodes, as one word each."""
    return [type(node).__name__ for node in nest.body]


# ---- loops -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 7])
@pytest.mark.parametrize(
    "bounds",
    ["n", "1, n", "n - 1, -1, -1", "0, n, 2", "1, n, 3", "n, 0, -2", "n - 1, 0, -3", "-n, n, 1"],
)
def test_ranges(n, bounds):
    f = define(
        f"""
        def f(n, out):
            k = 0
            for i in range({bounds}):
                out[k % 8] = i
                k += 1
    """.replace("out[k % 8]", "out[i + 8]")
    )
    same_as_python(f, n, np.zeros(16))


@pytest.mark.parametrize("n", [0, 1, 5, 8])
def test_bounds_with_min_max_and_floors(n):
    def f(n, A):
        for i in range(max(0, n - 6), min(n, 5)):
            for j in range(i // 2, (n + i) // 2):
                for k in range(j % 3, min(j, n - 1, i + 2)):
                    A[i, j] += k

    same_as_python(f, n, floats(8, 8))


def test_bounds_by_negative_divisors_and_shifts():
    def f(n, v):
        for i in range(-(n // -2)):
            v[i] += n % -3
        for i in range(n >> 1, 1 << 3):
            v[i] *= 2**2

    same_as_python(f, 7, floats(8))


def test_negative_step_keeps_python_bounds():
    def f(n, v):
        for i in range(n - 1, 0, -2):
            v[i] = v[i - 1]

    (loop,) = same_as_python(f, 6, floats(6)).body
    assert (str(loop.lower), str(loop.upper), loop.step) == ("n - 1", "0", -2)


def test_two_loops_may_share_a_variable_and_reuse_a_name():
    def f(n, v):
        i = n - 1
        v[i] = 5
        for i in range(n):
            v[i] += 1
        for i in range(n):
            v[i] *= i
        i = 0
        v[i] = 7

    same_as_python(f, 4, floats(4))


def test_an_empty_loop_is_dropped():
    def f(n, v):
        for i in range(n):
            pass
        v[0] = 1

    assert kinds(same_as_python(f, 3, floats(3))) == ["Assign"]


# ---- sizes and names of sizes ------------------------------------------------------------------


def test_every_form_of_an_extent():
    def f(A, B, v):
        n, m = A.shape
        p = B.shape[-1]
        (k,) = v.shape
        q = len(v)
        for i in range(n):
            for j in range(min(m, p)):
                A[i, j] = B.shape[0] + k + q + v.size + A.ndim + p

    nest = same_as_python(f, floats(3, 4), floats(5, 3), floats(6))
    assert [p.name for p in nest.parameters] == ["n", "m", "B_shape0", "p", "k"]


def test_pairs_of_extents_name_parameters():
    def f(A, B):
        n, m = A.shape[0], B.shape[1]
        for i in range(n):
            for j in range(m):
                A[i, 0] += B[i, j]

    nest = same_as_python(f, floats(3, 1), floats(3, 2))
    assert [p.name for p in nest.parameters] == ["n", "A_shape1", "B_shape0", "m"]


def test_only_plain_single_namings_name_a_parameter():
    def f(A, v):
        n = A.shape[0]
        n = n - 1
        _, m = A.shape
        for i in range(n):
            k = v.shape[0]
            v[k - 1] += A[i, m - 1]

    nest = same_as_python(f, floats(3, 4), floats(5))
    assert [p.name for p in nest.parameters] == ["A_shape0", "m", "v_shape0"]


def test_parameter_names_avoid_locals():
    def f(v):
        v_shape0 = 0.5
        for i in range(v.shape[0]):
            v[i] = v_shape0

    nest = same_as_python(f, floats(3))
    assert [p.name for p in nest.parameters] == ["v_shape0_"]


def test_named_affine_sums_are_substituted():
    def f(n, A):
        m = n - 1
        half = m // 2
        for i in range(half, m):
            up = i - half
            for j in range(up, m):
                jj = j + 1
                A[i, jj] = A[up, j] + jj

    nest = same_as_python(f, 6, floats(6, 6))
    assert not [a for a in nest.arrays if a.kind == "local"]


def test_an_integer_argument_may_be_lowered():
    def f(n, v):
        n -= 1
        n = n - 1
        for i in range(n):
            v[i] = n

    nest = same_as_python(f, 6, floats(6))
    assert str(nest.body[0].upper) == "n - 2"


def test_a_counter_is_data():
    def f(n, v, count):
        c = 0
        for i in range(n):
            if v[i] > 0:
                c += 1
        count[0] = c

    nest = same_as_python(f, 9, floats(9), np.zeros(1, np.int64))
    assert nest.array("c").dtype is po.i64


def test_an_integer_argument_may_count():
    def f(n, v):
        for i in range(4):
            n = n + i * i
            v[i] = n

    nest = same_as_python(f, 9, floats(4))
    assert [a.name for a in nest.arrays if a.kind == "local"] == ["n_local"]


def test_a_value_carried_round_a_loop():
    def f(v, out):
        last = 0.0
        for i in range(len(v)):
            if i > 0:
                out[i] = before
            before = v[i] + last
            last = before * 0.5

    same_as_python(f, floats(5), np.zeros(5))


def test_a_size_named_in_a_branch_is_data_after_it():
    def f(n, v):
        if n > 3:
            m = n
        else:
            m = 3 - n
        for i in range(n):
            v[i] += m

    same_as_python(f, 5, floats(5))
    same_as_python(f, 2, floats(2))


# ---- scalars -----------------------------------------------------------------------------------


def test_scalar_arguments_may_be_assigned():
    def f(alpha, flag, v):
        alpha = alpha * 2
        for i in range(len(v)):
            if flag:
                v[i] *= alpha
            flag = v[i] > 0

    nest = same_as_python(f, 1.5, True, floats(5))
    assert [a.name for a in nest.arrays if a.kind == "local"] == ["alpha_local", "flag_local"]


def test_tuple_assignment_swaps():
    def f(v):
        a, b = 0.0, 1.0
        for i in range(len(v)):
            a, b = b, a + b
            v[i], v[0] = v[0] + a, v[i]

    same_as_python(f, floats(6))


def test_a_tuple_assignment_without_a_clash_needs_no_temporary():
    def f(v, w):
        for i in range(len(v)):
            a, b = v[i], w[i]
            v[i] = b
            w[i] = a

    nest = same_as_python(f, floats(4), floats(4, seed=2))
    assert {a.name for a in nest.arrays} == {"v", "w", "a", "b"}


def test_chained_assignment():
    def f(v, w):
        for i in range(len(v)):
            a = w[i] = b = v[i] * 0.1
            v[i] = a + b
        c = d = 0
        v[c] = d

    same_as_python(f, floats(4), np.zeros(4, np.float32))


def test_annotated_assignment():
    def f(v):
        s: float = 0.0
        for i in range(len(v)):
            s += v[i]
        v[0] = s

    same_as_python(f, floats(4))


def test_augmented_assignments():
    def f(v, I):
        for i in range(len(v)):
            v[i] += 1.5
            v[i] -= 0.5
            v[i] *= v[i]
            v[i] /= 3
            v[i] //= 0.25
            v[i] %= 0.75
            v[i] **= 2
            I[i] <<= 2
            I[i] >>= 1
            I[i] |= 1
            I[i] &= 13
            I[i] ^= 5
            I[i] //= 2
            I[i] %= 3

    same_as_python(f, floats(6), integers(6))


# ---- elements ----------------------------------------------------------------------------------


def test_constant_negative_subscripts_count_from_the_end():
    def f(A, v):
        A[-1, 0] = v[-2]
        A[0][-2] = v[-SCALE]

    nest = same_as_python(f, floats(3, 3), floats(4))
    assert str(nest.body[0].subscripts[0]) == "A_shape0 - 1"


def test_rows_of_rows():
    def f(A):
        for i in range(A.shape[0]):
            A[i][1] += A[i][0]

    same_as_python(f, floats(3, 3))


def test_the_same_array_twice_is_one():
    def f(A, B):
        n = B.shape[0]
        for i in range(1, n):
            A[i] = B[i - 1] + 1

    v = floats(5)
    nest = same_as_python(f, v, v)
    assert [a.name for a in nest.arrays] == ["A"]
    assert nest.arguments[1].same_as == "A"
    assert [p.name for p in nest.parameters] == ["n"]


# ---- branches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 4])
def test_affine_branches_are_domains(n):
    def f(n, A):
        for i in range(n):
            for j in range(n):
                if i == j:
                    A[i, j] = 1
                elif i < j <= n - 2 or not (i > 2):
                    A[i, j] = 2
                elif n % 2:
                    A[i, j] += 3
                else:
                    pass

    nest = same_as_python(f, n, floats(4, 4))
    assert not any(a.kind == "local" for a in nest.arrays)


def test_an_inline_guard():
    def f(v, m):
        for i in range(len(v)):
            m[0] = max(m[0], v[i])

    nest = same_as_python(f, floats(6), np.zeros(1))
    assert [a.name for a in nest.arrays] == ["v", "m"]


def test_two_sides_with_one_target_are_a_selection():
    def f(v, w):
        for i in range(len(v)):
            if v[i] > 0:
                w[i] = 1
            elif v[i] < -1:
                w[i] = v[i]
            else:
                w[i] = w[i] * 2

    nest = same_as_python(f, floats(6), floats(6, seed=2))
    (assign,) = nest.body[0].body
    assert assign.guard is None


def test_a_condition_that_its_branch_changes_is_stored():
    def f(v, w):
        for i in range(len(v)):
            if v[i] > 0:
                v[i] = -1
                w[i] = 5
            else:
                w[i] = 2
                v[i] = 1
                w[i] += v[i]

    nest = same_as_python(f, floats(6), floats(6, seed=2))
    assert nest.array("_cond").dtype is po.bool_


def test_loops_under_a_data_condition():
    def f(A, v):
        n, m = A.shape
        for i in range(n):
            if v[i] > 0:
                s = 0.0
                for j in range(m):
                    if A[i, j] < 0:
                        A[i, j] = -A[i, j]
                        v[i] -= 1
                    s += A[i, j]
                v[i] = s
            else:
                for j in range(m):
                    if j > i:
                        A[i, j] = 0
                    elif A[i, j] > 0 and v[i] < 0:
                        v[i] += A[i, j]
                        A[i, j] = 3

    for seed in range(5):
        same_as_python(f, floats(5, 4, seed=seed), floats(5, seed=seed + 9))


def test_mixed_conditions_do_not_read_outside():
    def f(v, w):
        n = len(v)
        for i in range(n):
            if i > 0 and v[i - 1] > 0:
                w[i] += 1
            if i == n - 1 or v[i + 1] > 0:
                w[i] += 10
                w[0] += 1
            else:
                w[i] -= 10
            if v[i] > 0 and i < n - 1 and v[i + 1] > 0:
                w[i] *= 2
            else:
                w[i] *= 3
            if not (i > 0 and w[i] > 0):
                w[i] += 0.5

    for seed in range(4):
        same_as_python(f, floats(5, seed=seed), floats(5, seed=seed + 9))


def test_a_conditional_expression_on_iterators_does_not_read_outside():
    def f(v, w):
        n = len(v)
        for i in range(n):
            x = v[i - 1] if i > 0 else 0.0
            w[i] += x + (v[i + 1] if i < n - 1 else v[i])

    nest = same_as_python(f, floats(5), floats(5, seed=2))
    assert all(isinstance(node, Branch) for node in nest.body[0].body)


def test_a_conditional_expression_of_constants_is_a_selection():
    def f(A):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                A[i, j] = 1.0 if i == j else 0.0

    nest = same_as_python(f, floats(3, 4))
    assert isinstance(nest.body[0].body[0].body[0], Assign)


def test_branches_on_what_is_known_fold():
    def f(v, A):
        if FLAG and SCALE == 3:
            v[0] = 1
        else:
            v[0] = "never read"
        if v.dtype == np.float32:
            v[1] = unknown
        elif A.ndim == 2:
            v[1] = 2
        v[2] = 3 if not FLAG else HALF

    nest = same_as_python(f, floats(3), floats(2, 2))
    assert kinds(nest) == ["Assign"] * 3


def test_truth_of_numbers():
    def f(n, alpha, v, I):
        for i in range(n):
            if I[i]:
                v[i] += 1
            if not v[i]:
                v[i] = 2
            if n:
                v[i] *= 2
            if alpha:
                v[i] += alpha
            v[i] = (I[i] and v[i]) or 5

    same_as_python(f, 6, 0.5, np.array([0.0, 1, 2, 0, -1, 3]), integers(6))


# ---- expressions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "x + y * 2 - 3", "x / y", "x // 0.3", "x % 0.7", "-x + +y", "x ** 2", "2.0 ** x", "abs(x)",
        "x if x > y else y", "min(x, y)", "max(x, y, 0.0)", "min(x, 0)", "1 if x < y < 0.5 else 2",
        "x > 0 and y > 0", "x > 0 or y > 0", "not x > 0", "(x > 0) == (y > 0)", "x != y",
        "(x > 0) + 1", "(x > 0) * 2.5", "(x > 0) + (y > 0)", "(x > 0) & (y > 0)", "x and y",
        "x or y",
        "(x > 0) ^ (y > 0)", "~(x > 0)", "float(x)", "int(x * 9)", "bool(x)", "int(x * 9) // 2",
        "int(x * 9) % -4", "int(x * 9) & 6 | 1", "int(x * 9) ^ 3", "int(x * 9) << 2 >> 1",
        "int(x * 9) ** 2", "~int(x * 9)", "int(x * 9) / 4", "True + True", "True + 1.5", "-True",
        "pow(x, 2)", "i * i", "(i * i) % n / n", "i / n", "i // 2 + n % 3", "min(i, n - i)",
        "n - i * 2",
        "2 * 3 + 1.5 / 4", "7 // 2 - 7 % 3", "1e300 * 10.0", "(1 if x > 0 else 2) / 3",
    ],
)  # fmt: skip
def test_expressions(expression):
    f = define(f"""
        def f(n, v, w, out):
            for i in range(n):
                x = v[i]
                y = w[i]
                out[i] = {expression}
    """)
    same_as_python(f, 9, floats(9), floats(9, seed=2), np.zeros(9))


@pytest.mark.parametrize(
    "name",
    ["sqrt", "exp", "log", "log2", "log10", "log1p", "fabs", "cbrt", "exp2", "gamma", "lgamma"],
)
def test_math_of_positive_numbers(name):
    f = define(f"""
        def f(v, out):
            for i in range(len(v)):
                out[i] = math.{name}(v[i])
    """)
    same_as_python(f, np.abs(floats(9)) + 0.1, np.zeros(9))


@pytest.mark.parametrize(
    "name",
    [
        "expm1",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "atanh",
        "erf",
        "erfc",
        "isnan",
        "isinf",
        "isfinite",
        "floor",
        "ceil",
    ],
)
def test_math_of_small_numbers(name):
    f = define(f"""
        def f(v, out):
            for i in range(len(v)):
                out[i] = math.{name}(v[i]) + 1
    """)
    same_as_python(f, np.tanh(floats(9)), np.zeros(9))


@pytest.mark.parametrize("call", ["pow(x, 3)", "atan2(x, y)", "hypot(x, y)", "fmod(x, y)",
                                  "copysign(x, y)", "log(2 + abs(x), 10)", "acosh(2 + abs(x))",
                                  "trunc(float(x) * 9)"])  # fmt: skip
def test_other_math(call):
    f = define(f"""
        from math import {call.split("(")[0]}

        def f(v, w, out):
            for i in range(len(v)):
                x = v[i]
                y = w[i]
                out[i] = {call}
    """)
    same_as_python(f, floats(9), floats(9, seed=2), np.zeros(9))


def test_constants_of_math_and_captured_numbers():
    tau = np.float32(0.1)

    def f(v, w):
        v[0] = math.pi * HALF + math.e
        v[1] = math.inf
        v[2] = -np.inf + SCALE
        w[0] = w[1] * tau
        v[OFFSET + 1] = OFFSET * HALF

    nest = same_as_python(f, floats(4), floats(2).astype(np.float32))
    assert dict(nest.captured) == {
        "HALF": "float 0.5", "OFFSET": "int64 np.int64(2)", "SCALE": "int 3",
        "tau": "float32 np.float32(0.1)",
    }  # fmt: skip


def test_a_captured_integer_is_affine():
    def f(v):
        for i in range(SCALE, len(v), SCALE - 1):
            v[i] = v[i - SCALE]

    same_as_python(f, floats(9))


# ---- local arrays ------------------------------------------------------------------------------


def test_local_arrays():
    def f(n, v, A):
        a = np.zeros(n)
        b = np.ones((n, 2), dtype=np.float32)
        c = np.full(n + 1, v[0] * 2)
        d = np.empty(A.shape, A.dtype)
        e = np.zeros(2, dtype=int)
        g = np.full((2,), True)
        h = np.full(2, 1)
        for i in range(n):
            a[i] += v[i]
            b[i, 1] *= 0.1
            c[i + 1] += b[i, 1] + c[i]
            d[i, 0] = c[i]
            v[i] = a[i] + d[i, 0] + a.shape[0]
        e[0] += h[0] / 2
        if g[1]:
            v[0] = e[0] + c[n]

    nest = same_as_python(f, 4, floats(4), floats(4, 3).astype(np.float32))
    types = {a.name.split("_")[0]: str(a.dtype) for a in nest.arrays if a.kind == "local"}
    assert types == {
        "a": "f64", "b": "f32", "c": "f64", "d": "f32", "e": "i64", "g": "bool", "h": "i64",
    }  # fmt: skip


# ---- labels, assumptions, small things ---------------------------------------------------------


def test_labels():
    def f(v):
        """A docstring."""
        for i in range(len(v)):
            with po.label("update"):
                v[i] += 1
                v[i] *= 2
            v[i] -= 1

    nest = same_as_python(f, floats(3))
    assert [node.label for node in nest.body[0].body] == ["update", "update", None]


def test_assumptions():
    def f(n, v, A):
        assert n >= 2, "at least two"
        po.assume(v.shape[0] == n and n % 2 == 0)
        assert A.ndim == 2
        for i in range(n):
            v[i] = i

    nest = same_as_python(f, 4, floats(4), floats(2, 2))
    assert [a.text for a in nest.assumptions] == ["n >= 2", "v.shape[0] == n and n % 2 == 0"]
    assert [str(a.condition) for a in nest.assumptions] == [
        "n >= 2", "(v_shape0 == n) and ((n)%2 == 0)",
    ]  # fmt: skip


def test_defaults_and_keyword_only_arguments():
    f = define("""
        def f(v, /, scale=-2.0, *, n=3):
            for i in range(n):
                v[i] *= scale
    """)
    types = {
        "v": ArrayType(po.f64, (None,)),
        "scale": ScalarType(po.f64, weak=True),
        "n": ScalarType(po.i64, weak=True),
    }
    assert [a.name for a in parse(FunctionSource.of(f), types).arguments] == ["v", "scale", "n"]


def test_the_round_trip_is_stable():
    def f(n, v):
        s = 0
        for i in range(n):
            s += v[i]
        v[0] = s

    arguments = 3, floats(3)
    assert nest_of(f, *arguments) == nest_of(f, *arguments)
    assert isinstance(nest_of(f, *arguments).body[1], Loop)
