"""The sparse kernels: against plain Python bit for bit, in threads where rows are apart."""

import numpy as np
import pytest

import polyopt as po
from polyopt_kernels import sparse

MAKE = np.random.default_rng(5)


def lower(n):
    ptr, col = [0], []
    for i in range(n):
        col += [j for j in range(i) if (i * 7 + j * 3) % 4 == 0] + [i]
        ptr.append(len(col))
    return np.array(ptr, np.int32), np.array(col, np.int64), 1.0 + MAKE.random(len(col))


def cases(dtype):
    n, m, d = 23, 17, 9
    ptr, col, val = sparse.matrix(n, m, 4, dtype)
    dense = MAKE.random((m, d)).astype(dtype)
    row = np.repeat(np.arange(n), np.diff(ptr))
    low = lower(n)
    return {
        "spmv": (ptr, col, val, MAKE.random(m).astype(dtype), np.ones(n, dtype)),
        "spmm": (ptr, col, val, dense, np.ones((n, d), dtype)),
        "sddmm": (ptr, col, val, MAKE.random((n, d)).astype(dtype), dense, np.ones_like(val)),
        "coo": (row, col, val, MAKE.random(m).astype(dtype), np.ones(n, dtype)),
        "lower_solve": (*low[:2], low[2].astype(dtype), np.ones(n, dtype), np.zeros(n, dtype)),
        "histogram": (MAKE.random(99).astype(dtype), 0.1, 11.0, np.zeros(7, np.int64)),
    }


def copied(arguments):
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", list(cases(np.float64)))
@pytest.mark.parametrize("schedule", ["source", "auto"])
def test_bit_for_bit(name, dtype, schedule):
    kernel = getattr(sparse, name).with_options(fp="strict", schedule=schedule)
    plain, ours = copied(given := cases(dtype)[name]), copied(given)
    kernel.py_func(*plain)
    kernel(*ours)
    for want, have in zip(plain, ours, strict=True):
        assert np.asarray(want).tobytes() == np.asarray(have).tobytes()


@pytest.mark.parametrize("name", ["spmv", "spmm", "sddmm"])
def test_rows_run_in_parallel(name):
    spec = getattr(sparse, name).specialize(*cases(np.float64)[name])
    assert 'parallel("i")' in str(spec.schedule.script)


@pytest.mark.parametrize("name", ["coo", "lower_solve"])
def test_rows_that_depend_on_each_other_do_not(name):
    spec = getattr(sparse, name).specialize(*cases(np.float64)[name])
    assert 'parallel("' not in str(spec.schedule.script)
    assert ("parallel=True" in str(spec.schedule.script)) == (name == "coo")  # sums in copies
    with pytest.raises(po.IllegalScheduleError):
        spec.original.parallel(spec.original.loops[0])


def test_products_by_the_dense_matrix():
    ptr, col, val, x, y = cases(np.float64)["spmv"]
    dense = np.zeros((len(y), len(x)))
    np.add.at(dense, (np.repeat(np.arange(len(y)), np.diff(ptr)), col), val)
    sparse.spmv(ptr, col, val, x, y)
    np.testing.assert_allclose(y, dense @ x, rtol=1e-12)


# ---- what a call refuses ---------------------------------------------------------------------


def refused(kernel, *arguments):
    before = copied(arguments)
    with pytest.raises(po.PolyoptError) as caught:
        kernel(*arguments)
    for old, new in zip(before, arguments, strict=True):
        assert np.asarray(old).tobytes() == np.asarray(new).tobytes()
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize("bad", [-1, 17, 2**31 - 1, -(2**31)])
def test_a_column_that_is_none(bad):
    ptr, col, val, x, y = cases(np.float64)["spmv"]
    col[5] = bad
    assert refused(sparse.spmv, ptr, col, val, x, y) == (
        "BoundsError: sparse.py:25: x[col[k]] would leave x: the index col[k] is negative, or not "
        "below the extent x_shape0 in dimension 0 (here x_shape0 = 17). Nothing was written. "
        "Correct the indices, or pass a larger array."
    )


def test_an_element_that_no_row_has_may_be_anything():
    ptr, col, val, x, y = cases(np.float64)["spmv"]
    plain = y.copy()
    sparse.spmv.py_func(ptr, col, val, x, plain)
    longer = np.append(col, [-5, 10**6]).astype(np.int32)
    sparse.spmv(ptr, longer, np.append(val, [1.0, 1.0]), x, y)
    np.testing.assert_allclose(y, plain, rtol=1e-12)


def test_a_range_beyond_the_values():
    ptr, col, val, x, y = cases(np.float64)["spmv"]
    ptr[-1] += 1
    assert "val[k] would leave val" in refused(sparse.spmv, ptr, col, val, x, y)


def test_a_range_that_falls_is_no_partition():
    ptr, col, val, a, b, out = cases(np.float64)["sddmm"]
    ptr[3], ptr[4] = ptr[4], ptr[3] - 1
    message = refused(sparse.sddmm, ptr, col, val, a, b, out)
    assert message == (
        "AssumptionError: sddmm: the assumption po.monotone(ptr) (sparse.py:42) does not hold: "
        "ptr has an element below the one before. Nothing was written. "
        "Pass another array, or remove it."
    )


def test_an_index_that_the_kernel_writes_is_checked_where_it_is_read():
    kernel = po.kernel_from_text(
        "def kernel(idx, x, y):\n"
        "    for i in range(len(y)):\n"
        "        idx[i] = idx[i] + 1\n"
        "        y[i] = x[idx[i]]\n"
    )
    y = np.zeros(4)
    with pytest.raises(po.BoundsError, match="Results are partial"):
        kernel(np.array([0, 1, 7, 2]), np.arange(4.0), y)
    assert y.tolist() == [1.0, 2.0, 0.0, 3.0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_of_every_length_are_summed_in_lanes_and_out_of_them(dtype):
    ptr = np.concatenate([[0], np.cumsum(np.arange(100))])
    col = MAKE.integers(0, 50, ptr[-1])
    val, x = MAKE.integers(-4, 5, ptr[-1]).astype(dtype), MAKE.integers(-9, 9, 50).astype(dtype)
    have, want = np.ones(100, dtype), np.ones(100, dtype)
    sparse.spmv(ptr, col, val, x, have)
    sparse.spmv.py_func(ptr, col, val, x, want)
    assert have.tobytes() == want.tobytes()


@po.kernel
def halved(ptr, val, out):
    for i in range(ptr.shape[0] - 1):
        for k in range(ptr[i], ptr[i + 1]):
            out[k] = val[k] * 0.5


def test_the_least_integer_ends_a_row_before_it_begins():
    ptr = np.array([2, np.iinfo(np.int64).min])
    y, val, col = np.ones(1), np.ones(40), np.zeros(40, np.int64)
    sparse.spmv(ptr, col, val, np.ones(3), y)
    assert y == [0.0]
    product = np.ones((1, 5))
    sparse.spmm(ptr, col, val, np.ones((3, 5)), product)
    assert not product.any()
    out = np.zeros(40)
    halved(ptr, val, out)
    assert not out.any()


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_rows_that_data_select_are_summed_four_at_a_time(fp):
    counts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 30, 4]
    ptr = np.concatenate([[0], np.cumsum(counts)])
    col = MAKE.integers(0, 20, ptr[-1])
    val, dense = MAKE.random(ptr[-1]), MAKE.random((20, 13))
    have, want = np.ones((2, len(counts), 13))
    kernel = sparse.spmm.with_options(fp=fp)
    kernel(ptr, col, val, dense, have)
    kernel.py_func(ptr, col, val, dense, want)
    assert have.tobytes() == want.tobytes() if fp == "strict" else np.allclose(have, want)
    spec = kernel.specialize(ptr, col, val, dense, have)
    assert 's.unroll_and_jam("k", 4)' in str(spec.schedule.script)
    assert "4 * k_tile + ptr[i] + 4" in spec.source  # strips begin where the row does


@po.kernel
def staircase(ptr, val, C):
    for i in range(C.shape[0]):
        for k in range(ptr[i], ptr[i + 1]):
            for j in range(min(k, C.shape[1])):
                C[i, j] += val[k]


def test_rows_whose_length_follows_the_loop_over_data_are_not():
    ptr, val = np.array([0, 3, 9]), MAKE.random(9)
    have, want = np.ones((2, 2, 5))
    staircase(ptr, val, have)
    staircase.py_func(ptr, val, want)
    np.testing.assert_array_equal(have, want)
    script = str(staircase.specialize(ptr, val, have).schedule.script)
    assert "vectorize" in script
    assert "jam" not in script


@po.kernel(fp="strict")
def last_row_of_short_ones(n, v, B, ptr):
    for i in range(n):
        for k in range(ptr[i], ptr[i + 1]):
            if 2 * i >= n:
                for j in range(n):
                    s = B[j, j] * k
                    if n > 3:
                        continue
                    v[2] += s


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_a_row_is_known_where_a_condition_leaves_one(n):
    # n <= 3 and 2 * i >= n leave i == n - 1, in which words isl names the row of the second
    # statement, and that of the first is i
    ptr = np.cumsum(np.arange(n + 1)) // 2
    given, expected = np.ones(4), np.ones(4)
    B = MAKE.random((n, n))
    last_row_of_short_ones(n, given, B, ptr)
    last_row_of_short_ones.py_func(n, expected, B, ptr)
    assert given.tobytes() == expected.tobytes()
