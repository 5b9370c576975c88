"""Reductions in partial results, on threads and side by side."""

# ruff: noqa: E501 (messages are as long as they are)

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from kernels_here import M, N
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po

SIZES = (0, 1, 2, 15, 16, 17, 31, 33, 64, 100, 1000)


@po.kernel(fp="reassociate")
def dot(x: po.f64[N], y: po.f64[N], s: po.f64[1]):
    for i in range(x.shape[0]):
        s[0] += x[i] * y[i]


@po.kernel(fp="reassociate")
def extremes(x: po.f64[N], s: po.f64[2]):
    for i in range(x.shape[0]):
        s[0] = min(s[0], x[i])
        s[1] = max(s[1], x[i])


@po.kernel(fp="strict")
def bits(x: po.i64[N], s: po.i64[4]):
    for i in range(x.shape[0]):
        s[0] = s[0] & x[i]
        s[1] = s[1] | x[i]
        s[2] = s[2] ^ x[i]
        s[3] += x[i] * x[i]


@po.kernel(fp="strict")
def small_products(x: po.i8[N], s: po.i8[1]):
    for i in range(x.shape[0]):
        s[0] *= x[i]


@po.kernel(fp="strict")
def every(x: po.i64[N], s: po.bool_[2]):
    for i in range(x.shape[0]):
        s[0] = s[0] and x[i] > 3
        s[1] = s[1] or x[i] > 90


@po.kernel(fp="strict")
def strided(x: po.i64[N], s: po.i64[1]):
    for i in range(2, x.shape[0], 3):
        s[0] += x[i]


@po.kernel(fp="strict")
def rows(A: po.i64[N, M], s: po.i64[N]):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            s[i] += A[i, j]


@po.kernel(fp="strict")
def prefix(x: po.i64[N], s: po.i64[1]):
    for i in range(x.shape[0]):
        s[0] += x[i]
        x[i] = s[0]


@po.kernel(fp="strict")
def copy(x: po.i64[N], y: po.i64[N]):
    for i in range(x.shape[0]):
        y[i] = x[i]


def whole(n: int, most: int = 100) -> np.ndarray:
    return np.random.default_rng(n).integers(-most, most, n)


def test_the_loops():
    s = original(dot).reduce("i", parallel=True, chunk=16)
    assert (
        loops(s)
        == dedent("""
        with s[0] as s_acc (load,store,add reduction):
            for i in range(0, N):  # parallel, partials 16
                S1(i)
        """).strip()
    )
    assert s.script.splitlines()[1:] == ['s = s.reduce("i", parallel=True, chunk=16)']
    s = original(dot).reduce("i", partials=8)
    assert str(s.tree).splitlines()[0] == "i = [S1: i]   partials 8"
    assert original(dot).restructure(str(s.tree)).tree == s.tree


def test_the_emitted_loops():
    s = original(dot).reduce("i", parallel=True, chunk=16).vectorize("i")
    text = dot.specialize().with_schedule(s).source
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("double s_acc_parts[1024];")
    assert lines[start - 4 : start + 9] == [
        "const int64_t i_start = 0;",
        "const int64_t i_end = N;",
        "const int64_t i_length = (i_end > i_start ? (i_end - i_start - 1) / 16384 + 1 : 1) * 16;",
        "const int64_t i_parts = i_end > i_start ? (i_end - i_start - 1) / i_length + 1 : 0;",
        "double s_acc_parts[1024];",
        "if ((double)N * 5 > 200000) {",
        "#pragma omp parallel for schedule(static)",
        "for (int64_t i_part = 0; i_part < i_parts; i_part++) {",
        "const int64_t i_from = i_start + i_part * i_length;",
        "const int64_t i_to = i_end - i_from > i_length ? i_from + i_length : i_end;",
        "s_acc_parts[i_part] = 0;",
        "dot_i(i_to, i_from, x, y, &s_acc_parts[i_part]);",
        "}",
    ]


WAYS = {
    "threads": lambda s: s.reduce("i", parallel=True, chunk=16),
    "threads and lanes": lambda s: s.reduce("i", parallel=True, chunk=16).vectorize("i"),
    "side by side": lambda s: s.reduce("i", partials=3),
}


@pytest.mark.parametrize("way", WAYS)
def test_sums(way):
    made = dot.specialize().with_schedule(WAYS[way](original(dot)))
    for n in SIZES:
        x, y, s = small(n), small(n, seed=2), np.array([3.0])
        made(x, y, s)
        assert s[0] == 3 + x @ y
        same_as_python(WAYS[way](original(dot)), dot.py_func, x, y, np.array([3.0]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kernel", [bits, small_products, every, strided])
def test_exact_reductions_need_no_leave(way, kernel):
    made = kernel.specialize().with_schedule(WAYS[way](original(kernel, fp="strict")))
    kinds = {bits: "i8 i8 i8", small_products: "i1", every: "?", strided: "i8"}
    count = {bits: 4, small_products: 1, every: 2, strided: 1}[kernel]
    for n in (*SIZES, 20000):
        x = whole(n).astype("i1" if kernel is small_products else "i8")
        dtype = kinds[kernel].split()[0]
        for start in (0, 1, 7):
            s = np.full(count, start).astype(dtype)
            expected = s.copy()
            with np.errstate(all="ignore"):
                kernel.py_func(x, expected)
            made(x, s)
            assert np.array_equal(s, expected), (n, start)


@pytest.mark.parametrize("way", WAYS)
def test_extremes_keep_pythons_nans(way):
    made = extremes.specialize().with_schedule(WAYS[way](original(extremes)))
    for n in SIZES:
        for first in (0.0, np.nan, np.inf, -np.inf):
            x = small(n)
            x[n // 2 :: 7] = np.nan
            s = np.array([first, first])
            expected = s.copy()
            extremes.py_func(x, expected)
            made(x, s)
            assert np.array_equal(s, expected, equal_nan=True), (n, first)


def test_inside_another_loop():
    s = original(rows, fp="strict").reduce("j", parallel=True, chunk=16)
    made = rows.specialize().with_schedule(s)
    around = rows.specialize().with_schedule(s.parallel("i"))
    for n, m in ((0, 5), (3, 0), (2, 16), (3, 17), (4, 100)):
        A = whole(n * m).reshape(n, m)
        for run in (made, around):
            found = np.ones(n, "i8")
            run(A, found)
            assert np.array_equal(found, 1 + A.sum(axis=1))


PROGRAM = """
import numpy as np
import test_reduce as here
s = here.original(here.dot).reduce("i", parallel=True, chunk=512).vectorize("i")
made = here.dot.specialize().with_schedule(s)
for n in (511, 512, 513, 100_000, 1_000_003):
    rng = np.random.default_rng(n)
    s = np.zeros(1)
    made(rng.random(n), rng.random(n), s)
    print(s[0].hex())
"""


def test_the_number_of_threads_changes_no_bit():
    found = set()
    for threads in ("1", "2", "3"):
        paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
        paths += [p for p in sys.path if p]
        env = {**os.environ, "OMP_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(paths)}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1
    assert len(next(iter(found)).splitlines()) == 5


REFUSED = [
    (
        lambda: original(dot, fp="strict").reduce("i", parallel=True),
        (
            'reduce("i") would reorder the reduction of floats into "s", and fp="strict" '
            'keeps the order that is written. Compile with fp="reassociate" to allow it.'
        ),
    ),
    (
        lambda: original(prefix).reduce("i", partials=4),
        (
            'reduce("i") needs a loop that carries reductions alone, and "i" carries a flow dependence '
            'of S2 on S1 through "s". Distribute the loop first, or privatize "s".'
        ),
    ),
    (
        lambda: original(copy).reduce("i", partials=4),
        (
            'reduce("i") needs a loop that carries a reduction, and "i" carries none. '
            'Its iterations are independent: parallel("i") or vectorize("i").'
        ),
    ),
    (
        lambda: original(rows).reduce("i", parallel=True),
        (
            'reduce("i") needs a loop that carries a reduction, and "i" carries none. '
            'Its iterations are independent: parallel("i") or vectorize("i").'
        ),
    ),
    (
        lambda: original(rows).interchange("i", "j").reduce("j", partials=4),
        (
            'reduce("j") needs one element of "s" to accumulate into all along the loop: here it moves '
            "with the loop, is used otherwise there, or another loop is inside. Reduce the innermost "
            "loop, or interchange."
        ),
    ),
]
BAD = [
    (
        lambda s: s.reduce("i"),
        (
            'reduce("i") takes either partials, a number of accumulators side by side, or '
            "parallel=True."
        ),
    ),
    (
        lambda s: s.reduce("i", partials=4, parallel=True),
        (
            'reduce("i") takes either partials, a number of accumulators side by side, or '
            "parallel=True."
        ),
    ),
    (
        lambda s: s.reduce("i", partials=4, chunk=4),
        'reduce("i"): chunk is the length of the parts of parallel=True. Leave it out.',
    ),
    (
        lambda s: s.reduce("i", partials=1),
        'reduce("i"): partials must be an integer from 2 to 64, not 1.',
    ),
    (
        lambda s: s.reduce("i", parallel=True, chunk=True),
        'reduce("i"): chunk must be an integer from 2 to 1048576, not True.',
    ),
]


@pytest.mark.parametrize(("step", "text"), REFUSED)
def test_refusals(step, text):
    assert refused(step) == text


@pytest.mark.parametrize(("step", "text"), BAD)
def test_bad_numbers(step, text):
    assert refused(lambda: step(original(dot)), po.BadArgumentError) == text
