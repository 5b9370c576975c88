"""Schedules as loops: bounds, strides, guards, blocks, work, and what has no form."""

from __future__ import annotations

from textwrap import dedent

import pytest
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po
from polyopt.emit.loops import For, If, Promote
from polyopt.emit.lower import lower, plan

N, M = po.symbols("N M")
VECTOR, MATRIX = po.f64[...], po.f64[..., ...]


def shown(schedule, text):
    assert loops(schedule) == dedent(text).strip("\n")


def walk(nodes):
    for node in nodes:
        yield node
        match node:
            case For() | Promote():
                yield from walk(node.body)
            case If():
                yield from walk((*node.then, *node.otherwise))


def test_a_kernel_without_statements():
    def nothing(A):
        pass

    shown(original(nothing, VECTOR), "pass")


def test_a_loop_that_never_runs():
    def never(A):
        for i in range(3, 3):
            A[i] = 1.0

    shown(original(never, VECTOR), "pass")


def test_statements_without_loops():
    def swap(A):
        t = A[0]
        A[0] = A[1]
        A[1] = t

    shown(original(swap, VECTOR), """
        S1()
        S2()
        S3()
        """)  # fmt: skip


def test_bounds_with_minimum_and_maximum():
    def band(n, m, w, A):
        for i in range(n):
            for j in range(max(0, i - w), min(m, i + w + 1)):
                A[i, j] = 0.0

    s = original(band, int, int, int, MATRIX)
    shown(s, """
        for i in range(0, min(n, m + w)):
            for j in range(max(0, i - w), min(m - 1, i + w) + 1):
                S1(i, j)
        """)  # fmt: skip
    same_as_python(s, band, 5, 7, 2, small(5, 7))


def test_strides():
    def third(n, A):
        for i in range(2, n, 3):
            A[i] = 0.0

    shown(original(third, int, VECTOR), """
        for i in range(2, n, 3):
            S1(i)
        """)  # fmt: skip


def test_a_loop_that_runs_down():
    def down(n, A):
        for i in range(n - 1, 0, -1):
            A[i] = A[i - 1]

    shown(original(down, int, VECTOR), """
        for i in range(-n + 1, 0):
            S1(-i)
        """)  # fmt: skip


def test_guards_of_remainders():
    def red(n, A):
        for i in range(n):
            A[i, 0] = 1.0
            for j in range(n):
                if (i + j) % 2 == 0:
                    A[i, j] = 0.0

    s = original(red, int, MATRIX)
    shown(s, """
        for i in range(0, n):
            S1(i)
            for j in range(-((i + 1)%2) + 1, n, 2):
                S2(i, j)
        """)  # fmt: skip
    same_as_python(s, red, 5, small(5, 5))


def test_conditions_split_the_loop_where_they_can():
    def ends(n, A):
        for i in range(n):
            if i < 3:
                A[i] = 1.0
            else:
                A[i] = 2.0

    s = original(ends, int, VECTOR)
    shown(s, """
        for i in range(0, min(2, n - 1) + 1):
            S1(i)
        for i in range(3, n):
            S2(i)
        """)  # fmt: skip
    for n in (0, 2, 3, 7):
        same_as_python(s, ends, n, small(n))


def test_names_of_variables_stay_apart():
    """A loop is not called like an argument, an array, or a loop around it."""

    def kernel(n, i_tile, A):
        for i in range(n):
            for A_tile in range(n):
                A[i, A_tile] = A[i, A_tile] * i_tile

    s = original(kernel, int, float, MATRIX).tile({"i": 4})
    assert [n.variable for n in walk(lower(s).body) if isinstance(n, For)] == [
        "i_tile2",
        "i",
        "A_tile",
    ]
    same_as_python(s, kernel, 5, 2.0, small(5, 5))


def test_a_short_loop_of_constant_length_counts_from_zero():
    def fill(A):
        for i in range(len(A)):
            A[i] = 1.0

    s = original(fill, VECTOR).strip_mine("i", 4).separate("i")
    shown(s, """
        for i_tile in range(0, (A_shape0 - 1)//4 + 1):
            if A_shape0 >= 4*i_tile + 4:
                for i in range(0, 4):
                    S1(i + 4*i_tile)
            else:
                for i_edge in range(4*i_tile, A_shape0):
                    S1(i_edge)
        """)  # fmt: skip


# ---- private scalars ---------------------------------------------------------------------------


def scaled(A, B):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            t = A[i, j] * 2
            B[i, j] = t + 1


def test_copies_stand_as_deep_as_their_life_allows():
    s = original(scaled, MATRIX, MATRIX).privatize("t")
    shown(s, """
        for i in range(0, A_shape0):
            for j in range(0, A_shape1):
                with t[i, j] as t:
                    S1(i, j)
                    S2(i, j)
        # no storage of their own: t
        """)  # fmt: skip


def test_copies_of_outer_iterations_only():
    s = original(scaled, MATRIX, MATRIX)
    assert refused(lambda: s.privatize("t", at="i").parallel("j"))
    same_as_python(s.privatize("t", at="i").parallel("i"), scaled, small(3, 4), small(3, 4))


def test_copies_of_a_whole_tile():
    s = original(scaled, MATRIX, MATRIX).privatize("t").tile({"i": 2, "j": 4})
    s = s.distribute("i", before="S2").parallel("i_tile")
    blocks = [n for n in walk(lower(s).body) if isinstance(n, Promote)]
    assert [(b.array, b.shape, b.load, b.store) for b in blocks] == [("t", (2, 4), False, False)]
    for shape in ((0, 3), (1, 1), (4, 8), (5, 9)):
        same_as_python(s, scaled, small(*shape), small(*shape, seed=2))


def test_copies_that_would_outlive_their_loops():
    s = original(scaled, MATRIX, MATRIX).privatize("t")
    assert refused(lambda: s.distribute("i", before="S2")) == (
        'the private copies of "t" would outlive the loops they belong to. Keep the statements '
        "that use it in one loop body, or tile the loop between them."
    )


def test_a_scalar_used_in_two_places():
    def twice(A, B):
        n = len(A)
        for i in range(n):
            for j in range(n):
                t = A[j] * 2
                B[i] = t + 1
            for k in range(n):
                t = B[k] * 2
                A[k] = t + 1

    s = original(twice, VECTOR, VECTOR).privatize("t")
    shown(s, """
        for i in range(0, n):
            with t[i] as t:
                for j in range(0, n):
                    S1(i, j)
                    S2(i, j)
                for k in range(0, n):
                    S3(i, k)
                    S4(i, k)
        # no storage of their own: t
        """)  # fmt: skip
    same_as_python(s, twice, small(4), small(4, seed=2))


def test_two_webs_of_one_scalar():
    def apart(A, B):
        for i in range(len(A)):
            t = A[i] * 2
            A[i] = t
        for i in range(len(A)):
            t = B[i] + 1
            B[i] = t

    s = original(apart, VECTOR, VECTOR)
    refused(lambda: s.privatize("t"), po.BadArgumentError)
    s = s.rename("t").privatize("t").privatize("t_2").parallel("S1.i").parallel("S3.i")
    same_as_python(s, apart, small(5), small(5, seed=2))


def test_copies_in_a_loop_that_runs_once():
    def kernel(A):
        for i in range(A.shape[0]):
            t = A[i, 0]
            for j in range(A.shape[1]):
                t = t + A[i, j]
            A[i, 0] = t

    s = original(kernel, MATRIX).tile({"i": 1}).privatize("t")
    same_as_python(s, kernel, small(3, 4))
    same_as_python(s.parallel("i_tile").vectorize("j"), kernel, small(3, 4))


# ---- accumulators and promoted blocks --------------------------------------------------------


def sums(A, s):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            s[i] += A[i, j]


def test_a_vector_reduction_accumulates():
    (block,) = plan(original(sums, MATRIX, VECTOR).vectorize("j"))
    assert (block.array, block.shape, block.reduction) == ("s", (), "add")
    assert (block.load, block.store) == (True, True)


def test_vector_reductions_in_full_and_partial_tiles():
    s = original(sums, MATRIX, VECTOR).tile({"i": 2, "j": 4}).separate("i", "j")
    s = s.vectorize("j").vectorize("j_edge")
    for shape in ((0, 3), (2, 0), (3, 5), (4, 8)):
        same_as_python(s, sums, small(*shape), small(shape[0]))


def test_two_updates_of_one_target():
    def both(A, B, s):
        for i in range(len(A)):
            s[0] += A[i]
            s[0] += B[i]

    s = original(both, VECTOR, VECTOR, VECTOR)
    refused(lambda: s.vectorize("i"))
    refused(lambda: s.reverse("i"))


def test_several_targets_in_one_loop():
    def many(A, s):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[0] += A[i, j]
                s[i + 1] += A[i, j]

    s = original(many, MATRIX, VECTOR)
    shown(s.vectorize("j"), """
        for i in range(0, A_shape0):
            if A_shape1 >= 1:
                with s[0] as s_acc (load,store,add reduction):
                    with s[i + 1] as s_acc2 (load,store,add reduction):
                        for j in range(0, A_shape1):  # vector
                            S1(i, j)
                            S2(i, j)
        """)  # fmt: skip
    for shape in ((0, 3), (3, 0), (3, 5)):
        same_as_python(s.vectorize("j"), many, small(*shape), small(4))
    assert refused(lambda: s.vectorize("i")) == (
        'vectorize("i") carries a reduction whose target cannot stay in one accumulator: it moves '
        "with the loop, is used otherwise there, or another loop is inside. Vectorize the "
        "innermost loop, or interchange."
    )


def test_two_operators_into_one_array():
    def both(A, s):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[i] += A[i, j]
                s[i + 8] = max(s[i + 8], A[i, j])

    s = original(both, MATRIX, VECTOR).vectorize("j")
    assert [block.reduction for block in plan(s)] == ["add", "max"]
    same_as_python(s, both, small(3, 5), small(12))


def test_two_updates_that_may_meet_have_no_accumulators():
    def meet(A, k, s):
        for i in range(len(A)):
            s[0] += A[i]
            s[k] += A[i]

    s = original(meet, VECTOR, int, VECTOR)
    refused(lambda: s.vectorize("i"))


def test_a_target_that_moves_with_the_loop():
    def diagonal(A, s):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[i + j] += A[i, j]

    s = original(diagonal, MATRIX, VECTOR)
    same_as_python(s.vectorize("j"), diagonal, small(3, 4), small(6))
    together = s.restructure("x = [S1: i//4]\n  i = [S1: i]\n    j = [S1: j]\n      S1")
    assert refused(lambda: lower(together.vectorize("x"))) == (
        'vectorize("x") carries a reduction whose target cannot stay in one accumulator: it '
        "moves with the loop, is used otherwise there, or another loop is inside. Vectorize the "
        "innermost loop, or interchange."
    )


def test_an_element_of_a_written_array_that_a_vector_loop_only_reads():
    def rows(A):
        for k in range(A.shape[0]):
            for i in range(k + 1, A.shape[0]):
                for j in range(k + 1, A.shape[0]):
                    A[i, j] -= A[i, k] * A[k, j]

    s = original(rows, MATRIX).vectorize("j").parallel("i")
    shown(s, """
        for k in range(0, A_shape0 - 1):
            for i in range(k + 1, A_shape0):  # parallel
                with A[i, k] as A_acc (load):
                    for j in range(k + 1, A_shape0):  # vector
                        S1(k, i, j)
        """)  # fmt: skip
    same_as_python(s, rows, small(5, 5))


# ---- guards --------------------------------------------------------------------------------------


def test_no_guard_where_the_block_is_in_its_array():
    def rows(A: po.f64[N, M], s: po.f64[N]):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[i] += A[i, j]

    s = original(rows).vectorize("j").parallel("i")
    shown(s, """
        for i in range(0, N):  # parallel
            with s[i] as s_acc (load,store,add reduction):
                for j in range(0, M):  # vector
                    S1(i, j)
        """)  # fmt: skip


def test_a_guard_where_the_block_may_lie_outside():
    """Without columns there is no element 0 of a row."""

    def rows(A: po.f64[N, M]):
        for i in range(A.shape[0]):
            for j in range(1, A.shape[1]):
                A[i, 0] += A[i, j]

    s = original(rows).vectorize("j").parallel("i")
    shown(s, """
        for i in range(0, N):  # parallel
            if M >= 2:
                with A[i, 0] as A_acc (load,store,add reduction):
                    for j in range(1, M):  # vector
                        S1(i, j)
        """)  # fmt: skip
    for shape in ((0, 3), (3, 0), (3, 1), (4, 5)):
        same_as_python(s, rows, small(*shape))


def test_a_guard_where_another_statement_shares_the_block():
    """Where the reduction does not run, its element belongs to the other statement."""

    def shared(A, s):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                if i > 2:
                    s[i] += A[i, j]
                s[j] = s[j] + 1

    s = original(shared, MATRIX, VECTOR)
    same_as_python(s, shared, small(5, 2), small(5))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (4, 4)])
def test_blocks_of_one_thread_each(shape):
    """Iterations without work must not write back what another thread updates."""

    def halves(s, A):
        n = A.shape[0]
        for i in range(n):
            for j in range(A.shape[1]):
                if i % 2 == 0:
                    s[i // 2] += A[i, j]

    s = original(halves, VECTOR, MATRIX).parallel("i").vectorize("j")
    same_as_python(s, halves, small(4), small(*shape))


# ---- work ----------------------------------------------------------------------------------------


def test_the_work_of_a_parallel_loop():
    s = original(sums, MATRIX, VECTOR).parallel("i")
    (loop,) = lower(s).body
    assert [str(f) for f in loop.work] == ["A_shape0", "A_shape1"]
    assert loop.work_scale == 3


def test_the_work_inside_a_sequential_loop():
    s = original(sums, MATRIX, VECTOR).interchange("i", "j").parallel("i")
    (outer,) = lower(s).body
    (inner,) = outer.body
    assert outer.work == ()
    assert [str(f) for f in inner.work] == ["A_shape0"]
