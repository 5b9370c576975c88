"""Arrays as they lie in memory: strided, transposed, reversed and broadcast views, no copies."""

import itertools

import numpy as np
import pytest

import polyopt as po
from polyopt.runtime.memory import overlap, overlaps_itself, unit_dimension


def product(A, B, C):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


def views(shape, start):
    """Arrays of one shape and the same elements in different layouts."""
    plain = (np.arange(np.prod(shape), dtype=np.float64).reshape(shape) + start) % 7
    n, m = shape
    wide = np.zeros((2 * n + 1, 3 * m + 2))
    column = np.zeros((m, 4 * n))
    made = {
        "c": plain.copy(),
        "fortran": np.asfortranarray(plain),
        "rows": wide.copy()[:n, 1 : m + 1],
        "steps": wide.copy()[1 : 2 * n + 1 : 2, : 3 * m : 3],
        "upside down": plain.copy()[::-1],
        "backwards": plain.copy()[::-1, ::-1],
        "transposed steps": column[::-1, : 4 * n : 4].T,
    }
    for view in made.values():
        view[...] = plain
    return made


KINDS = list(views((2, 2), 0))


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_every_layout_of_every_argument(fp):
    kernel = po.kernel(fp=fp)(product)
    for kinds in itertools.product(KINDS, repeat=3):
        if len(set(kinds)) == 3 and kinds[0] != "c":  # enough pairs, and quick
            continue
        A, B, C = views((5, 9), 1)[kinds[0]], views((9, 4), 2)[kinds[1]], views((5, 4), 3)[kinds[2]]
        expected = C + A @ B
        memory = None if C.base is None else C.base.copy()
        kernel(A, B, C)
        assert np.array_equal(C, expected), kinds
        kernel(A, B, C)
        assert np.array_equal(C, expected + A @ B), kinds
        if memory is not None:
            touched = C.base != memory
            C[...] = 99
            assert np.array_equal(touched & (C.base != 99), np.zeros_like(touched)), kinds


def test_what_is_only_read_may_be_broadcast():
    kernel = po.kernel(product)
    A = np.broadcast_to(np.arange(3.0), (4, 3))
    B = np.broadcast_to(np.arange(3.0)[:, None], (3, 5))
    C = np.zeros((4, 5))
    for times in (1, 2):
        kernel(A, B, C)
        assert np.array_equal(C, times * (A @ B))


@po.kernel
def double(x, y):
    for i in range(x.shape[0]):
        y[i] = 2 * x[i]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 23, 24, 25, 2047, 2048, 2049, 300_001])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.bool_, np.int64])
def test_sizes_and_dtypes(n, dtype):
    x = (np.arange(3 * n) % 5).astype(dtype)[::3]
    y = np.zeros(2 * n, np.float64)[::-2]
    double(x, y)
    assert np.array_equal(y, 2 * x)


def test_interleaved_views_do_not_overlap():
    memory = np.arange(8.0)
    for _ in range(2):
        double(memory[::2], memory[1::2])
        assert memory.tolist() == [0, 0, 2, 4, 4, 8, 6, 12]
    parts = np.arange(4.0).astype(np.complex128)
    double(parts.real, parts.imag)
    assert parts.tolist() == [0, 1 + 2j, 2 + 4j, 3 + 6j]


def test_fields_of_records():
    records = np.zeros(4, [("a", "f8"), ("b", "i4"), ("c", "i4")])
    records["a"] = np.arange(4)
    double(records["a"], records["c"])
    assert records["c"].tolist() == [0, 2, 4, 6]
    packed = np.zeros(4, [("a", "i1"), ("b", "f8")])
    with pytest.raises(po.ShapeError, match=r"x is not aligned to its elements: pass x\.copy\(\)"):
        double(packed["b"], np.zeros(4))


def test_the_same_view_twice_is_one_array():
    memory = np.arange(6.0)
    for times in (2, 4):
        double(memory[::2], memory[::2])
        assert memory.tolist() == [0, 1, 2 * times, 3, 4 * times, 5]


def test_overlapping_views_in_source_order():
    kernel = double.with_options(alias="safe")
    memory = np.arange(1.0, 8.0)
    plain = memory.copy()
    kernel.py_func(plain[:6:2], plain[2::2])
    kernel(memory[:6:2], memory[2::2])
    assert memory.tolist() == plain.tolist()


def test_layouts_in_three_dimensions():
    @po.kernel
    def shift(A, B):
        for i in range(1, A.shape[0]):
            for j in range(A.shape[1]):
                for k in range(A.shape[2] - 1):
                    B[i, j, k] = A[i - 1, j, k + 1]

    rng = np.random.default_rng(0)
    for order in itertools.permutations(range(3)):
        A = rng.random((4, 5, 6)).transpose(order)
        B = np.zeros((6, 7, 8))[1:, 1:, ::2][: A.shape[0], : A.shape[1], : A.shape[2]]
        B = np.zeros((12, 12, 12))[::-2, ::2, ::-1][: A.shape[0], : A.shape[1], : A.shape[2]]
        shift(A, B)
        assert np.array_equal(B[1:, :, :-1], A[:-1, :, 1:])


def test_stencils_in_place_and_over_time():
    @po.kernel
    def smooth(T, A, B):
        n = A.shape[0]
        for _ in range(T):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    B[i, j] = 0.25 * (A[i, j - 1] + A[i, j + 1] + A[i - 1, j] + A[i + 1, j])
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    A[i, j] = B[i, j]

    kernel = smooth.with_options(fp="strict")
    for n in (2, 3, 40):
        start = np.random.default_rng(n).random((n, n))
        expected = start.copy(), np.zeros((n, n))
        smooth.py_func(3, *expected)
        A, B = start.T.copy().T, np.zeros((n, 2 * n))[:, ::-2]
        kernel(3, A, B)
        assert np.array_equal(A, expected[0])
        assert np.array_equal(B, expected[1])


def test_unit_dimensions():
    A = np.zeros((4, 6))
    assert unit_dimension(A) is None
    assert unit_dimension(A.T) == 0
    assert unit_dimension(A[:, :3]) == 1
    assert unit_dimension(A[:, ::2]) == -1
    assert unit_dimension(A[::-1]) == 1
    assert unit_dimension(A[:, :1]) == -1


def test_views_that_share_elements_with_themselves():
    def view(shape, strides):
        return np.lib.stride_tricks.as_strided(np.zeros(100), shape, strides)

    assert not overlaps_itself(np.zeros((3, 4)).T)
    assert not overlaps_itself(view((3, 4), (8, 24)))
    assert not overlaps_itself(view((2, 3), (24, 16)))
    assert overlaps_itself(view((3, 3), (24, 16))) is False
    assert overlaps_itself(view((2, 4), (24, 16))) is False
    assert overlaps_itself(view((3, 4), (24, 16)))
    assert overlaps_itself(view((2, 2), (8, 8)))
    assert not overlaps_itself(view((1, 4), (0, 8)))


def test_which_views_share_elements():
    memory = np.zeros(20)
    assert not overlap(memory[:5], memory[5:])
    assert overlap(memory[:6], memory[5:])
    assert not overlap(memory[::2], memory[1::2])
    assert overlap(memory[::2], memory[::3])
    assert not overlap(memory[:0], memory)
