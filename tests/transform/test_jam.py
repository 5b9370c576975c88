"""Unroll and jam: strips of an outer loop innermost, unrolled."""

from __future__ import annotations

from textwrap import dedent

import pytest
from kernels_here import N, copy, down, matmul, smooth, sums, two_statements
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


def triangle(A: po.f64[N, N]):
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] = A[i, j] * 2


def imperfect(A: po.f64[N, N]):
    n = A.shape[0]
    for i in range(n):
        A[i, 0] = 1
        for j in range(1, n):
            A[i, j] = A[i, j - 1] + A[i, j]
        for j in range(i):
            A[i, j] = A[i, j] * 2


def strided(A: po.f64[N]):
    for i in range(1, A.shape[0], 3):
        for j in range(2):
            A[i] = A[i - 1] + A[i] * j


def arguments(kernel, size):
    """Small arguments of a kernel here."""
    wide, square = small(size, size + 1), small(size, size)
    if kernel is copy:
        return wide, wide.copy()
    if kernel is matmul:
        return wide, square, small(size, size + 1, seed=3)
    if kernel is sums:
        return wide, small(size)
    if kernel in (triangle, imperfect, smooth):
        return (square,)
    return (small(size),) if kernel in (down, strided) else (small(size), small(size, seed=2))


def shows(schedule, text):
    assert loops(schedule) == dedent(text).strip("\n")


def test_a_perfect_nest():
    shows(original(matmul).unroll_and_jam("i", 4), """
        for i_tile in range(0, (N - 1)//4 + 1):
            if N >= 4*i_tile + 4:
                for j in range(0, M):
                    for k in range(0, N):
                        for i in range(0, 4):  # unroll
                            S1(i + 4*i_tile, j, k)
            else:
                for i_edge in range(4*i_tile, N):
                    for j_edge in range(0, M):
                        for k_edge in range(0, N):
                            S1(i_edge, j_edge, k_edge)
        """)  # fmt: skip


def test_a_triangle():
    """The points of a strip that not all its iterations have stay a loop."""
    shows(original(triangle).unroll_and_jam("i", 2), """
        for i_tile in range(0, (N)//2):
            if N >= 2*i_tile + 3:
                for j in range(0, 2*i_tile + 2):
                    if 2*i_tile >= j:
                        for i in range(0, 2):  # unroll
                            S1(i + 2*i_tile + 1, j)
                    else:
                        S1(2*i_tile + 2, 2*i_tile + 1)
            else:
                for j_edge in range(0, N - 1):
                    S1(N - 1, j_edge)
        """)  # fmt: skip


def test_an_imperfect_nest():
    shows(original(imperfect).unroll_and_jam("i", 2), """
        for i_tile in range(0, (N + 1)//2):
            if N >= 2*i_tile + 2:
                for i in range(0, 2):  # unroll
                    S1(i + 2*i_tile)
                for j in range(1, N):
                    for i in range(0, 2):  # unroll
                        S2(i + 2*i_tile, j)
                for j in range(0, 2*i_tile + 1):
                    if 2*i_tile >= j + 1:
                        for i in range(0, 2):  # unroll
                            S3(i + 2*i_tile, j)
                    else:
                        S3(2*i_tile + 1, 2*i_tile)
            else:
                S1(N - 1)
                for j_edge in range(1, N):
                    S2(N - 1, j_edge)
                for j_edge in range(0, N - 1):
                    S3(N - 1, j_edge)
        """)  # fmt: skip


KERNELS = (copy, matmul, triangle, imperfect, smooth, two_statements, strided, down, sums)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.__name__)
def test_same_results(kernel):
    start = original(kernel)
    accepted = 0
    for loop in start.loops:
        for factor in (2, 3):
            try:
                s = start.unroll_and_jam(loop, factor)
            except po.IllegalScheduleError:
                continue
            accepted += 1
            for size in range(8):
                same_as_python(s, kernel, *arguments(kernel, size))
    assert accepted


def test_strips_of_a_parallel_loop():
    s = original(matmul).parallel("i").unroll_and_jam("i", 2)
    assert loops(s).splitlines()[0].endswith("# parallel")
    for size in range(6):
        same_as_python(s, matmul, *arguments(matmul, size))


def test_twice_makes_a_register_tile():
    s = original(matmul).permute("i", "j", "k").unroll_and_jam("i", 2).unroll_and_jam("j", 3)
    for size in range(8):
        same_as_python(s, matmul, *arguments(matmul, size))


def test_the_script():
    s = original(copy).unroll_and_jam("i", 4)
    assert s.script.endswith('s = s.unroll_and_jam("i", 4)')
    assert s.loops == ("i_tile", "j", "i", "i_edge", "j_edge")


def test_refused_where_a_dependence_forbids_the_interchange():
    message = refused(lambda: original(smooth).unroll_and_jam("i", 2))
    assert message.startswith(
        'unroll_and_jam("i", 2) would read A[1, 1] before it is written.\n\n    kernels_here.py:22'
    )
    assert "distance (i: 1, j: -1), carried by i" in message


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda s: s.unroll_and_jam("i", 1),
            'unroll_and_jam: the factor of "i" must be an integer from 2 to 64, not 1.',
        ),
        (
            lambda s: s.unroll_and_jam("i", 65),
            'unroll_and_jam: the factor of "i" must be an integer from 2 to 64, not 65.',
        ),
        (
            lambda s: s.unroll_and_jam("i", True),
            'unroll_and_jam: the factor of "i" must be an integer from 2 to 64, not True.',
        ),
        (lambda s: s.unroll_and_jam("k", 2), 'no loop is called "k". Loops here: "i", "j".'),
    ],
)
def test_refusals(step, message):
    assert refused(lambda: step(original(copy)), po.PolyoptError) == message


def test_every_loop_has_a_name_after_jams_of_jammed_loops():
    s = original(two_statements, small(9), small(9)).unroll_and_jam("i", 2)
    s = s.unroll_and_jam("i_tile", 2)
    assert len(set(s.loops)) == len(s.loops)
    for n in (1, 2, 4, 5, 9):
        same_as_python(s, two_statements, small(n), small(n, seed=2))
