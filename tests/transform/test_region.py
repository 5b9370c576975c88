"""Regions: neighbouring parallel loops under one team of threads."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
from kernels_here import N, copy, time_steps, two_loops
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


@po.kernel(fp="strict")
def chain(T: int, A: po.f64[N], B: po.f64[N], C: po.f64[N]):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            B[i] = A[i - 1] + A[i + 1] + 0.5 * C[i]
        for j in range(n):
            C[j] = 2 * C[j] + 1
        for k in range(n):
            A[k] = 0.25 * B[k] + 0.5 * A[k]


@po.kernel(fp="strict")
def apart(A: po.f64[N], B: po.f64[N], C: po.f64[N]):
    for i in range(A.shape[0]):
        A[i] = 2 * A[i]
    for j in range(B.shape[0]):
        B[j] = B[j] + 1
    for k in range(C.shape[0]):
        C[k] = A[C.shape[0] - 1 - k]


def team(schedule, *names):
    for name in names:
        schedule = schedule.parallel(name)
    return schedule.region(*names)


def marks(schedule):
    return [line.partition("#")[2].strip() for line in loops(schedule).splitlines() if "#" in line]


def test_a_barrier_only_where_a_dependence_crosses():
    assert loops(team(original(apart), "i", "j", "k")) == dedent("""
        for i in range(0, N):  # parallel, region 1, nowait
            S1(i)
        for j in range(0, N):  # parallel, region 1
            S2(j)
        for k in range(0, N):  # parallel, region 1
            S3(k)
        """).strip()  # fmt: skip


def test_dependences_of_other_time_steps_need_no_barrier():
    """C goes from the second loop to the first, a step later; A and C are overwritten within."""
    assert marks(team(original(chain), "i", "j", "k")) == [
        "parallel, region 1",
        "parallel, region 1, nowait",
        "parallel, region 1",
    ]


def test_a_later_step_needs_a_barrier_of_an_earlier_loop():
    """The first loop does not wait for the second, but the third must for the first."""
    s = team(original(apart), "i", "j")
    assert marks(s) == ["parallel, region 1, nowait", "parallel, region 1"]
    assert marks(s.parallel("k")) == [
        "parallel, region 1, nowait", "parallel, region 1", "parallel",
    ]  # fmt: skip


def test_the_emitted_region():
    s = team(apart.specialize().original, "i", "j", "k")
    lines = [
        line.strip() for line in apart.specialize().with_schedule(s).source.splitlines()
        if line.strip().startswith("#pragma omp")
    ]  # fmt: skip
    assert lines == [
        "#pragma omp parallel",
        "#pragma omp for schedule(static) nowait",
        "#pragma omp for schedule(static)",
        "#pragma omp for schedule(static)",
    ]


@pytest.mark.parametrize("kernel", [chain, apart], ids=["chain", "apart"])
def test_same_results(kernel):
    s = team(original(kernel, fp="strict"), "i", "j", "k")
    for size in (0, 1, 2, 3, 7):
        arrays = [small(size, seed=number) for number in (1, 2, 3)]
        same_as_python(s, kernel.py_func, *([4] if kernel is chain else []), *arrays)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_same_results_on_threads(threads):
    s = team(chain.specialize().original, "i", "j", "k")
    run = chain.with_options(threads=threads).specialize().with_schedule(s)
    plain = chain.with_options(schedule="source", target="c")
    for size in (1, 3, 100_001):
        expected = [small(size, seed=number) for number in (1, 2, 3)]
        found = [array.copy() for array in expected]
        plain(20, *expected)
        run(20, *found)
        assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_steps_go_on_inside():
    s = team(original(two_loops), "S1.i", "S2.i").strip_mine("S1.i", 4).vectorize("S2.i")
    assert str(s).splitlines()[0] == "region parallel"
    for size in (0, 1, 4, 9):
        same_as_python(s, two_loops, small(size), small(size, seed=2))


def test_parts_of_one_loop():
    s = original(two_loops).split("S1.i", at="N // 2").parallel("i2").parallel("S1.i")
    s = s.region("S1.i", "i2")
    assert marks(s) == ["parallel, region 1, nowait", "parallel, region 1"]
    for size in (0, 1, 4, 9):
        same_as_python(s, two_loops, small(size), small(size, seed=2))


def test_the_script():
    s = team(original(two_loops), "S1.i", "S2.i")
    assert s.script.endswith('s = s.region("S1.i", "S2.i")')
    assert s.loops == ("S1.i", "S2.i")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda: original(two_loops).region("S1.i"),
            (
                "region needs two loops or more that follow one another, such as "
                'region("S1.i", "S2.i").'
            ),
        ),
        (
            lambda: original(two_loops).parallel("S1.i").region("S1.i", "S2.i"),
            'region("S1.i", "S2.i"): "S2.i" is not parallel. Mark it first: parallel("S2.i").',
        ),
        (
            lambda: original(apart).region("i", "k"),
            (
                'region("i", "k") needs outermost loops that follow one another directly in the '
                "same body, in this order, and these do not. Distribute the loop around them, or "
                "name them all."
            ),
        ),
        (
            lambda: original(copy).region("i", "j"),
            (
                'region("i", "j") needs outermost loops that follow one another directly in the '
                "same body, in this order, and these do not. Distribute the loop around them, or "
                "name them all."
            ),
        ),
        (
            lambda: original(time_steps).region("S2.i", "S1.i"),
            (
                'region("S2.i", "S1.i") needs outermost loops that follow one another directly in '
                "the same body, in this order, and these do not. Distribute the loop around them, "
                "or name them all."
            ),
        ),
        (
            lambda: original(apart).region("i", "x"),
            'no loop is called "x". Loops here: "i", "j", "k".',
        ),
    ],
)
def test_refusals(step, message):
    assert refused(step, po.PolyoptError) == message
