"""Local arrays that iterations write anew: each thread has its own, and the loop is parallel."""

from __future__ import annotations

import numpy as np
import pytest
from beside_python import same_as
from run_schedule import original, refused, same_as_python, small

import polyopt as po


def rows(A, B):
    N, M = A.shape
    row = np.empty(M)
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j] * 2.0
        for j in range(1, M):
            B[i, j] = row[j] + row[j - 1]


def filled_first(A, B):
    N, M = A.shape
    row = np.zeros(M)
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j] + 1.0
        for j in range(M):
            B[i, M - 1 - j] = row[j]


def backwards(A, B):
    N, M = A.shape
    row = np.empty(M + 1)
    for i in range(N - 1, -1, -2):
        row[0] = 0.0
        for j in range(M):
            row[j + 1] = row[j] + A[i, j]
        for j in range(M):
            B[i, j] = row[j + 1] - row[0]


def planes(A, B):
    N, M = A.shape
    plane = np.empty((M, 3))
    for i in range(1, N - 1):
        for j in range(M):
            for k in range(3):
                plane[j, k] = A[i + k - 1, j] * 0.5
        for j in range(1, M - 1):
            B[i, j] = plane[j - 1, 0] + plane[j, 1] * 4.0 + plane[j + 1, 2]


def two_loops_deep(A, B):
    N, M = A.shape
    pair = np.empty(20)  # more elements than become scalars
    for i in range(N):
        for j in range(M - 1):
            pair[0] = A[i, j]
            pair[1] = A[i, j + 1]
            B[i, j] = pair[1] - pair[0]


def in_turn(A, B):
    """Each row needs the one before it: a pipeline, or nothing runs side by side."""
    N, M = A.shape
    row = np.empty(M)
    for i in range(1, N):
        for j in range(M):
            row[j] = A[i, j] * 0.5 + B[i - 1, j]
        for j in range(1, M):
            B[i, j] = B[i, j - 1] + row[j] + row[j - 1]


def carried(A, B):
    N, M = A.shape
    row = np.zeros(M)
    for i in range(N):
        for j in range(M):
            row[j] = row[j] + A[i, j]
            B[i, j] = row[j]


def some_carried(A, B):
    """The first element keeps the value that it was filled with."""
    N, M = A.shape
    row = np.ones(M)
    for i in range(N):
        for j in range(1, M):
            row[j] = A[i, j]
        for j in range(M):
            B[i, j] = row[j]


def read_after(A, B):
    N, M = A.shape
    row = np.zeros(M)
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j] + 1.0
        for j in range(M):
            B[i, j] = row[j]
    for j in range(min(N, M)):
        B[0, j] = row[j]


FREED = (rows, filled_first, backwards, planes, two_loops_deep)
KEPT = (in_turn, carried, some_carried, read_after)
SHAPES = ((0, 0), (1, 1), (2, 3), (7, 1), (5, 64), (33, 20))


@pytest.mark.parametrize("function", [*FREED, *KEPT], ids=lambda f: f.__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_every_bit_is_that_of_plain_python(function, threads):
    for fp in ("strict", "reassociate"):
        kernel = po.kernel(function).with_options(fp=fp, threads=threads)
        for shape in SHAPES:
            given = (small(*shape), small(*shape, seed=2))
            if function is read_after and shape[0] < 1:
                continue
            same_as(function, kernel, given)


@pytest.mark.parametrize("function", FREED, ids=lambda f: f.__name__)
def test_the_outer_loop_is_parallel_and_each_thread_has_an_array(function):
    spec = po.kernel(function).specialize(po.f64[..., ...], po.f64[..., ...])
    assert "one for each thread: " in str(spec.loops)
    assert "omp_get_thread_num()" in spec.source
    same_as_python(spec.schedule, function, small(5, 4), small(5, 4, seed=2))


@pytest.mark.parametrize("function", KEPT[1:], ids=lambda f: f.__name__)
def test_values_that_stay_alive_keep_one_array(function):
    spec = po.kernel(function).specialize(po.f64[..., ...], po.f64[..., ...])
    assert "one for each thread" not in str(spec.loops)


ROWS = (po.f64[..., ...], po.f64[..., ...])


def test_rows_may_be_cut_and_tiled_where_a_copy_lives_in_one_iteration():
    s = original(rows, *ROWS).privatize("row")
    for schedule in (
        s.parallel("i"),
        s.strip_mine("i", 4).parallel("i_tile"),
        s.reverse("i").parallel("i"),
        s.parallel("S1.j").parallel("S2.j"),
        s.vectorize("S1.j").parallel("i"),
    ):
        same_as_python(schedule, rows, small(9, 5), small(9, 5, seed=2))


def test_copies_do_not_outlive_their_iteration():
    s = original(rows, *ROWS).privatize("row")
    assert refused(lambda: s.distribute("i", before="S2")) == (
        'the private copies of "row" would outlive the loops they belong to. Keep the statements '
        "that use it in one loop body, or tile the loop between them."
    )


def test_lanes_have_no_arrays_of_their_own():
    s = original(two_loops_deep, *ROWS).privatize("pair", at="j")
    assert "outlive" in refused(lambda: s.vectorize("j"))


def test_copies_are_of_the_loops_asked_for():
    s = original(two_loops_deep, *ROWS)
    same = [s.privatize("pair", at="i").parallel("i"), s.privatize("pair").parallel("i")]
    for schedule in (*same, s.privatize("pair", at="j").parallel("j")):
        same_as_python(schedule, two_loops_deep, small(4, 6), small(4, 6, seed=2))
    assert "B[i, j]" in refused(lambda: s.privatize("pair", at="i").parallel("j"))


def test_an_opencl_device_has_no_memory_for_them():
    s = po.kernel(rows).with_options(target="opencl").specialize(*ROWS)
    with pytest.raises(po.IllegalScheduleError, match="an OpenCL device has no memory for arrays"):
        s.with_schedule(lambda s: s.privatize("row")).prepare()


# ---- arrays made in loops ----------------------------------------------------------------------


def made_in_a_loop(A, B):
    N, M = A.shape
    for i in range(N):
        total = np.zeros(M)
        for k in range(N):
            for j in range(M):
                total[j] += A[k, j] * (i + 1)
        for j in range(M):
            B[i, j] = total[j]
    for i in range(N):
        total = np.zeros(M)
        for j in range(M):
            total[j] += B[i, j]
        for j in range(M):
            B[i, j] = total[M - 1 - j]


def made_in_two_loops(A, B):
    N, M = A.shape
    for i in range(N):
        outer = np.zeros(M)
        for j in range(M):
            outer[j] = A[i, j]
        for _ in range(2):
            inner = np.empty(M)
            for j in range(M):
                inner[j] = outer[j] * 0.5
            for j in range(M):
                outer[j] = inner[M - 1 - j] + 1.0
        for j in range(M):
            B[i, j] = outer[j]


def made_in_a_branch(A, B):
    N, M = A.shape
    for i in range(N):
        if A[i, M - 1] > 0.0:
            thirds = np.ones(3)
            for j in range(M):
                thirds[j % 3] += A[i, j]
            B[i, 0] = thirds[0] + thirds[1] * thirds[2]


def made_while(A, B):
    N, M = A.shape
    k = 0
    while k < N - 1 and A[k, 0] > -100.0:
        row = np.full(M, A[k, 0])
        for j in range(M // 2):
            row[j] = A[k, j] * 0.5
        for j in range(M):
            B[k, j] = row[M - 1 - j]
        k += 1


def made_twice(A, B):
    N, M = A.shape
    for i in range(N):
        t = np.zeros(M)
        for j in range(M):
            t[j] = A[i, j]
        for j in range(M):
            B[i, j] = t[j]
        t = np.ones(M)
        for j in range(M):
            B[i, j] += t[j]


def small_matrix(A, B):
    N, M = A.shape
    for i in range(N):
        for j in range(M - 1):
            t = np.full((2, 2), A[i, j])
            t[0, 1] = A[i, j + 1]
            B[i, j] = t[0, 0] * t[1, 1] - t[0, 1] * t[1, 0]


MADE = (made_in_a_loop, made_in_two_loops, made_in_a_branch, made_while, made_twice, small_matrix)


@pytest.mark.parametrize("function", MADE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_arrays_made_in_loops(function, threads):
    for fp in ("strict", "reassociate"):
        kernel = po.kernel(function).with_options(fp=fp, threads=threads)
        for shape in SHAPES[1:]:
            same_as(function, kernel, (small(*shape), small(*shape, seed=2)))


@po.kernel(fp="strict")
def product(A, B):
    N, K = A.shape
    C = np.zeros((N, B.shape[1]))
    for i in range(N):
        for j in range(B.shape[1]):
            for k in range(K):
                C[i, j] += A[i, k] * B[k, j]
    return C


def power(A, X):
    for _ in range(3):
        C = product(A, X)
        for i in range(X.shape[0]):
            for j in range(X.shape[1]):
                X[i, j] = C[i, j]


def test_what_a_kernel_returns_in_a_loop_is_made_anew():
    kernel = po.kernel(power).with_options(fp="strict")
    for n in (1, 2, 9):
        same_as(power, kernel, (small(n, n), small(n, 4)))


# ---- arguments as work arrays ------------------------------------------------------------------


def in_last_iteration(A, B):
    """What only the last iteration does stays with the thread that has its copy."""
    N, M = A.shape
    row = np.empty(M)
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j] * 2.0
        for j in range(1, M):
            A[i, j] = row[j] + row[j - 1]
        if i == N - 1:
            for j in range(M):
                B[0, j] = row[j]


def given(A, row):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j] * 2.0
        for j in range(1, M):
            A[i, j] = row[j] + row[j - 1]


def given_sums(A, row):
    """The sums of doitgen: a row of A by a matrix, in place."""
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            row[j] = 0.0
            for k in range(M):
                row[j] += A[i, k] * ((j + k) % 3)
        for j in range(M):
            A[i, j] = row[j]


def given_later_ones_shorter(A, row):
    """Each element is written last in an iteration of its own."""
    N, M = A.shape
    for i in range(N):
        for j in range(i, M):
            row[j] = A[i, j] + i
        for j in range(i, M):
            A[i, j] = row[j] * 2.0


def given_every_third(A, row):
    N, M = A.shape
    for i in range(1, N, 3):
        for j in range(0, M, 2):
            row[j] = A[i, j]
        for j in range(0, M, 2):
            A[i, j] = row[j] * row[0]


def given_two_loops_deep(A, row):
    N, M = A.shape
    for i in range(N):
        for j in range(M - 1):
            for k in range(2):
                row[k] = A[i, j + k]
            A[i, j] = row[0] + row[1]


def given_backwards(A, row):
    N, M = A.shape
    for i in range(N - 1, -1, -1):
        for j in range(M):
            row[j] = A[i, j]
        for j in range(M):
            A[i, j] = row[j] + row[0]


def given_partly(A, row):
    """Element 0 has the value of before the call."""
    N, M = A.shape
    for i in range(N):
        for j in range(1, M):
            row[j] = A[i, j]
        for j in range(M):
            A[i, j] = row[j] + 1.0


def given_sometimes(A, row):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            if A[i, j] > 2.0:
                row[j] = A[i, j]
        for j in range(M):
            A[i, j] = row[j] + 1.0


def given_and_read_after(A, row):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            row[j] = A[i, j]
        for j in range(M):
            A[i, j] = row[j] + 1.0
    for j in range(M):
        row[j] += 1.0


GIVEN = (given, given_sums, given_later_ones_shorter, given_every_third)
LEFT = (given_two_loops_deep, given_backwards, given_partly, given_sometimes, given_and_read_after)


@pytest.mark.parametrize("function", [*GIVEN, *LEFT], ids=lambda f: f.__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_an_argument_has_its_last_values(function, threads):
    for fp in ("strict", "reassociate"):
        kernel = po.kernel(function).with_options(fp=fp, threads=threads)
        for rows_, columns in (*SHAPES, (90, 90), (100, 70)):
            size = max(columns, 2) + 3
            same_as(function, kernel, (small(rows_, columns), small(size, seed=2)))


@pytest.mark.parametrize("function", GIVEN, ids=lambda f: f.__name__)
def test_an_argument_as_work_array_frees_its_loop(function):
    spec = po.kernel(function).specialize(po.f64[..., ...], po.f64[...])
    assert "# one for each thread: row_work" in str(spec.loops)
    same_as_python(spec.schedule, function, small(9, 6), small(9, seed=2))


@pytest.mark.parametrize("function", LEFT[1:], ids=lambda f: f.__name__)
def test_an_argument_whose_values_pass_on_is_left(function):
    spec = po.kernel(function).specialize(po.f64[..., ...], po.f64[...])
    assert "row_work" not in spec.source


def test_a_copy_stays_with_its_thread():
    kernel = po.kernel(in_last_iteration).with_options(fp="strict", threads=2)
    for _ in range(20):
        same_as(in_last_iteration, kernel, (small(200, 64), small(1, 64, seed=2)))
    same_as_python(kernel.specialize(*ROWS).schedule, in_last_iteration, small(5, 4), small(1, 4))


def test_an_argument_is_privatised_before_the_order_changes():
    s = original(given, po.f64[..., ...], po.f64[...])
    assert "Take this step before those that change the order" in refused(
        lambda: s.reverse("S1.j").privatize("row"),
        po.BadArgumentError,
    )
    for schedule in (s.privatize("row").parallel("i"), s.privatize("row", at="i").reverse("i")):
        same_as_python(schedule, given, small(6, 5), small(7, seed=2))


# ---- copies side by side -----------------------------------------------------------------------


def products(A, C, row):
    """Rows of A by C, in place: a contraction once the rows stand side by side."""
    R, N, M = A.shape
    for r in range(R):
        for i in range(N):
            for j in range(M):
                row[j] = 0.0
                for k in range(M):
                    row[j] += A[r, i, k] * C[k, j]
            for j in range(M):
                A[r, i, j] = row[j]


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_of_products_are_tiled(threads):
    given = (po.f64[..., ..., ...], po.f64[..., ...], po.f64[...])
    script = po.kernel(products).specialize(*given).schedule.script
    assert 's.expand("row_work")' in script
    assert 's.promote("row_work"' in script
    for fp in ("strict", "reassociate"):
        kernel = po.kernel(products).with_options(fp=fp, threads=threads)
        for shape in ((1, 1, 1), (2, 0, 3), (0, 2, 2), (2, 9, 25), (3, 17, 48)):
            m = shape[-1]
            same_as(products, kernel, (small(*shape), small(m, m, seed=2), small(m + 1, seed=3)))


def test_expanded_copies_outlive_their_iteration():
    s = original(rows, *ROWS).privatize("row").expand("row")
    assert not s.scop.private
    for schedule in (s.distribute("i", before="S2"), s.parallel("i"), s.reverse("i")):
        same_as_python(schedule, rows, small(6, 5), small(6, 5, seed=2))
    deep = original(two_loops_deep, *ROWS).privatize("pair", at="j").expand("pair")
    assert deep.scop.private == (("pair", 1),)
    same_as_python(deep.parallel("i"), two_loops_deep, small(4, 6), small(4, 6, seed=2))


def scalar(A, B):
    N, M = A.shape
    for i in range(N):
        for j in range(M):
            t = A[i, j] * 2.0
            B[i, j] = t + 1.0


def test_a_scalar_is_expanded_too():
    s = original(scalar, *ROWS).privatize("t").expand("t").distribute("j", before="S2")
    for schedule in (s, s.parallel("i"), s.vectorize("S1.j").parallel("i")):
        same_as_python(schedule, scalar, small(4, 6), small(4, 6, seed=2))
    whole = s.expand("t").distribute("i", before="S2").parallel("S1.i").parallel("S1.j")
    same_as_python(whole, scalar, small(4, 6), small(4, 6, seed=2))


def below_zero(A, B):
    N = len(A)
    for i in range(-3, N - 3):
        t = A[i + 3, 0]
        B[i + 3, 0] = t


def test_copies_of_negative_iterations_are_not_expanded():
    s = original(below_zero, *ROWS).privatize("t")
    assert "not of iterations from 0 or above" in refused(
        lambda: s.expand("t"), po.BadArgumentError
    )


def one_element_apart(n, A, B, v, q):
    for i in range(n):
        for j in range(n):
            q[j] = A[i, j]
        for k in range(n):
            q[k] = q[k] - v[i]
            q[1] += q[k] * B[i, k]


def test_an_element_that_a_call_brings_is_kept_beside_one_that_is_written() -> None:
    # of n = 1, q[1] is what the call brings, and the statement that reads it reads q[0] too
    for n in (0, 1, 2, 5):
        random = np.random.default_rng(n)
        given = [n, random.random((n, n)), random.random((n, n)), random.random(n)]
        given.append(random.random(n + 2))
        expected = [np.copy(a) for a in given]
        one_element_apart(n, *expected[1:])
        po.kernel(fp="strict", threads=2)(one_element_apart)(*given)
        np.testing.assert_array_equal(given[-1], expected[-1])
