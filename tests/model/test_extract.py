"""Domains, orders and contexts that kernels have."""

from __future__ import annotations

from pathlib import Path

from golden import golden

import polyopt as po

GOLDEN = Path(__file__).parent / "golden"
VECTOR = po.f64[...]
MATRIX = po.f64[..., ...]


def scop(function, *types):
    return po.kernel(function).specialize(*types).scop


def domains(function, *types):
    return [s.domain_text.split(" -> ", 1)[1] for s in scop(function, *types).statements]


def tree(function, *types):
    return str(scop(function, *types).tree)


def test_bounds_with_minimum_and_maximum():
    def band(n, m, w, A):
        for i in range(n):
            for j in range(max(0, i - w), min(m, i + w + 1)):
                A[i, j] = 0.0

    assert domains(band, int, int, int, MATRIX) == [
        "{ S1[i, j] : 0 <= i < n and j >= 0 and -w + i <= j <= w + i and j < m }"
    ]


def test_a_step_leaves_values_out():
    def every_third(n, A):
        for i in range(2, n, 3):
            A[i] = 0.0

    assert domains(every_third, int, VECTOR) == ["{ S1[i] : (1 + i) mod 3 = 0 and 2 <= i < n }"]


def test_a_negative_step_runs_down():
    def down(n, A):
        for i in range(n - 1, 0, -1):
            A[i] = A[i - 1]

    assert domains(down, int, VECTOR) == ["{ S1[i] : 0 < i < n }"]
    assert tree(down, int, VECTOR) == "i = [S1: -i]\n  S1"


def test_a_negative_step_of_two():
    def down(n, A):
        for i in range(n - 1, -1, -2):
            A[i] = 0.0

    assert domains(down, int, VECTOR) == ["{ S1[i] : (1 + n + i) mod 2 = 0 and 0 <= i < n }"]


def test_affine_conditions_become_domains():
    def halves(n, A):
        for i in range(n):
            if i < n // 2:
                A[i] = 0.0
            else:
                A[i] = 1.0

    assert domains(halves, int, VECTOR) == [
        "{ S1[i] : 0 <= i < n and 2i <= -2 + n }",
        "{ S2[i] : 0 <= i < n and 2i >= -1 + n }",
    ]
    assert tree(halves, int, VECTOR) == "i = [S1 S2: i]\n  S1\n  S2"


def test_a_red_black_guard_is_kept():
    def red(n, A):
        for i in range(n):
            for j in range(n):
                if (i + j) % 2 == 0:
                    A[i, j] = 0.0

    assert domains(red, int, MATRIX) == [
        "{ S1[i, j] : (i + j) mod 2 = 0 and 0 <= i < n and 0 <= j < n }"
    ]


def test_statements_outside_loops_and_empty_bodies():
    def mixed(A):
        t = A[0]
        for i in range(3, 3):
            A[i] = t
        A[1] = t

    model = scop(mixed, VECTOR)
    assert [s.iterators for s in model.statements] == [(), ("i",), ()]
    assert model.statements[1].domain.is_empty()
    assert str(model.tree) == "S1\ni = [S2: i]\n  S2\nS3"


def test_a_kernel_without_statements():
    def nothing(A):
        pass

    model = scop(nothing, VECTOR)
    assert model.statements == ()
    assert len(po.kernel(nothing).specialize(VECTOR).dependences) == 0


def test_the_context_knows_extents_assumptions_and_bounds():
    def kernel(n, A):
        assert n >= 4
        for i in range(n):
            A[i] = 0.0

    assert scop(kernel, int, VECTOR).context_text == (
        "[n, A_shape0] -> {  : n >= 4 and A_shape0 >= n and A_shape0 >= 0 }"
    )


def test_the_text_of_a_model():
    def dot(n, x, y, out):
        for i in range(n):
            out[0] += x[i] * y[i]

    golden(GOLDEN / "dot.txt", str(scop(dot, int, VECTOR, VECTOR, VECTOR)))


def test_names_that_isl_reads_otherwise():
    def names(min, MOD, A):  # noqa: A002
        for exists in range(min):
            for c0 in range(MOD):
                A[exists, c0] = 0.0

    assert domains(names, int, int, MATRIX) == [
        "{ S1[exists__, c0__] : 0 <= exists__ < min__ and 0 <= c0__ < MOD__ }"
    ]
