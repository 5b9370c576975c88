"""pack: buffers of other layouts, what they hold, and when they are refused."""

from __future__ import annotations

import numpy as np
import pytest
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po
from polyopt.transform.schedule import Schedule


def gemm(C, A, B):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


def _sized(rows: int, columns: int, depth: int) -> tuple[np.ndarray, ...]:
    return small(rows, columns), small(rows, depth, seed=2), small(depth, columns, seed=3)


def _tiled() -> Schedule:
    s = original(gemm, *_sized(1, 1, 1))
    s = s.tile({"j": 12, "k": 5}, names={"j": "j_block", "k": "k_block"})
    s = s.tile({"i": 2, "j": 4})
    return s.permute("j_block", "k_block", "i_tile", "j_tile", "i", "k", "j")


def _packed(pad: bool = True) -> Schedule:
    s = _tiled().pack("B", at="k_block", order=("j", "k"), panel={"j": 4}, pad=pad)
    return s.pack("A", at="i_tile", panel={"i": 2}, pad=pad)


_SIZES = [
    (0, 3, 3),
    (3, 0, 3),
    (3, 3, 0),
    (1, 1, 1),
    (2, 12, 5),
    (3, 13, 6),
    (1, 11, 4),
    (5, 25, 11),
]


def test_the_loops() -> None:
    text = loops(_packed())
    assert (
        "with B[5*k_block : 5*k_block + 5, 12*j_block : 12*j_block + 12] as B_pack "
        "(packed: order 1,0 panel 1:4 pad):" in text
    )
    assert (
        "with A[2*i_tile : 2*i_tile + 2, 5*k_block : 5*k_block + 5] as A_pack "
        "(packed: order 0,1 panel 0:2 pad):" in text
    )


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("pad", [True, False])
def test_results(size: tuple[int, int, int], pad: bool) -> None:
    schedule = _packed(pad)
    same_as_python(schedule, gemm, *_sized(*size))
    C, A, B = _sized(*size)
    expected = C + A @ B
    po.kernel(gemm).specialize(C, A, B).with_schedule(schedule)(C, A, B)
    assert np.array_equal(C, expected)


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("loop", ["j_block", "i_tile", "j_tile"])
def test_threads_have_or_share_buffers(size: tuple[int, int, int], loop: str) -> None:
    schedule = _packed().parallel(loop)
    same_as_python(schedule, gemm, *_sized(*size))
    C, A, B = _sized(*size)
    expected = C + A @ B
    spec = po.kernel(gemm).specialize(C, A, B).with_schedule(schedule)
    spec(C, A, B)
    assert np.array_equal(C, expected)
    assert ("omp_get_max_threads()" in spec.source) == (loop != "j_tile")


def test_many_threads_and_a_shared_copy() -> None:
    s = original(gemm, *_sized(1, 1, 1)).tile({"j": 512, "k": 64, "i": 16})
    s = s.permute("j_tile", "k_tile", "i_tile", "i", "k", "j").parallel("i_tile")
    s = s.pack("B", at="k_tile", order=("j", "k"), panel={"j": 8}, pad=True)
    C, A, B = _sized(100, 513, 70)
    expected = C + A @ B
    spec = po.kernel(gemm).specialize(C, A, B).with_schedule(s)
    assert "#pragma omp parallel for schedule(static)\n" in spec.source
    spec(C, A, B)
    assert np.array_equal(C, expected)


def test_the_script_replays() -> None:
    schedule = _packed()
    assert schedule.steps[-1].on(_tiled().pack("B", "k_block", ("j", "k"), {"j": 4}, True)) == (
        schedule
    )
    assert (
        's = s.pack("B", at="k_block", order=("j", "k"), panel={"j": 4}, pad=True)'
        in schedule.script
    )


def stencil(B, A):
    for i in range(1, A.shape[0] - 1):
        for j in range(1, A.shape[1] - 1):
            B[i, j] = A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1]


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (4, 5), (9, 10), (10, 9)])
@pytest.mark.parametrize("order", [None, ("j", "i")])
def test_a_box_that_begins_before_its_array(size: tuple[int, int], order: object) -> None:
    s = original(stencil, small(3, 3), small(3, 3)).tile({"i": 4, "j": 4})
    for panel in ({}, {"j": 3}, {"i": 2, "j": 2}):
        packed = s.pack("A", at="j_tile", order=order, panel=panel, pad=True)
        same_as_python(packed, stencil, small(*size), small(*size, seed=2))
        B, A = small(*size), small(*size, seed=2)
        expected = B.copy()
        stencil(expected, A)
        po.kernel(stencil).specialize(B, A).with_schedule(packed)(B, A)
        assert np.array_equal(B, expected)


def lu(A):
    for i in range(A.shape[0]):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


def test_one_access_of_an_array_that_is_written() -> None:
    text = refused(lambda: original(lu, small(4, 4)).pack("A", at="S3.k"), po.BadArgumentError)
    assert text == (
        'pack("A", at="S3.k"): S3 writes A there where it is read, so the copy would miss new '
        "values. Pack what is only read, or promote this block."
    )
    s = original(lu, small(4, 4)).tile({"S3.k": 4}).pack("A[i, k]", at="S3.k_tile")
    assert "as A_pack (packed: order 0,1)" in loops(s)
    for n in (0, 1, 2, 5, 9):
        A = small(n, n) + 20 * np.eye(n)
        same_as_python(s, lu, A)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda s: s.pack("D", at="k_block"),
            'pack: no array with dimensions is called "D". Arrays here: "C", "A", "B".',
        ),
        (
            lambda s: s.pack("B", at="j_block"),
            (
                'pack("B", at="j_block"): what is read of B in one iteration has no constant size. '
                "Tile the loops that index it first, and pack inside the tile loops."
            ),
        ),
        (
            lambda s: s.pack("C", at="k_block"),
            (
                'pack("C", at="k_block"): S1 writes C there where it is read, so the copy would '
                "miss new values. Pack what is only read, or promote this block."
            ),
        ),
        (
            lambda s: s.pack("A[k, i]", at="i_tile"),
            'pack("A[k, i]", at="i_tile"): no read there is written so. Reads of A: "A[i, k]".',
        ),
        (
            lambda s: s.pack("B", at="k_block", order=("j",)),
            (
                """pack("B", at="k_block"): order=('j',) must name each of the 2 dimensions of B """
                "once, by the loops that index them."
            ),
        ),
        (
            lambda s: s.pack("B", at="k_block", order=("i", "k")),
            'pack("B", at="k_block"): "i" must index one dimension of B; it indexes none.',
        ),
        (
            lambda s: s.pack("B", at="k_block", panel={"j": 0}),
            'pack("B", at="k_block"): a panel\'s width is a positive int, not 0.',
        ),
        (
            lambda s: s.pack("B", at="k_block", pad=3),
            'pack("B", at="k_block"): pad is True or False, not 3.',
        ),
        (
            lambda s: s.vectorize("j").pack("B", at="j"),
            (
                'pack("B", at="j"): "j" around it is a vector loop, and its lanes have no buffers '
                "of their own."
            ),
        ),
    ],
)
def test_refusals(step: object, message: str) -> None:
    assert refused(lambda: step(_tiled()), po.BadArgumentError) == message


def test_a_buffer_too_large() -> None:
    s = original(gemm, *_sized(1, 1, 1)).tile({"j": 65536, "k": 4096})
    s = s.permute("j_tile", "k_tile", "i", "j", "k")
    assert refused(lambda: s.pack("B", at="k_tile"), po.BadArgumentError) == (
        'pack("B", at="k_tile"): the buffer would hold 4096 x 65536 elements. '
        "Tile smaller, or pack further in."
    )


def test_a_later_step_that_it_does_not_stand_with() -> None:
    s = original(stencil, small(3, 3), small(3, 3)).tile({"i": 4, "j": 4})
    s = s.pack("A", at="j_tile")
    assert refused(lambda: s.vectorize("j_tile")) == (
        'pack("A") does not stand with this step: "j_tile" around it is a vector loop, and its '
        "lanes have no buffers of their own. Take this step first, and pack after it."
    )


def _whole_tiles() -> Schedule:
    s = original(gemm, *_sized(1, 1, 1))
    s = s.tile({"j": 12, "k": 5, "i": 2}).tile({"j": 4})
    s = s.permute("j_tile", "k_tile", "i_tile", "j_tile2", "k", "i", "j")
    s = s.pack("B", at="k_tile", order=("j", "k"), panel={"j": 4}, pad=True)
    return s.pack("A", at="i_tile", panel={"i": 2}, pad=True).promote("C", at="k")


def test_partial_tiles_run_as_whole_ones_where_the_rest_is_padding() -> None:
    text = loops(_whole_tiles())
    assert "as C_acc (load,store,clipped):" in text
    assert "for i in range(0, 2):" in text
    assert "for j in range(0, 4):" in text


@pytest.mark.parametrize("size", _SIZES)
def test_padding_is_not_written_back(size: tuple[int, int, int]) -> None:
    schedule = _whole_tiles()
    same_as_python(schedule, gemm, *_sized(*size))
    C, A, B = _sized(*size)
    expected = C + A @ B
    po.kernel(gemm).specialize(C, A, B).with_schedule(schedule)(C, A, B)
    assert np.array_equal(C, expected)


def test_without_padding_partial_tiles_stay() -> None:
    s = original(gemm, *_sized(1, 1, 1)).tile({"j": 4, "i": 2, "k": 5})
    s = s.permute("j_tile", "k_tile", "i_tile", "k", "i", "j").promote("C", at="k")
    assert "for j in range(4*j_tile, min(" in loops(s)
    for size in _SIZES:
        same_as_python(s, gemm, *_sized(*size))


def syrk(C, A):
    for i in range(C.shape[0]):
        for k in range(A.shape[1]):
            for j in range(i + 1):
                C[i, j] += A[i, k] * A[j, k]


def test_a_triangle_is_made_whole_where_all_that_it_reads_is_padded() -> None:
    tiled = original(syrk, small(3, 3), small(3, 3)).tile({"i": 4, "k": 4, "j": 4})
    tiled = tiled.permute("i_tile", "j_tile", "k_tile", "k", "i", "j")
    for pad in (False, True):
        s = tiled.pack("A[i, k]", at="k_tile", panel={"i": 4}, pad=True)
        s = s.pack("A[j, k]", at="k_tile", panel={"j": 4}, pad=pad)
        if pad:
            s = s.promote("C", at="k")
            assert "for j in range(0, 4)" in loops(s)
        else:
            message = refused(lambda s=s: s.promote("C", at="k"), po.BadArgumentError)  # type: ignore[misc]
            assert message == (
                'promote("C", at="k"): what the loop touches of C is not one full box of constant '
                "shape. Tile its loops, separate full tiles, and promote in those."
            )
        for n, m in [(0, 3), (1, 1), (4, 4), (5, 3), (9, 6)]:
            same_as_python(s, syrk, small(n, n), small(n, m, seed=2))


def test_the_element_that_a_statement_writes_is_read_in_its_array() -> None:
    s = original(syrk, small(3, 3), small(3, 3), fp="strict")
    for what in ("C", "C[i, j]"):
        for at in ("i", "k", "j"):
            text = refused(lambda w=what, a=at: s.pack(w, at=a), po.BadArgumentError)  # type: ignore[misc]
            assert "S1 writes C there where it is read" in text


def scaled(C, A, B, alpha):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += alpha * A[i, k] * B[k, j]


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_products_with_scalars_are_made_in_the_copy(fp: str) -> None:
    rng = np.random.default_rng(5)
    C, A, B = rng.random((7, 9)), rng.random((7, 11)), rng.random((11, 9))
    spec = po.kernel(scaled, fp=fp).specialize(C, A, B, 0.3)
    s = spec.original.tile({"i": 4, "k": 4}).permute("i_tile", "k_tile", "i", "k", "j")
    packed = spec.with_schedule(s.pack("A", at="k_tile", panel={"i": 2}, pad=True))
    assert "C[i][j] += A_pack[" in packed.source
    plain, expected = C.copy(), C.copy()
    packed(plain, A, B, 0.3)
    spec.with_schedule(s)(expected, A, B, 0.3)
    assert np.array_equal(plain, expected) or fp != "strict"
    assert np.allclose(plain, expected, rtol=1e-14)


def twice(C, A, B, alpha):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += alpha * A[i, k] * B[k, j] + A[i, k]


def test_elements_used_in_two_ways_are_kept_as_they_are() -> None:
    rng = np.random.default_rng(5)
    C, A, B = rng.random((7, 9)), rng.random((7, 11)), rng.random((11, 9))
    spec = po.kernel(twice, fp="strict").specialize(C, A, B, 0.3)
    s = spec.original.tile({"i": 4, "k": 4}).permute("i_tile", "k_tile", "i", "k", "j")
    packed = spec.with_schedule(s.pack("A", at="k_tile"))
    expected = C.copy()
    packed(C, A, B, 0.3)
    twice(expected, A, B, 0.3)
    assert np.array_equal(C, expected)


def test_promotion_to_local_memory() -> None:
    s = original(gemm, *_sized(1, 1, 1)).tile({"i": 2, "j": 4})
    local = s.promote("C", at="i", to="local")
    assert "as C_acc (load,store,local,clipped):" in loops(local)
    assert local.script.endswith('s = s.promote("C", at="i", to="local")')
    same_as_python(local, gemm, *_sized(5, 9, 3))
    assert refused(lambda: s.promote("C", at="i", to="shared"), po.BadArgumentError) == (
        'promote: to is "register" or "local", not \'shared\'.'
    )


def test_no_pack_inside_a_promoted_block_of_its_array() -> None:
    s = original(gemm, *_sized(1, 1, 1)).tile({"i": 2, "j": 4, "k": 4})
    s = s.permute("i_tile", "j_tile", "k_tile", "k", "i", "j").promote("B", at="k")
    assert refused(lambda: s.pack("B", at="k")) == (
        '"B" is in a promoted block around pack("B") already. Promote it inside, or leave one of '
        "the two out."
    )


def seen(x):
    T = np.zeros((20,))
    for i in range(20):
        T[i] = x[i]
        x[i] = T[i] * 2.0


def test_panels_do_not_outlive_the_subscripts_of_their_array() -> None:
    s = original(seen, np.ones(20))
    reader = next(t for t in s.scop.statements if t.array == "x").name
    s = s.distribute(f"{reader}.i", before=reader)
    s = s.pack("T", at=f"{reader}.i", panel={f"{reader}.i": 20}, pad=True)
    first = next(t for t in s.scop.statements if t.array == "T" and t.name != "S1").name
    s = s.fuse(f"{first}.i", f"{reader}.i")
    assert refused(lambda: s.contract("T")) == (
        'pack("T") does not stand with this step: T has 0 subscripts now, and its panels have 1. '
        "Take this step first, and pack after it."
    )


def product_in_place(A, B):
    m, n = B.shape
    for i in range(m):
        for k in range(i + 1, m):
            for j in range(n):
                B[i, j] += A[i, k] * B[k, j]


def test_what_is_overwritten_after_its_copy_may_run_before_its_reads() -> None:
    s = original(product_in_place, small(4, 4), small(4, 5), fp="strict")
    tiled = s.tile({"i": 2, "k": 3, "j": 4})
    refused(lambda: tiled.parallel("i_tile"))
    refused(lambda: tiled.reverse("i"))
    copied = tiled.permute("j_tile", "k_tile", "i_tile", "k", "i", "j")
    copied = copied.pack("B[k, j]", at="k_tile", order=("j", "k"), panel={"j": 4})
    for made in (copied, copied.reverse("i"), copied.parallel("i_tile").promote("B", at="j")):
        for n in (0, 1, 3, 4, 7):
            same_as_python(made, product_in_place, small(n, n), small(n, n + 1, seed=2))


def test_a_copy_is_not_made_of_what_is_yet_to_be_written() -> None:
    def running(A):
        for i in range(1, A.shape[0]):
            A[i] = A[i] + A[i - 1]

    s = original(running, small(9), fp="strict").tile({"i": 4})
    text = refused(lambda: s.pack("A[i - 1]", at="i_tile"), po.BadArgumentError)
    assert "S1 writes A there where it is read" in text


def test_a_block_inside_a_copy_does_not_take_its_reads() -> None:
    def shifted(A):
        for i in range(A.shape[0] - 1):
            A[i] = A[i] * 2.0 + A[i + 1]

    s = original(shifted, small(9), fp="strict").tile({"i": 4})
    copied = s.pack("A[i + 1]", at="i_tile")
    for made in (copied.reverse("i"), copied.reverse("i").promote("A", at="i")):
        for n in (1, 2, 4, 5, 9, 10):
            same_as_python(made, shifted, small(n))
