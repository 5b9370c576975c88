"""The static view of the GPU mapping, as `explain()` tells it."""

import re

import pytest
import shapes

import polyopt as po
import polyopt_kernels as kernels
from polyopt.explain.device import launch_facts
from polyopt.explain.launch_table import launch_table

MATRIX, VECTOR = po.f64[..., ...], po.f64[...]


def explained(kernel, *types, schedule="auto"):
    target = po.OpenCL(model="gpu")
    made = kernel.with_options(target=target, schedule=schedule).specialize(*types)
    text = str(made.explain())
    return text[text.index("launch ") :].split("\nreductions", maxsplit=1)[0]


def test_tiles_in_local_memory():
    assert explained(shapes.gemm, MATRIX, MATRIX, MATRIX) == (
        "launch gemm_i_tile: groups of 16 x 16 items; local memory 4 KiB a group (A_local 2 KiB, "
        "B_local 2 KiB); 3 barriers; in registers: C; about 2 operations a byte\n"
        "  S1 reads C[i, j]: in a register\n"
        "  S1 reads A[i, k]: in local memory\n"
        "  S1 reads B[k, j]: in local memory\n"
        "  S1 writes C[i, j]: in a register"
    )


@po.kernel
def mixed(A, x, y, out):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[j, i] = A[i, j] * x[i] + y[2 * j] + y[j]


def test_patterns_of_accesses():
    def by_lines(s):
        return s.map_to_grid(groups=("i",), items=("j",))

    text = explained(mixed, MATRIX, VECTOR, VECTOR, MATRIX, schedule=by_lines)
    assert text.splitlines()[1:] == [
        "  S1 reads A[i, j]: coalesced",
        "  S1 reads x[i]: the same for all items",
        "  S1 reads y[2*j]: strided, not coalesced",
        "  S1 reads y[j]: coalesced",
        "  S1 writes out[j, i]: strided, not coalesced",
    ]


@po.kernel
def rows(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]


def test_a_tree():
    lines = explained(rows, MATRIX, VECTOR, VECTOR).splitlines()
    assert lines[0].startswith(
        "launch rows_i: groups of 64 items; local memory 512 bytes a group (y_tree 512 bytes); "
        "2 barriers; in registers: nothing; about "
    )
    assert lines[1] == "  S1 reads y[i]: a partial result in each item, combined in a tree"


def test_other_targets_have_no_launches():
    for target in ("openmp", po.OpenCL(model="cpu")):
        made = shapes.gemm.with_options(target=target).specialize(MATRIX, MATRIX, MATRIX)
        assert "launch " not in str(made.explain())


def facts_of(kernel, *types, schedule="auto"):
    target = po.OpenCL(model="gpu")
    made = kernel.with_options(target=target, schedule=schedule).specialize(*types)
    return made, launch_facts(made.schedule.scop, made.loops, "reassociate")


@pytest.mark.parametrize("name", kernels.NAMES)
def test_every_launch_is_told(name):
    benchmark = kernels.find(name)
    arguments = benchmark.make(benchmark.sizes["MINI"], benchmark.dtype)
    made, facts = facts_of(benchmark.kernel, *arguments)
    told = [launch.kernel for launch in facts]
    assert told == re.findall(r"^__kernel void (\w+)", made.source, re.MULTILINE)
    writers = {s.name for s in made.schedule.scop.statements if s.array in benchmark.outputs}
    assert writers <= {access.statement for launch in facts for access in launch.accesses}
    text = str(made.explain())
    assert all(str(launch) in text for launch in facts)


@po.kernel
def swept(A, b):
    for t in range(b.shape[0]):
        for i in range(A.shape[0]):
            A[i] += b[t]
        b[t] = A[0]


def test_a_launch_in_place_of_others_and_one_of_a_single_item():
    def by_hand(s):
        return s.tile({"i": 64}).map_to_grid(groups=("i_tile",), items=("i",))

    first, last, instead = facts_of(swept, VECTOR, VECTOR, schedule=by_hand)[1]
    assert (first.shape, last.shape) == ("groups of 64 items", "one item")
    assert instead.instead
    assert str(instead).startswith(
        "launch swept_t, in place of those before where they are small: one item; no local memory; "
        "no barriers; in registers: nothing; about "
    )
    assert {a.how for a in (*last.accesses, *instead.accesses)} == {"by one item"}


@po.kernel
def blocked(A, out):
    for i in range(A.shape[0]):
        for j in range(i, A.shape[1]):
            out[i, j] = A[2, j] + A[i, j - i] + A[j, 2]


def test_loops_of_an_item_begin_where_its_own_number_says():
    text = explained(blocked, MATRIX, MATRIX, schedule=lambda s: s.map_to_grid(items=("i",)))
    assert text.splitlines()[1:] == [
        "  S1 reads A[2, j]: coalesced",
        "  S1 reads A[i, -i + j]: strided, not coalesced",
        "  S1 reads A[j, 2]: strided, not coalesced",
        "  S1 writes out[i, j]: strided, not coalesced",
    ]


def test_the_table_of_launches():
    lines = launch_table([("gemm", facts_of(shapes.gemm, MATRIX, MATRIX, MATRIX)[1])]).splitlines()
    names = (
        "kernel launch items local barriers ops/byte coalesced same strided local register alone"
    )
    assert lines[0].split() == [*names.split(), "in", "registers"]
    assert " ".join(lines[1].split()) == "gemm gemm_i_tile 16 x 16 4 KiB 3 2 0 0 0 2 2 0 C"
    assert len(lines) == 2


def test_a_step_of_two_parallel_loops_is_apart_from_one_with_one():
    facts = facts_of(kernels.find("lu").kernel, MATRIX)[1]
    column, update = (each for each in facts if not each.instead)
    assert (column.items, update.items) == ((64,), (16, 16))
    assert {a.how for a in update.accesses} == {"coalesced", "the same for all items"}
