"""What is legal and what is not: parallel and vector loops, reductions, sequences, parts."""

from __future__ import annotations

import numpy as np
import pytest
from kernels_here import copy, smooth, sums, time_steps, two_statements
from run_schedule import original, refused, same_as_python, small

import polyopt as po
from polyopt.emit.lower import lower
from polyopt.model.dependences import Dependences
from polyopt.transform.schedule import Schedule

VECTOR, MATRIX = po.f64[...], po.f64[..., ...]


def parallel_loops(schedule):
    """The loops that carry nothing."""
    return [lv.member.name for lv in schedule.verdict.levels if lv.is_parallel]


def vector_loops(schedule):
    return [lv.member.name for lv in schedule.verdict.levels if lv.is_vector]


# ---- loops of a nest ---------------------------------------------------------------------------


def test_space_loops_inside_a_time_loop_are_parallel():
    s = original(time_steps).parallel("S1.i").parallel("S2.i")
    same_as_python(s, time_steps, 3, small(8), small(8, seed=2))
    refused(lambda: s.parallel("t"))


def test_the_inner_loop_is_parallel_where_the_outer_one_carries():
    assert parallel_loops(original(smooth)) == ["j"]


def test_a_distance_in_the_outer_loop_leaves_the_inner_one_free():
    def rows(A):
        for i in range(1, A.shape[0]):
            for j in range(A.shape[1]):
                A[i, j] = A[i - 1, j] * 2

    s = original(rows, MATRIX)
    assert parallel_loops(s) == ["j"]
    assert parallel_loops(s.interchange("i", "j")) == ["j"]


def test_a_wavefront_is_parallel_inside():
    s = original(smooth).skew("j", by="i")
    assert parallel_loops(s) == ["j"]
    assert parallel_loops(s.wavefront("i", "j")) == ["j"]


@pytest.mark.parametrize("fp", ["strict", "reassociate", "fast"])
def test_reductions_and_fp(fp):
    s = original(sums, fp=fp)
    assert parallel_loops(s) == ["i"]
    assert vector_loops(s) == (["i"] if fp == "strict" else ["i", "j"])
    assert parallel_loops(s.interchange("i", "j")) == ["i"]
    refused(lambda: s.parallel("j"))
    if fp == "strict":
        refused(lambda: s.reverse("j"))
    else:
        same_as_python(s.reverse("j"), sums, small(4, 5), small(4))


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_integer_reductions_are_exact(fp):
    s = original(sums_of_integers, fp=fp).reverse("i").vectorize("i")
    A = np.arange(9, dtype=np.int32)
    same_as_python(s, sums_of_integers, A, np.zeros(1, np.int32))


N = po.symbols("N")


def sums_of_integers(A: po.i32[N], s: po.i32[1]):
    for i in range(A.shape[0]):
        s[0] += A[i]


def test_a_use_of_the_running_sum_forbids_the_vector():
    def prefix(A, s, B):
        for i in range(len(A)):
            s[0] += A[i]
            B[i] = s[0]

    s = original(prefix, VECTOR, VECTOR, VECTOR)
    assert vector_loops(s) == []
    refused(lambda: s.distribute("i", before="S2"))


def test_start_updates_and_use_keep_their_order():
    def means(A, s):
        for i in range(A.shape[0]):
            s[i] = 0.0
            for j in range(A.shape[1]):
                s[i] += A[i, j]
            s[i] = s[i] / 4

    s = original(means, MATRIX, VECTOR)
    s = s.distribute("i", before="S2").distribute("S2.i", before="S3")
    same_as_python(s.interchange("S2.i", "j").parallel("S2.i"), means, small(5, 4), small(5))
    refused(lambda: s.restructure("i = [S2: i]\n  j = [S2: j]\n    S2\ni = [S1 S3: i]\n  S1\n  S3"))


# ---- sequences and parts ------------------------------------------------------------------------


def test_parts_of_a_loop_are_judged_apart():
    """Only iteration 0 feeds the others: split there, the rest is parallel."""

    def first(A, B):
        for i in range(len(A)):
            A[i] = B[i] + A[0]

    s = original(first, VECTOR, VECTOR)
    refused(lambda: s.parallel("i"))
    same_as_python(s.split("i", at="1").parallel("i2"), first, small(6), small(6, seed=2))


def test_a_part_may_not_overtake_another():
    s = original(two_statements).strip_mine("i", 4).separate("i")
    refused(lambda: s.parallel("i_tile"))
    refused(lambda: s.reverse("i_edge"))
    same_as_python(s.vectorize("i_edge", 4) if "i_edge" in vector_loops(s) else s, two_statements,
                   small(9), small(9, seed=2))  # fmt: skip


def test_separated_parts_in_the_wrong_order():
    """The partial tiles of a skewed stencil must run before full ones."""
    s = original(time_steps).shift("S2", "i", 1).fuse("S1.i", "S2.i")
    s = s.skew("i", by="t", factor=2).tile({"t": 2, "i": 3})
    refused(lambda: s.separate("t", "i"))


def lagging(A):
    n = A.shape[0]
    for i in range(1, n):
        for j in range(1, n - 1):
            A[i, j] = A[i, j - 1] + A[i - 1, j + 1]


def test_parts_deep_inside_are_in_order_where_those_outside_are_not():
    s = original(lagging, small(9, 9)).strip_mine("i", 3).skew("j", by="i", factor=2)
    s = s.permute("i_tile", "j", "i")
    refused(lambda: s.separate("i"))
    for n in (1, 2, 3, 4, 7, 9):
        same_as_python(s.separate("i", inside="j").unroll("i"), lagging, small(n, n))


# ---- storage ------------------------------------------------------------------------------------


def test_a_scalar_that_carries_a_value_is_not_private():
    def running(A):
        t = 0.0
        for i in range(len(A)):
            t = t + A[i]
            A[i] = t

    s = original(running, VECTOR)
    assert refused(lambda: s.privatize("t"), po.BadArgumentError) == (
        'privatize: a value of "t" passes from one iteration of the kernel to another, so its '
        "copies cannot be apart there."
    )


def test_a_scalar_assigned_under_a_condition_may_carry():
    def last(A, B):
        for i in range(len(A)):
            t = 0.0
            if A[i] > 0:
                t = A[i]
            B[i] = t

    s = original(last, VECTOR, VECTOR).privatize("t").parallel("i")
    same_as_python(s, last, small(7), small(7, seed=2))


def test_a_promoted_block_stays_within_one_thread():
    s = original(copy).tile({"i": 2, "j": 2}).separate("i", "j").promote("B", at="i")
    assert refused(lambda: s.parallel("j")) == (
        'the promoted block of "B" belongs to one thread, and "j" inside it is parallel. '
        "Run a loop outside the block in parallel."
    )
    data = (small(5, 5), small(5, 5, seed=2))
    same_as_python(s.parallel("i_tile"), copy, *data)


def test_a_promoted_block_stays_a_full_box():
    def twice(A):
        for i in range(len(A)):
            A[i] = A[i] + 1
            A[i] = A[i] * 2

    s = original(twice, VECTOR).strip_mine("i", 4).separate("i").promote("A", at="i")
    same_as_python(s, twice, small(9))
    assert refused(lambda: s.shift("S2", "i_tile", 1)) == (
        'the promoted block of "A" around "i" is not one full box of constant shape any more. '
        "Take this step first, and promote after it."
    )


def test_blocks_where_the_inner_loop_is_empty():
    """isl lets the outer loop run there: nothing may be read or written back."""

    def rows(s, A):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[i] += A[i, j]

    s = original(rows, VECTOR, MATRIX)
    for schedule in (s.vectorize("j"), s.promote("s", at="j"), s.parallel("i").vectorize("j")):
        same_as_python(schedule, rows, small(3), small(5, 0))
        same_as_python(schedule, rows, small(5), small(5, 4))


# ---- the last word ------------------------------------------------------------------------------


def test_lowering_judges_once_more():
    """A schedule that was not made by steps is refused all the same."""
    s = original(smooth)
    forged = Schedule(s.scop, s.dependences, s.fp, s.parallel("j").tree, (), s.judge, s.origin)
    lower(forged)
    lying = Schedule.source_order(s.scop, Dependences(()), s.fp).parallel("i")
    forged = Schedule(s.scop, s.dependences, s.fp, lying.tree, (), s.judge, s.origin)
    assert refused(lambda: lower(forged)).startswith(
        'the final order would run dependent iterations at once: "i" carries a flow dependence '
        "through A[1, 1]."
    )
