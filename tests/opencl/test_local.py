"""Local memory, registers of items, and trees: the steps of the GPU mapping by hand."""

import numpy as np
import pytest
import shapes

import polyopt as po
from polyopt.emit.launches import launches

TARGET = po.OpenCL(model="gpu")
MATRIX, VECTOR = po.f64[..., ...], po.f64[...]


def specialised(kernel, *types, **options):
    return kernel.with_options(target=TARGET, **options).specialize(*types)


def launched(spec):
    (launch,) = launches(spec.entry.program.host)
    return launch


def same_as_python(spec, function, *arguments, rtol=0.0):
    wanted = [np.copy(a) for a in arguments]
    function(*wanted)
    spec(*arguments)
    for got, expected in zip(arguments, wanted, strict=True):
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=0)


def random(*shape):
    return np.random.default_rng(3).random(shape)


def tiled(spec, i=4, j=8, k=4):
    s = spec.original.tile({"i": i, "j": j, "k": k})
    return s.map_to_grid(groups=("i_tile", "j_tile"), items=("i", "j"))


def test_gemm_with_local_tiles_and_a_register():
    spec = specialised(shapes.gemm, MATRIX, MATRIX, MATRIX)
    s = tiled(spec).promote("C", at="k_tile")
    s = s.promote("A", at="i", to="local").promote("B", at="i", to="local")
    made = spec.with_schedule(s)
    launch = launched(made)
    assert launch.local == (("A_local", 4 * 4 * 8), ("B_local", 4 * 8 * 8))
    assert (launch.items, launch.barriers, launch.registers) == ((8, 4), 3, ("C",))
    for n, m, depth in [(0, 3, 2), (1, 1, 1), (4, 8, 4), (5, 7, 0), (3, 9, 5), (9, 17, 13)]:
        same_as_python(made, shapes.gemm.py_func, random(n, m), random(n, depth), random(depth, m))


def test_one_schedule_for_every_target():
    spec = specialised(shapes.gemm, MATRIX, MATRIX, MATRIX)
    s = tiled(spec).promote("C", at="k_tile").promote("A", at="i", to="local")
    for target in ("c", po.OpenMP(threads=2), po.OpenCL(model="cpu")):
        made = shapes.gemm.with_options(target=target, schedule=s)
        same_as_python(made, shapes.gemm.py_func, random(9, 9), random(9, 5), random(5, 9))


@po.kernel(fp="strict")
def symmetric(C, A):
    for i in range(C.shape[0]):
        for j in range(i + 1):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * A[j, k]


def test_a_block_for_each_access_to_what_is_read():
    spec = specialised(symmetric, MATRIX, MATRIX)
    s = tiled(spec, 4, 4, 4).promote("A", at="i", to="local")
    made = spec.with_schedule(s)
    assert [name for name, _ in launched(made).local] == ["A_local", "A_local_2"]
    for n, depth in [(0, 1), (1, 1), (4, 4), (7, 3), (9, 5)]:
        same_as_python(made, symmetric.py_func, random(n, n), random(n, depth))


ROWS = po.f64[po.symbols("N"), 16]


@po.kernel(fp="strict", target=TARGET)
def smooth(A: ROWS, T: ROWS, out: ROWS):
    for i in range(A.shape[0]):
        for j in range(16):
            T[i, j] = A[i, j] * 0.5
        for j in range(1, 16):
            out[i, j] = T[i, j] + T[i, j - 1]


def test_items_write_a_block_that_others_read():
    s = smooth.specialize().original.strip_mine("i", 4)
    s = s.map_to_grid(groups=("i_tile",), items=("S1.j",)).map_to_grid(items=("S2.j",))
    for made, count in ((s, 2), (s.promote("T", at="i", to="local"), 4)):
        spec = smooth.specialize().with_schedule(made)
        assert launched(spec).barriers == count
        for n in (0, 1, 3, 4, 5, 9):
            same_as_python(spec, smooth.py_func, random(n, 16), random(n, 16), random(n, 16))


@po.kernel
def rows(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]


def test_a_tree_inside_a_group():
    spec = specialised(rows, MATRIX, VECTOR, VECTOR)
    s = spec.original.reduce("j", parallel=True).map_to_grid(groups=("i",), items=("j",))
    made = spec.with_schedule(s)
    assert launched(made).local == (("y_tree", 64 * 8),)
    for n, m in [(0, 3), (3, 0), (1, 1), (2, 63), (2, 64), (3, 65), (4, 300)]:
        same_as_python(made, rows.py_func, random(n, m), random(m), random(n), rtol=1e-13)
    assert s.script == spec.schedule.script.replace("S1.", "")  # as the automatic mapping has it


@po.kernel
def twice(A, x, y):
    for i in range(A.shape[0]):
        for j in range(i):
            y[i] += A[i, j] * x[j]
        y[i] = y[i] * 2.0
        for j in range(i, A.shape[0]):
            y[i] += A[i, j] * x[j]


def test_what_one_item_does_between_two_trees():
    """Without a barrier after it PoCL 3.0 loses the product."""
    s = specialised(twice, MATRIX, VECTOR, VECTOR).original
    s = s.reduce("S1.j", parallel=True).reduce("S3.j", parallel=True)
    s = s.map_to_grid(groups=("i",), items=("S1.j",)).map_to_grid(items=("S3.j",))
    spec = specialised(twice, MATRIX, VECTOR, VECTOR).with_schedule(s)
    for n in (0, 1, 2, 70):
        same_as_python(spec, twice.py_func, random(n, n), random(n), random(n), rtol=1e-13)


@po.kernel
def extreme(x, out):
    for i in range(x.shape[0]):
        out[0] = max(out[0], x[i])


def test_one_group_for_a_sum_over_everything():
    spec = specialised(extreme, po.i64[...], po.i64[...])
    s = spec.original.reduce("i", parallel=True).map_to_grid(items=("i",))
    for n in (0, 1, 63, 64, 65, 500):
        x = np.random.default_rng(n).integers(-99, 99, n)
        same_as_python(spec.with_schedule(s), extreme.py_func, x, np.full(1, -100))


def refused(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_refusals():
    s = tiled(specialised(shapes.gemm, MATRIX, MATRIX, MATRIX))
    box = "what the loop touches of A is not one full box of constant shape. Tile its loops"
    assert box in refused(po.BadArgumentError, lambda: s.promote("A", at="i"))
    assert refused(po.BadArgumentError, lambda: s.promote("A", at="i", to="shared")) == (
        'promote: to is "register" or "local", not \'shared\'.'
    )
    free = specialised(shapes.gemm, MATRIX, MATRIX, MATRIX).original.tile({"i": 4, "j": 8, "k": 4})
    late = free.promote("A", at="i").map_to_grid
    assert refused(
        po.IllegalScheduleError, lambda: late(("i_tile", "j_tile"), ("i", "j")).loops
    ) == (
        'the promoted block of "A" is around items of a work group, and is no box of constant '
        "shape, is outside of groups, or belongs to several items: only "
        'promote("A", to="local") can be shared by items.'
    )


@po.kernel(fp="strict")
def worked(A, B, row):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            row[j] = A[i, j] * 2.0
        for j in range(1, A.shape[1]):
            B[i, j] = row[j] + row[j - 1]


@po.kernel(fp="strict")
def worked_locally(A, B):
    row = np.empty(A.shape[1])
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            row[j] = A[i, j] * 2.0
        for j in range(1, A.shape[1]):
            B[i, j] = row[j] + row[j - 1]


@pytest.mark.parametrize("model", ["cpu", "gpu"])
def test_work_arrays_stay_one(model):
    """An item has no array of its own, so the automatic scheduler makes none."""
    for kernel, *more in ((worked, random(40)), (worked_locally,)):
        spec = kernel.with_options(target=po.OpenCL(model=model))
        same_as_python(spec, kernel.py_func, random(30, 40), random(30, 40), *more)
