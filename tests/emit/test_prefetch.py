"""Rows that data choose, asked of the memory ahead."""

import numpy as np
import pytest

import polyopt as po

MAKE = np.random.default_rng(4)


def products(I, A, B, out):
    for k in range(I.shape[0]):
        for j in range(A.shape[0]):
            out[k] += A[j] * B[I[k], j]


def strided_index(I, A, B, out):
    for k in range(out.shape[0]):
        for j in range(A.shape[0]):
            out[k] += A[j] * B[I[3 * k + 1], j]


def sums_of_rows(I, A, B, out):
    for k in range(0, out.shape[0], 2):
        for j in range(A.shape[0]):
            A[j] += B[I[k], j]


def index_that_changes(I, A, B, out):
    for k in range(out.shape[0]):
        I[k] = k % 2
        for j in range(A.shape[0]):
            out[k] += A[j] * B[I[k], j]


def short_rows(I, A, B, out):
    for k in range(out.shape[0]):
        for j in range(3):
            out[k] += A[j] * B[I[k], j]


def rows_in_order(I, A, B, out):
    for k in range(out.shape[0]):
        for j in range(A.shape[0]):
            out[k] += A[j] * B[k, j] + I[k]


def arguments(rows, columns, n, dtype="f8"):
    B = MAKE.integers(-9, 9, (rows, columns)).astype(dtype)
    index = MAKE.integers(0, rows, 3 * n + 1)
    A = MAKE.integers(-9, 9, columns).astype(dtype)
    return index, A, B, np.zeros(3 * n + 1 if n % 2 else n, dtype)


def source(body):
    return po.kernel(body).specialize(*arguments(5, 40, 4)).source


@pytest.mark.parametrize("body", [products, strided_index, sums_of_rows], ids=lambda b: b.__name__)
def test_rows_that_data_choose_are_asked_for(body):
    assert "ask_row(B, " in source(body)


@pytest.mark.parametrize(
    "body", [index_that_changes, short_rows, rows_in_order], ids=lambda b: b.__name__
)
def test_others_are_not(body):
    assert "ask_row" not in source(body)


def test_the_row_of_two_iterations_on_where_its_number_can_be_read():
    text = " ".join(source(products).split())
    assert (
        "if (B_shape0 * B_shape1 * sizeof(double) > 1048576) { "
        "if ((uint64_t)(k + 2) < (uint64_t)I_shape0) "
        "ask_row(B, (uint64_t)I[k + 2], B_shape1 * sizeof(double)); }"
    ) in text


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "u1"])
def test_of_large_arrays_the_results_are_the_same(dtype):
    rows, columns, n = 40_000, 37, 51
    index, A, B, out = arguments(rows, columns, n, dtype)
    found = out.copy()
    po.kernel(products)(index, A, B, found)
    expected = (B[index].astype("i8") * A.astype("i8")).sum(axis=1).astype(dtype)
    np.testing.assert_array_equal(found, expected)
    po.kernel(products)(index, A, B[:, ::-1], out)
    expected = (B[index, ::-1].astype("i8") * A.astype("i8")).sum(axis=1).astype(dtype)
    np.testing.assert_array_equal(out, expected)


def test_numbers_that_are_read_ahead_need_not_be_rows():
    index, A, B, _ = arguments(40_000, 37, 51)
    index[-2:] = np.iinfo(index.dtype).max  # behind those that the loop below reads
    short = np.zeros(len(index) - 2)

    @po.kernel
    def first(I, A, B, out):
        for k in range(out.shape[0]):
            for j in range(A.shape[0]):
                out[k] += A[j] * B[I[k], j]

    first(index, A, B, short)
    np.testing.assert_array_equal(short, B[index[:-2]] @ A)
