"""Pipelines: threads that each stay a step behind the one before."""

# ruff: noqa: E501 (expected loops are as long as they are)

from __future__ import annotations

import subprocess
from textwrap import dedent

import numpy as np
import pytest
from kernels_here import N, copy, smooth, sums, time_steps
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


@po.kernel(fp="strict")
def sweep(T: int, A: po.f64[N, N]):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = 0.25 * (A[i - 1, j + 1] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j]) + 1


@po.kernel(fp="strict")
def prefix(A: po.f64[N, N]):
    n = A.shape[0]
    for i in range(1, n):
        for j in range(1, n):
            A[i, j] = A[i - 1, j] + 0.5 * A[i, j - 1]


@po.kernel(fp="strict")
def steps(A: po.f64[N, N], s: po.f64[N]):
    """Two statements of different strides in the inner loop, and one outside it."""
    n = A.shape[0]
    for i in range(1, n):
        s[i] = s[i - 1] + 1
        for j in range(2, n, 3):
            A[i, j] = A[i - 1, j] + A[i - 1, j - 2] * 0.5 + s[i]
        for j in range(1, n, 2):
            A[i, j] = A[i, j] + A[i - 1, j] * 0.25


def tiled(schedule):
    """sweep, skewed and tiled."""
    s = schedule.skew("j", by="i").skew("i", by="t").skew("j", by="t", factor=2)
    return s.tile({"t": 2, "i": 4, "j": 4})


def test_the_loops():
    assert loops(original(prefix).tile({"i": 4, "j": 8}).pipeline("i_tile", "j_tile")) == dedent("""
        for i_tile in range(0, (N - 1)//4 + 1):  # pipeline
            for j_tile in range(0, (N - 1)//8 + 1):  # synced
                for i in range(max(1, 4*i_tile), min(N - 1, 4*i_tile + 3) + 1):
                    for j in range(max(1, 8*j_tile), min(N - 1, 8*j_tile + 7) + 1):
                        S1(i, j)
        """).strip()  # fmt: skip


def test_the_emitted_loops():
    s = original(prefix, fp="strict").tile({"i": 4, "j": 8}).pipeline("i_tile", "j_tile")
    text = prefix.specialize().with_schedule(s).source
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("#pragma omp parallel num_threads(pipeline_threads(slots))")
    assert lines[start + 1 :][:12] == [
        "{",
        "const int64_t threads = omp_get_num_threads(), own = omp_get_thread_num();",
        "for (int64_t turn = own, i_tile = i_tile_start + own; i_tile < i_tile_end;",
        "turn += threads, i_tile += threads) {",
        "for (int64_t j_tile = 0; j_tile < (N + 7) / 8; j_tile++) {",
        "pipeline_wait(&slots[(turn + threads - 1) % threads], turn - 1, j_tile + 1);",
        "prefix_j_tile(j_tile, i_tile, N, A);",
        "pipeline_reach(&slots[own], j_tile + 1);",
        "}",
        "pipeline_wait(&slots[(turn + threads - 1) % threads], turn - 1, INT64_MAX);",
        "pipeline_turn(&slots[own], turn + threads);",
        "}",
    ]


def steps_pipelined(schedule):
    """The two inner loops of `steps` as one, of two strides."""
    s = schedule.distribute("i", before="S2").fuse("S2.j", "S3.j")
    return s.pipeline("S2.i", "j")


CASES = {
    "tiles": (sweep, lambda s: tiled(s).pipeline("t_tile", "i_tile")),
    "inner_tiles": (sweep, lambda s: tiled(s).pipeline("i_tile", "j_tile")),
    "points": (prefix, lambda s: s.pipeline("i", "j")),
    "strided": (steps, steps_pipelined),
    "independent": (prefix, lambda s: s.skew("j", by="i").tile({"i": 3, "j": 5}).pipeline("i_tile", "j_tile")),
}  # fmt: skip


def arguments(kernel, size):
    if kernel is sweep:
        return 5, small(size, size)
    return (small(size, size),) if kernel is prefix else (small(size, size), small(size))


@pytest.mark.parametrize("name", CASES)
def test_same_results(name):
    kernel, step = CASES[name]
    s = step(original(kernel, fp="strict"))
    for size in (0, 1, 2, 3, 4, 5, 9):
        same_as_python(s, kernel.py_func, *arguments(kernel, size))


@pytest.mark.parametrize("name", CASES)
def test_same_results_on_any_number_of_threads(name):
    """More threads than cores, than iterations, and one."""
    kernel, step = CASES[name]
    plain = kernel.with_options(schedule="source", target="c")
    s = step(kernel.specialize().original)
    for threads in (1, 2, 3, 8):
        run = kernel.with_options(threads=threads).specialize().with_schedule(s)
        for size in (1, 2, 10, 61, 150, 151):
            expected, found = arguments(kernel, size), arguments(kernel, size)
            plain(*expected)
            run(*found)
            for a, b in zip(expected, found, strict=True):
                assert np.array_equal(a, b)


def test_compiled_without_openmp(tmp_path):
    """The text stands alone, and runs in order then."""
    run = prefix.specialize().with_schedule(original(prefix, fp="strict").pipeline("i", "j"))
    source = tmp_path / "pipeline.c"
    source.write_text(run.source, encoding="utf-8")
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-c"]
    command = ["gcc", *flags, str(source), "-o", str(tmp_path / "pipeline.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_script_and_the_text():
    s = original(prefix).pipeline("i", "j")
    assert s.script.endswith('s = s.pipeline("i", "j")')
    assert str(s).splitlines()[0] == "i = [S1: i]   pipeline"
    assert original(prefix).restructure(str(s)).tree == s.tree


def test_parallel_takes_its_place():
    s = original(copy).pipeline("i", "j").parallel("i")
    assert s.tree == original(copy).parallel("i").tree


def test_strips_of_a_pipeline():
    s = original(prefix).pipeline("i", "j").strip_mine("i", 4)
    same_as_python(s, prefix.py_func, small(9, 9))


def test_refused_against_the_grain():
    message = refused(lambda: original(smooth).pipeline("i", "j"))
    assert message.startswith('pipeline("i", "j") would read A[1, 1] before it is written.')
    assert "    after: no wait of the pipeline orders them\n" in message
    assert 's.skew("j", by="i", factor=1).pipeline("i", "j")' in message


def test_refused_for_a_shared_scalar():
    def total(A: po.f64[N, N], s: po.f64[1]):
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                s[0] += A[i, j]

    message = refused(lambda: original(total).pipeline("i", "j"))
    assert message.startswith('pipeline("i", "j") would reorder the updates of s[0].')
    original(sums).pipeline("i", "j")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda: original(sweep).pipeline("t", "j"),
            (
                'pipeline("t", "j") needs "j" directly inside "t", with nothing between them, and '
                "it is not. Permute the loops, or distribute the outer one."
            ),
        ),
        (
            lambda: original(copy).pipeline("j", "i"),
            (
                'pipeline("j", "i") needs "i" directly inside "j", with nothing between them, and '
                "it is not. Permute the loops, or distribute the outer one."
            ),
        ),
        (
            lambda: original(time_steps).pipeline("t", "S1.i"),
            (
                'pipeline("t", "S1.i") needs "S1.i" directly inside "t", with nothing between '
                "them, and it is not. Permute the loops, or distribute the outer one."
            ),
        ),
        (
            lambda: original(copy).pipeline("i", "k"),
            'no loop is called "k". Loops here: "i", "j".',
        ),
    ],
)
def test_refusals(step, message):
    assert refused(step, po.PolyoptError) == message
