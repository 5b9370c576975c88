"""What the automatic scheduler does to typical nests, on one fixed machine."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from beside_python import same_as

import polyopt as po
from polyopt.machine import Machine
from polyopt.model.types import FpMode
from polyopt.transform.auto import auto
from polyopt.transform.schedule import Schedule

MACHINE = Machine("test", 2, 32 * 1024, 1024 * 1024, 32 * 1024 * 1024, 64, 512, fma=True)


def scheduled(kernel: po.Kernel, *arguments: object, fp: FpMode = "reassociate") -> Schedule:
    """The automatic schedule on the fixed machine."""
    original = kernel.with_options(fp=fp).specialize(*arguments).original
    return auto(original, machine=MACHINE, threads=2)


def steps(schedule: Schedule) -> str:
    """The script's steps, one a line."""
    return "\n".join(map(str, schedule.steps))


def square(n: int = 8) -> np.ndarray:
    return np.zeros((n, n))


@po.kernel
def matmul(C, A, B):
    n, m = C.shape
    p = A.shape[1]
    for i in range(n):
        for j in range(m):
            C[i, j] = 0.0
            for k in range(p):
                C[i, j] += A[i, k] * B[k, j]


def test_a_contraction_gets_register_and_cache_tiles() -> None:
    made = scheduled(matmul, square(), square(), square())
    assert steps(made).split("\n") == [
        'distribute("i", before="S2")',
        'permute("S2.i", "k", "S2.j")',
        (
            'tile({"S2.i": 96, "S2.k": 320, "S2.j": 1536}, '
            'names={"S2.i": "i_block", "S2.k": "k_block", "S2.j": "j_block"})'
        ),
        'tile({"S2.j": 24, "S2.i": 8}, names={"S2.j": "j_tile", "S2.i": "i_tile"})',
        (
            'permute("S2.j_block", "S2.k_block", "S2.i_block", "S2.j_tile", "S2.i_tile", '
            '"S2.k", "S2.i", "S2.j")'
        ),
        'promote("C", at="S2.k")',
        'unroll("S2.i", factor=-1)',
        'vectorize("S2.j")',
        'pack("B[k, j]", at="S2.k_block", order=("S2.j", "S2.k"), panel={"S2.j": 24}, pad=True)',
        'pack("A[i, k]", at="S2.i_block", order=("S2.i", "S2.k"), panel={"S2.i": 8}, pad=True)',
        'vectorize("S1.j")',
        'parallel("S1.i")',
        'parallel("i_block")',
    ]


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_a_script_replays_to_an_equal_schedule(fp: FpMode) -> None:
    spec = matmul.with_options(fp=fp).specialize(square(), square(), square())
    names: dict[str, object] = {"spec": spec}
    exec(spec.schedule.script, names)
    assert names["s"] == spec.schedule


def test_the_result_is_the_same_every_time() -> None:
    first = scheduled(matmul, square(), square(), square())
    again = scheduled(matmul, square(), square(), square())
    assert first.script == again.script


@po.kernel
def dot(a, b, out):
    for i in range(a.shape[0]):
        out[0] += a[i] * b[i]


def test_a_sum_runs_in_vectors_and_on_threads_only_where_it_may_be_reordered() -> None:
    arrays = np.zeros(9), np.zeros(9), np.zeros(1)
    assert steps(scheduled(dot, *arrays)) == 'vectorize("i")\nreduce("i", parallel=True)'
    assert steps(scheduled(dot, *arrays, fp="strict")) == ""


@po.kernel
def chain(a, b, c, d):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            b[i, j] = a[i, j] * 2
    for i in range(n):
        for j in range(m):
            c[i, j] = b[i, j] + a[i, j]
    for i in range(n):
        for j in range(m):
            d[i, j] = c[i, j] * b[i, j]


def test_elementwise_nests_that_share_data_are_fused() -> None:
    made = scheduled(chain, *(square() for _ in range(4)))
    assert str(made) == (
        "i = [S1 S2 S3: i]   parallel\n  j = [S1 S2 S3: j]   vector 8\n    S1\n    S2\n    S3"
    )


@po.kernel
def sweep(T, A, B):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = A[i, j] + A[i - 1, j] + A[i + 1, j]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = B[i, j] + B[i, j - 1] + B[i, j + 1]


def test_a_sweep_over_time_gets_diamonds_where_its_grid_leaves_the_cache() -> None:
    made = scheduled(sweep, 3, square(), square())
    assert steps(made).split("\n") == [
        'diamond("t", "S2.i", size=64, inner={"S2.j": 512})',
        'vectorize("S1.j")',
        'vectorize("S2.j")',
    ]
    single = scheduled(sweep, 3, square().astype("f4"), square().astype("f4"))
    assert 'inner={"S2.j": 1024}' in steps(single)


@po.kernel
def line_sweep(T, A, B):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            B[i] = A[i] + A[i - 1] + A[i + 1]
        for i in range(1, n - 1):
            A[i] = B[i] + B[i - 1] + B[i + 1]


def test_a_sweep_that_fits_the_cache_keeps_its_order() -> None:
    made = scheduled(line_sweep, 3, np.zeros(8), np.zeros(8))
    assert {s.name for s in made.steps} == {"vectorize", "parallel"}


@po.kernel
def batch(C, A, B):
    k, n, m = C.shape
    p = A.shape[2]
    for b in range(k):
        for i in range(n):
            for j in range(m):
                for l in range(p):
                    C[b, i, j] += A[b, i, l] * B[b, l, j]


def test_matrices_of_a_batch_are_not_packed() -> None:
    made = scheduled(batch, *(np.zeros((4, 4, 4)) for _ in range(3)))
    assert "promote" in steps(made)
    assert "pack" not in steps(made)


@po.kernel
def crosswise(C, A, B):
    n, m = C.shape
    p = A.shape[1]
    for i in range(n):
        for j in range(m):
            for k in range(p):
                C[i, j] += A[i, k] * B[j, k]


def test_an_operand_that_crosses_lines_is_packed() -> None:
    made = scheduled(crosswise, square(), square(), square())
    assert 'pack("B[j, k]", at="S1.k_block", order=("S1.j", "S1.k")' in steps(made)


def test_packed_products_are_plain_python_s() -> None:
    random = np.random.default_rng(3)
    for function in (matmul, crosswise):
        kernel = function.with_options(fp="strict", threads=2)
        for n, m, p in ((0, 3, 2), (1, 1, 1), (9, 25, 7), (8, 24, 321), (97, 49, 5)):
            A, B = random.random((n, p)), random.random((m, p))
            B = B if function is crosswise else np.ascontiguousarray(B.T)
            same_as(function.py_func, kernel, (np.zeros((n, m)), A, B))


@po.kernel
def relax(T, A):
    n = A.shape[0]
    for t in range(T):  # noqa: B007
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j]


def test_without_a_parallel_loop_a_nest_is_tiled_and_runs_in_a_pipeline() -> None:
    made = scheduled(relax, 3, square(), fp="strict")
    tiled = ["restructure", "skew", "tile", "pipeline"]
    lagged = ["strip_mine", "permute", "separate", "unroll", "vectorize"]
    assert [s.name for s in made.steps] == tiled + lagged


@po.kernel
def shortest(path):
    n = path.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                path[i, j] = min(path[i, j], path[i, k] + path[k, j])


def test_a_row_that_holds_up_a_loop_is_split_off() -> None:
    made = scheduled(shortest, square(), fp="strict")
    splits = [str(s) for s in made.steps if s.name == "split"]
    assert splits == [
        'split("j", at="k")', 'split("j2", at="k + 1")',
        'split("i", at="k")', 'split("i2", at="k + 1")',
    ]  # fmt: skip
    assert sum(s.name == "parallel" for s in made.steps) == 3


@po.kernel
def columns(y, x, a):
    n, m = x.shape
    for j in range(m):
        last = 0.0
        for i in range(n):
            y[i, j] = x[i, j] + a * last
            last = y[i, j]


def test_a_recurrence_down_columns_runs_in_vectors_across_them() -> None:
    made = scheduled(columns, square(), square(), 0.5, fp="strict")
    assert str(made).split("\n") == [
        "j_tile = [S1 S2 S3: (j)//64]   parallel",
        "  j = [S1: j]   vector 8",
        "    S1",
        "  i = [S2 S3: i]",
        "    j = [S2 S3: j]   vector 8",
        "      S2",
        "      S3",
    ]


@po.kernel
def reuse(a, b, c):
    n = a.shape[0]
    for i in range(n):
        t = a[i] * 2
        b[i] = t + 1
    for i in range(n):
        t = b[i] * 3
        c[i] = t + math.sqrt(t)


def test_uses_of_a_scalar_that_share_no_value_are_parted() -> None:
    made = scheduled(reuse, np.zeros(9), np.zeros(9), np.zeros(9), fp="strict")
    names = [s.name for s in made.steps]
    assert names[:3] == ["rename", "privatize", "privatize"]
    assert names.count("parallel") >= 1


@po.kernel
def product(C, A, B):
    n, m = C.shape
    p = A.shape[1]
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(p):
                s += A[i, k] * B[k, j]
            C[i, j] = s


def test_a_sum_into_a_scalar_becomes_a_register_tile() -> None:
    original = product.specialize(square(), square(), square()).original
    made = auto(original, machine=MACHINE, threads=2, packs=False)
    assert steps(made).split("\n")[:9] == [
        'privatize("s")',
        'tile({"S2.j": 24, "S2.i": 8}, names={"S2.j": "j_tile", "S2.i": "i_tile"})',
        'permute("S2.j_tile", "S2.i_tile", "S2.i", "S2.j")',
        'distribute("S2.i", before="S3")',
        'distribute("S2.i", before="S2")',
        'permute("S2.k", "S2.i", "S2.j")',
        'separate("S2.i", "S2.j")',
        'promote("s", at="S2.k")',
        'unroll("S2.i", factor=-1)',
    ]


@po.kernel
def convolve(y, x):
    n, m = y.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            s = 0.0
            for a in range(3):
                for b in range(3):
                    s += x[i + a - 1, j + b - 1] * (a - b)
            y[i, j] = s


def test_a_loop_too_short_for_vectors_is_not_the_vector_loop() -> None:
    made = scheduled(convolve, square(), square())
    assert steps(made).split("\n")[1:] == [
        'vectorize("j")',
        'unroll("a", factor=-1)',
        'unroll("b", factor=-1)',
        'parallel("i")',
    ]


@pytest.mark.parametrize(
    "kernel", [matmul, product, convolve, shortest, columns, relax, reuse, chain, sweep]
)
@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 25, 65])
def test_the_schedule_computes_what_python_computes(kernel: po.Kernel, size: int) -> None:
    rng = np.random.default_rng(size)
    arguments: list[object] = []
    for name in inspect.signature(kernel.py_func).parameters:
        if name == "T":
            arguments.append(2)
        elif kernel is reuse:
            arguments.append(rng.random(size))
        else:
            arguments.append(0.5 if name == "a" and kernel is columns else rng.random((size, size)))
    for fp in ("strict", "reassociate"):
        report = po.check(kernel.with_options(fp=fp, threads=2), *arguments)
        assert report, str(report)


@po.kernel
def scalar_product(x, y, out):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i]
    out[0] = s


@po.kernel
def row_sums(A, out):
    n, m = A.shape
    for j in range(m):
        for i in range(1, n):
            A[i, j] = A[i - 1, j] * 0.5
    for i in range(n):
        out[0] = out[0] * 0.5
        for j in range(m):
            out[0] += A[i, j]


@po.kernel
def highest(x, out):
    for i in range(len(x)):
        out[0] = max(out[0], x[i])


def test_a_sum_inside_another_loop_has_no_threads() -> None:
    assert "reduce" not in scheduled(row_sums, square(), np.zeros(1)).script


@pytest.mark.parametrize("n", [0, 1, 2, 4095, 4096, 4097, 300_001])
def test_sums_in_partial_results_are_those_of_the_elements(n: int) -> None:
    random = np.random.default_rng(n)
    x, y = random.integers(-9, 9, n), random.integers(-9, 9, n)
    for threads in (1, 2, 3):
        found = np.zeros(1)
        scalar_product.with_options(threads=threads)(x.astype(float), y.astype(float), found)
        assert found[0] == x @ y
        most = np.full(1, -99)
        highest.with_options(threads=threads, fp="strict")(x, most)
        assert most[0] == max([-99, *x])
