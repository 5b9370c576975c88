"""Explanations, word for word, on a machine of given caches.

POLYOPT_UPDATE_GOLDEN=1 rewrites tests/golden_explain.
"""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from golden import golden
from rich.console import Console

import polyopt as po
from polyopt.cli import explanation_table
from polyopt.explain import explanation
from polyopt.machine import Machine

GOLDEN = Path(__file__).parent / "golden_explain"
MACHINE = Machine("two cores", 2, 32 << 10, 1 << 20, 32 << 20, 64, 512, fma=True)
N, M, K = po.symbols("N M K")


def product(A: po.f64[N, K], B: po.f64[K, M], C: po.f64[N, M]):
    for i in range(N):
        for j in range(M):
            for k in range(K):
                C[i, j] += A[i, k] * B[k, j]


def smooth(T: int, A: po.f64[N]):
    for t in range(T):  # noqa: B007
        for i in range(1, N - 1):
            A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3.0


def special(A: po.f64[N]):
    for i in range(1, N):
        A[i] = math.gamma(A[i - 1]) + math.exp(A[i])


def scaled(A: po.f64[N], B: po.f64[N]):
    for i in range(N):
        t = A[i] * 2.0
        B[i] = t + 1.0


def sums(A: po.f64[N, M], s: po.f64[N], c: po.i32[1]):
    for i in range(N):
        for j in range(M):
            s[i] += A[i, j]
        c[0] += 1


def columns(A: po.f64[N, N]):
    for i in range(1, N):
        for j in range(N - 1):
            A[i, j] = A[i - 1, j + 1] + A[i, j]


def prefix(A: po.f64[N], B: po.f64[N]):
    for i in range(1, N):
        A[i] = A[i - 1] + B[i]


def overwritten(A: po.f64[N], B: po.f64[N]):
    for i in range(N - 1):
        B[i] = A[i + 1]
        A[i] = 0.0


def differences(A: po.f64[N], B: po.f64[N]):
    t = np.empty(N)
    for i in range(N):
        t[i] = A[i] * 2.0
    for i in range(1, N):
        B[i] = t[i] - t[i - 1]


def nothing(A: po.f64[N]):
    A[0] = 1.0


def register_tiles(s):
    s = s.tile({"i": 8, "j": 24}).permute("i_tile", "j_tile", "k", "i", "j")
    s = s.separate("i", "j").promote("C", at="k").vectorize("j", width=8)
    return s.unroll("i").parallel("i_tile")


def packed(s):
    s = s.tile({"k": 64, "j": 24}).permute("j_tile", "k_tile", "i", "k", "j")
    return s.pack("B", at="k_tile").parallel("j_tile")


CASES = {
    "tiles": (product, register_tiles),
    "packed": (product, packed),
    "wavefront": (
        smooth,
        lambda s: s.skew("i", by="t").tile({"t": 16, "i": 32}).wavefront("t_tile", "i_tile"),
    ),
    "source_order": (smooth, lambda s: s),
    "scalar": (scaled, lambda s: s),
    "private": (scaled, lambda s: s.privatize("t").strip_mine("i", 64).parallel("i_tile")),
    "lanes": (sums, lambda s: s.distribute("i", before="S2").vectorize("j").parallel("S1.i")),
    "backwards": (sums, lambda s: s.reverse("j")),
    "grid": (
        product,
        lambda s: s.tile({"i": 4, "j": 32}).map_to_grid(("i_tile", "j_tile"), ("i", "j")),
    ),
    "peeled": (columns, lambda s: s.peel("i", front=1, back=2).parallel("j").unroll("j", 2)),
    "pipeline": (
        columns,
        lambda s: s.skew("j", by="i").tile({"i": 8, "j": 8}).pipeline("i_tile", "j_tile"),
    ),
    "region": (
        sums,
        lambda s: (
            s.distribute("i", before="S2")
            .parallel("S1.i")
            .split("S1.i", at="N // 2")
            .parallel("i2")
            .region("S1.i", "i2")
        ),
    ),
    "way_out": (prefix, lambda s: s),
    "storage_reused": (overwritten, lambda s: s),
    "contracted": (differences, lambda s: s.fuse("S1.i", "S2.i").contract("t")),
    "no_loops": (nothing, lambda s: s),
}


def explained(function, script, **options):
    spec = po.kernel(**options)(function).specialize().with_schedule(script)
    return explanation(spec.schedule, spec.options, MACHINE)


@pytest.mark.parametrize("name", CASES)
def test_explanations(name):
    golden(GOLDEN / f"{name}.txt", str(explained(*CASES[name], target="openmp", threads=2)))


@pytest.mark.parametrize("name", ["lanes", "backwards"])
def test_strict_keeps_sums_in_order(name):
    with pytest.raises(po.IllegalScheduleError):
        explained(*CASES[name], fp="strict")
    text = str(explained(sums, lambda s: s, fp="strict"))
    assert 'carries the reduction into s; fp="reassociate" would free it' in text
    assert "reductions reordered: none" in text


def test_functions_that_are_close_are_listed():
    text = str(explained(special, lambda s: s, fp="strict"))
    assert "libm's, close to Python's but not bit for bit: gamma" in text
    assert "4 ulp" not in text
    text = str(explained(special, lambda s: s))
    assert "within 4 ulp of libm where they run in vectors: exp" in text


def test_the_text_is_what_explain_gives():
    spec = po.kernel(product).specialize()
    assert spec.explain() == str(explanation(spec.schedule, spec.options))


def test_a_table_on_a_terminal_has_all_rows():
    made = explained(*CASES["tiles"])
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    console.print(explanation_table(made))
    text = console.file.getvalue()
    assert all(row.loop.strip() in text for row in made.rows)
    assert max(map(len, text.splitlines())) <= 100


def test_long_explanations_of_every_benchmark_end():
    """None takes long, and every loop has a reason."""
    import polyopt_kernels as kernels  # noqa: PLC0415 where it is installed

    for name in ("atax", "seidel-2d", "durbin"):
        benchmark = kernels.find(name)
        arguments = benchmark.make(benchmark.sizes["MINI"], benchmark.dtype)
        spec = benchmark.kernel.specialize(*arguments)
        made = explanation(spec.schedule, spec.options, MACHINE)
        assert made.rows
        assert all(row.because for row in made.rows)
