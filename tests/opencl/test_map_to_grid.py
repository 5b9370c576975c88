"""`map_to_grid`: what it makes, and what it refuses."""

import copy

import numpy as np
import pytest
import shapes

import polyopt as po

TARGET = po.OpenCL(model="gpu")
MATRIX = po.f64[..., ...]


def original(kernel, *types):
    return kernel.with_options(target=TARGET).specialize(*types).original


def gemm():
    return original(shapes.gemm, MATRIX, MATRIX, MATRIX)


def same_as_python(kernel, schedule, *arguments):
    expected, actual = copy.deepcopy(arguments), copy.deepcopy(arguments)
    kernel.py_func(*expected)
    kernel.with_options(target=TARGET, schedule=schedule)(*actual)
    for wanted, got in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(got, wanted)


def random(*shape):
    return np.random.default_rng(3).random(shape)


def test_tiles_and_points():
    s = gemm().tile({"i": 4, "j": 8})
    s = s.map_to_grid(groups=("i_tile", "j_tile"), items=("i", "j"))
    marks = {line.split(" = ")[0].strip(): line.split("   ")[-1] for line in str(s).splitlines()}
    assert marks["i_tile"] == "parallel, group1"
    assert marks["j"] == "parallel, item0"
    assert s.script.splitlines()[-1] == (
        's = s.map_to_grid(groups=("i_tile", "j_tile"), items=("i", "j"))'
    )
    assert original(shapes.gemm, MATRIX, MATRIX, MATRIX).restructure(str(s)).tree == s.tree
    for n in (0, 1, 3, 4, 5, 9):
        same_as_python(shapes.gemm, s, random(n, n), random(n, 3), random(3, n))


@pytest.mark.usefixtures("eager")
def test_barriers_stand_between_the_phases_of_items():
    s = gemm().tile({"i": 4}).permute("i_tile", "k", "i", "j")
    s = s.map_to_grid(groups=("i_tile",), items=("i", "j"))
    spec = shapes.gemm.with_options(target=TARGET).specialize(MATRIX, MATRIX, MATRIX)
    assert spec.with_schedule(s).source.count("barrier(") == 1
    for n in (0, 1, 3, 4, 5, 70):
        same_as_python(shapes.gemm, s, random(n, n), random(n, 3), random(3, n))


@po.kernel(fp="strict")
def two_sweeps(A, B, sums):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            B[i, j] = A[i, j] * 2.0
        sums[i] = B[i, 0]
        for j in range(1, A.shape[1]):
            A[i, j] = B[i, j] - B[i, j - 1]


def test_phases_of_a_group_and_what_one_item_does():
    s = original(two_sweeps, MATRIX, MATRIX, po.f64[...])
    s = s.map_to_grid(groups=("i",), items=("S1.j",)).map_to_grid(items=("S3.j",))
    spec = two_sweeps.with_options(target=TARGET).specialize(MATRIX, MATRIX, po.f64[...])
    source = spec.with_schedule(s).source
    assert source.count("barrier(") == 2
    assert "if (get_local_id(0) == 0)" in source
    for n in (1, 2, 63, 64, 65, 130):
        same_as_python(two_sweeps, s, random(3, n), random(3, n), random(3))


def refused(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_refusals():
    s = gemm()
    assert refused(po.BadArgumentError, s.map_to_grid) == (
        "map_to_grid needs loops, each once, and these are none."
    )
    assert refused(po.BadArgumentError, lambda: s.map_to_grid("i")) == (
        'map_to_grid: groups are names of loops, such as ("i", "j"), not \'i\'.'
    )
    assert refused(po.BadArgumentError, lambda: s.map_to_grid(("i", "k"))) == (
        'map_to_grid: the groups "i" and "k" must stand one directly inside the other, in one '
        "band. Permute them first."
    )
    assert refused(po.BadArgumentError, lambda: s.map_to_grid(("j",), ("i",))) == (
        'map_to_grid: the items\' loop "i" is not inside the groups\' loop "j". A group is cut '
        "into items: tile first, and map tiles and points."
    )
    assert refused(po.BadArgumentError, lambda: s.map_to_grid(("i",), ("i",))) == (
        "map_to_grid needs loops, each once, and these are i, i."
    )
    text = refused(po.IllegalScheduleError, lambda: s.map_to_grid(items=("k",)))
    assert text.startswith('map_to_grid(items=("k",)) ')
    assert refused(po.NoSuchLoopError, lambda: s.map_to_grid(("x",))) == (
        'no loop is called "x". Loops here: "i", "j", "k".'
    )


def test_packed_buffers_are_refused():
    s = gemm().tile({"j": 4, "k": 4}).permute("j_tile", "k_tile", "i", "j", "k")
    s = s.pack("B", at="k_tile")
    spec = shapes.gemm.with_options(target=TARGET).specialize(MATRIX, MATRIX, MATRIX)
    assert refused(po.IllegalScheduleError, lambda: spec.with_schedule(s).source) == (
        "the packed buffer B_pack has no memory in a kernel of groups and items: leave out the "
        'step pack or map_to_grid, or use target="openmp"'
    )
    mapped = gemm().tile({"j": 4, "k": 4}).permute("j_tile", "k_tile", "i", "j", "k")
    mapped = mapped.pack("B", at="k_tile").map_to_grid(("j_tile",), ("j",))
    on_cpu = shapes.gemm.with_options(target=po.OpenCL(model="cpu"))
    spec = on_cpu.specialize(MATRIX, MATRIX, MATRIX)
    text = refused(po.IllegalScheduleError, lambda: spec.with_schedule(mapped).source)
    assert text.startswith("the packed buffer B_pack has no memory in a kernel of groups and items")


def test_a_mapped_schedule_runs_in_c_too():
    s = gemm().tile({"i": 4, "j": 8})
    s = s.map_to_grid(groups=("i_tile", "j_tile"), items=("i", "j"))
    arguments = random(9, 9), random(9, 3), random(3, 9)
    expected = copy.deepcopy(arguments)
    shapes.gemm.py_func(*expected)
    shapes.gemm.with_options(schedule=s, threads=2)(*arguments)
    np.testing.assert_array_equal(arguments[0], expected[0])


@po.kernel(fp="strict")
def clipped(n: int, m: int, x: po.f32[...]):
    for i in range(m - 2, n // 2 - 1, -1):
        for j in range(max(i - 2, 1), min(n - 2, i + 3)):
            x[i] = (x[i] + j) % 97.0


def test_what_first_items_do_in_a_branch_is_done_once():
    """PoCL 3.0 has all items do it where the branch has a barrier before it and none behind."""

    def by_hand(s):
        return s.tile({"i": 64}).map_to_grid(groups=("i_tile",), items=("i",))

    kernel = clipped.with_options(target=TARGET, schedule=by_hand)
    for n, m in [(0, 0), (4, 3), (5, 6), (3, 7), (70, 80)]:
        x = np.arange(n + m, dtype=np.float32)
        expected = x.copy()
        clipped.py_func(n, m, expected)
        kernel(n, m, x)
        np.testing.assert_array_equal(x, expected)
