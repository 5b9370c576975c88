"""Peeling: the ends of a range apart."""

from __future__ import annotations

from textwrap import dedent

import pytest
from kernels_here import N, copy, down, time_steps, two_loops, two_statements
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


def strided(A: po.f64[N]):
    for i in range(1, A.shape[0], 3):
        A[i] = A[i - 1] + 1


def triangle(A: po.f64[N, N]):
    n = A.shape[0]
    for i in range(n):
        A[i, i] = 1
        for j in range(i):
            A[i, j] = A[i, j] + A[j, j]


def around(A: po.f64[N]):
    n = A.shape[0]
    for i in range(n):
        A[i] = A[0] + A[n - 1]


def arguments(kernel, size):
    """Small arguments of a kernel here."""
    vector, matrix = small(size), small(size, size + 1)
    if kernel is copy:
        return matrix, matrix.copy()
    if kernel is triangle:
        return (small(size, size),)
    if kernel is time_steps:
        return 3, vector, small(size, seed=2)
    return (vector,) if kernel in (down, strided, around) else (vector, small(size, seed=2))


def shows(schedule, text):
    assert loops(schedule) == dedent(text).strip("\n")


def test_both_ends():
    shows(original(copy).peel("i"), """
        if N >= 1:
            for j_front in range(0, M):
                S1(0, j_front)
        for i in range(1, N - 1):
            for j in range(0, M):
                S1(i, j)
        if N >= 2:
            for j_back in range(0, M):
                S1(N - 1, j_back)
        """)  # fmt: skip


def test_one_end_of_an_inner_loop():
    shows(original(triangle).peel("j", front=0, back=2), """
        for i in range(0, N):
            S1(i)
            for j in range(0, i - 2):
                S2(i, j)
            for j_back in range(max(0, i - 2), i):
                S2(i, j_back)
        """)  # fmt: skip


def test_the_last_iteration_of_a_strided_loop():
    shows(original(strided).peel("i", front=0), """
        for i in range(1, N - 3, 3):
            S1(i)
        if N >= 2:
            S1(N - ((N - 2)%3) - 1)
        """)  # fmt: skip


KERNELS = (copy, down, time_steps, two_loops, two_statements, strided, triangle)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.__name__)
def test_same_results(kernel):
    start = original(kernel)
    for loop in start.loops:
        for ends in ((1, 1), (0, 2), (3, 0), (2, 2)):
            s = start.peel(loop, *ends)
            for size in (0, 1, 2, 3, 4, 5, 8):
                same_as_python(s, kernel, *arguments(kernel, size))


def test_peeling_frees_the_loop():
    """Only the first and the last iteration touch what every one reads."""
    assert "carries" in refused(lambda: original(around).parallel("i"))
    s = original(around).peel("i").parallel("i")
    for size in (0, 1, 2, 3, 7):
        same_as_python(s, around, small(size))


def test_the_ends_of_strips():
    s = original(triangle).strip_mine("i", 2).peel("i").peel("i_tile")
    for size in range(7):
        same_as_python(s, triangle, small(size, size))


def test_the_script():
    s = original(copy).peel("j", back=0)
    assert s.script.endswith('s = s.peel("j", front=1, back=0)')
    assert s.loops == ("i", "j_front", "j")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda s: s.peel("i", front=-1),
            'peel("i"): front must be a number of iterations from 0 to 1024, not -1.',
        ),
        (
            lambda s: s.peel("i", back=True),
            'peel("i"): back must be a number of iterations from 0 to 1024, not True.',
        ),
        (
            lambda s: s.peel("i", 1, "2"),
            "peel(\"i\"): back must be a number of iterations from 0 to 1024, not '2'.",
        ),
        (
            lambda s: s.peel("i", 0, 0),
            'peel("i") leaves the loop as it is: give front, back or both a number.',
        ),
        (lambda s: s.peel("k"), 'no loop is called "k". Loops here: "i", "j".'),
    ],
)
def test_refusals(step, message):
    assert refused(lambda: step(original(copy)), po.PolyoptError) == message
