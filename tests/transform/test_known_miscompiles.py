"""Programs that other polyhedral and vectorising tools have compiled wrongly, written afresh.

What is accepted gives every bit of the plain function, run by the watching interpreter and as
compiled C; the transformation that went wrong is refused.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest
from run_schedule import refused, same_as_python

import polyopt as po

VECTOR, MATRIX = po.f64[...], po.f64[..., ...]
SIZES = (0, 1, 2, 3, 5, 8, 9)


def spec_of(function):
    """The specialization under strict arithmetic, by the annotations."""
    return po.kernel(fp="strict", threads=2)(function).specialize()


def right(function, script, arguments):
    """Assert that a script is accepted and right at all sizes, interpreted and compiled."""
    spec = spec_of(function)
    made = script(spec.original)
    compiled = spec.with_schedule(made)
    for size in SIZES:
        given = arguments(size)
        same_as_python(made, function, *given)
        expected, actual = copy.deepcopy(given), copy.deepcopy(given)
        function(*expected)
        compiled(*actual)
        for got, wanted in zip(actual, expected, strict=True):
            assert np.array_equal(got, wanted), f"size {size}"


def wrong(function, script):
    """The message with which a script is refused."""
    return refused(lambda: script(spec_of(function).original))


def rough(*shapes):
    """Random arrays whose sums round."""
    rng = np.random.default_rng(len(shapes))
    return [rng.normal(size=shape) for shape in shapes]


def vectors(count):
    return lambda n: rough(*[n] * count)


# ---- a guard by remainder that was dropped -----------------------------------------------------


def red_black(A: MATRIX):
    n = A.shape[0]
    for c in range(2):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                if (i + j) % 2 == c:
                    A[i, j] = (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1]) * 0.25


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.parallel("i").vectorize("j"),
        lambda s: s.tile({"i": 2, "j": 4}).parallel("i_tile"),
        lambda s: s.tile({"i": 4, "j": 4}).separate("i", "j").parallel("i_tile").parallel("j_tile"),
        lambda s: s.interchange("i", "j").parallel("j").vectorize("i"),
        lambda s: s.skew("i", by="c").skew("j", by="c").tile({"c": 2, "i": 4, "j": 4}),
        lambda s: s.unroll("j", 3).unroll("c"),
        po.auto,
    ],
)
def test_a_red_black_guard_is_kept(script):
    right(red_black, script, lambda n: rough((n, n)))


def test_colours_keep_their_order():
    assert wrong(red_black, lambda s: s.reverse("c")).startswith(
        'reverse("c") would read A[1, 1] before it is written.'
    )
    wrong(red_black, lambda s: s.parallel("c"))
    wrong(red_black, lambda s: s.tile({"c": 2, "i": 4, "j": 4}))


def test_without_the_guard_rows_depend_on_one_another():
    def sweep(A: MATRIX):
        n = A.shape[0]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1]) * 0.25

    wrong(sweep, lambda s: s.parallel("i"))
    wrong(sweep, lambda s: s.vectorize("j"))


# ---- tiled ssymm: a row of C is updated from two sides -------------------------------------------


def symm(A: MATRIX, B: MATRIX, C: MATRIX):
    m, n = C.shape
    for i in range(m):
        for j in range(n):
            t = 0.0
            for k in range(i):
                C[k, j] += B[i, j] * A[i, k] * 1.5
                t += B[k, j] * A[i, k]
            C[i, j] = C[i, j] * 1.2 + B[i, j] * A[i, i] * 1.5 + t * 1.5


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.privatize("t").tile({"i": 2, "j": 2}),
        lambda s: s.privatize("t").tile({"i": 2, "j": 4}).interchange("i_tile", "j_tile"),
        lambda s: s.privatize("t").interchange("i", "j").parallel("j"),
        lambda s: s.privatize("t").strip_mine("j", 4).separate("j").parallel("j_tile"),
        po.auto,
    ],
)
def test_symmetric_products_tile_where_values_allow(script):
    right(symm, script, lambda n: rough((n, n), (n, n + 1), (n, n + 1)))


def test_symmetric_products_are_refused_elsewhere():
    assert wrong(symm, lambda s: s.tile({"i": 2, "j": 2})).startswith(
        'tile({"i": 2, "j": 2}) would overwrite t before it is read.'
    )
    assert wrong(symm, lambda s: s.privatize("t").parallel("i")).startswith(
        'parallel("i") would run dependent iterations at once: "i" carries a flow dependence '
        "through C[0, 0]."
    )
    assert wrong(symm, lambda s: s.privatize("t").reverse("i")).startswith(
        'reverse("i") would read C[0, 0] before it is written.'
    )


# ---- a step of two leaves no dependence ----------------------------------------------------------


def evens(A: VECTOR):
    for i in range(1, len(A), 2):
        A[i] = A[i - 1] * 2


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.parallel("i"),
        lambda s: s.vectorize("i", 4),
        lambda s: s.reverse("i"),
        lambda s: s.strip_mine("i", 3).parallel("i_tile"),
        po.auto,
    ],
)
def test_a_step_of_two_leaves_no_dependence(script):
    right(evens, script, vectors(1))


def test_a_step_of_one_does():
    def every(A: VECTOR):
        for i in range(1, len(A)):
            A[i] = A[i - 1] * 2

    assert wrong(every, lambda s: s.parallel("i")).startswith(
        'parallel("i") would run dependent iterations at once: "i" carries a flow dependence '
        "through A[1]."
    )


# ---- a loop moved out from under the variable that its bound uses --------------------------------


def bounded(A: MATRIX, B: VECTOR):
    n = A.shape[0]
    for i in range(n):
        low = n - i
        for j in range(low, n):
            A[i, j] = A[i, j] + B[j - low]


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.interchange("i", "j"),
        lambda s: s.interchange("i", "j").parallel("j").vectorize("i", 4),
        lambda s: s.tile({"j": 2, "i": 3}).separate("i", "j"),
        lambda s: s.strip_mine("j", 2).permute("j_tile", "i", "j"),
        lambda s: s.unroll_and_jam("i", 2),
        po.auto,
    ],
)
def test_bounds_follow_their_loop(script):
    right(bounded, script, lambda n: rough((n, n), n))


def test_a_bound_that_is_data_and_written_is_no_bound():
    """It could change while the loop around it runs, and is refused."""

    def ragged(start: po.i32[...], A: VECTOR):
        for i in range(len(A)):
            start[i] = i
            for j in range(start[i], len(A)):
                A[j] = A[j] + 1.0

    message = refused(lambda: spec_of(ragged).original, po.UnsupportedSyntaxError)
    assert message.startswith("the loop over j ends or starts at start[i]")


# ---- unknown dependences are dependences ---------------------------------------------------------


def guarded(A: VECTOR, B: VECTOR):
    for i in range(1, len(A)):
        if B[i] > 0:
            A[i] = A[i - 1] + B[i]


def last_positive(A: VECTOR, B: VECTOR):
    for i in range(len(A)):
        if A[i] > 0:
            B[0] = A[i]


def maybe_kept(A: VECTOR, B: VECTOR):
    t = 0.0
    for i in range(len(A)):
        if A[i] > 0:
            t = A[i]
        B[i] = t


@pytest.mark.parametrize("function", [guarded, last_positive, maybe_kept])
def test_a_write_that_may_happen_is_a_write(function):
    wrong(function, lambda s: s.parallel("i"))
    wrong(function, lambda s: s.vectorize("i"))
    wrong(function, lambda s: s.reverse("i"))


@pytest.mark.parametrize("script", [lambda s: s.strip_mine("i", 3).unroll("i"), po.auto])
@pytest.mark.parametrize("function", [guarded, maybe_kept])
def test_writes_that_may_happen_in_other_orders(function, script):
    right(function, script, vectors(2))


def test_a_value_that_may_be_kept_is_not_private():
    message = refused(lambda: spec_of(maybe_kept).original.privatize("t"), po.BadArgumentError)
    assert message.startswith('privatize: a value of "t" passes from one iteration of the kernel')


def test_an_index_that_is_data_may_be_any():
    def scatter(where: po.i32[...], A: VECTOR):
        for i in range(len(where)):
            A[where[i]] = i

    for step in (lambda s: s.parallel("i"), lambda s: s.vectorize("i"), lambda s: s.reverse("i")):
        refused(lambda step=step: step(spec_of(scatter).original), po.IllegalScheduleError)


# ---- a scalar that iterations share --------------------------------------------------------------


def swapped(A: VECTOR, B: VECTOR):
    for i in range(len(A)):
        t = A[i]
        A[i] = B[i]
        B[i] = t


def test_a_racing_scalar_is_refused():
    assert wrong(swapped, lambda s: s.parallel("i")).startswith(
        'parallel("i") would run dependent iterations at once: "i" carries an anti dependence '
        "through t."
    )
    wrong(swapped, lambda s: s.vectorize("i"))
    wrong(swapped, lambda s: s.strip_mine("i", 4).parallel("i_tile"))


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.privatize("t").parallel("i"),
        lambda s: s.privatize("t").strip_mine("i", 4).parallel("i_tile").vectorize("i", 4),
        po.auto,
    ],
)
def test_a_scalar_of_its_own_is_right(script):
    right(swapped, script, vectors(2))


# ---- the order of two stores ---------------------------------------------------------------------


def s2244(a: VECTOR, b: VECTOR, c: VECTOR, e: VECTOR):
    """TSVC: the second statement overwrites what the first one wrote an iteration before."""
    for i in range(len(a) - 1):
        a[i + 1] = b[i] + e[i]
        a[i] = b[i] + c[i]


def test_stores_to_one_element_keep_their_order():
    assert wrong(s2244, lambda s: s.parallel("i")).startswith(
        'parallel("i") would run dependent iterations at once: "i" carries an output dependence '
        "through a[1]."
    )
    wrong(s2244, lambda s: s.vectorize("i"))
    wrong(s2244, lambda s: s.reverse("i"))
    wrong(s2244, lambda s: s.shift("S1", "i", 2))
    wrong(s2244, lambda s: s.restructure("i = [S2: i]\n  S2\ni = [S1: i]\n  S1"))


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.distribute("i", before="S2"),
        lambda s: s.distribute("i", before="S2").vectorize("S1.i", 4).parallel("S2.i"),
        lambda s: s.shift("S1", "i", 1).parallel("i").vectorize("i", 4),
        lambda s: s.strip_mine("i", 3).separate("i").unroll("i"),
        po.auto,
    ],
)
def test_stores_in_orders_that_keep_theirs(script):
    right(s2244, script, vectors(4))


# ---- a row copied, and read whole in the loop after ------------------------------------------


def rows(A: MATRIX, B: MATRIX, C: VECTOR):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            B[i, j] = A[i, j]
        for j in range(m):
            C[j] = C[j] * 0.5 + B[i, m - 1 - j]


def whole_rows(A: MATRIX, B: MATRIX, C: MATRIX):
    n = A.shape[0]
    for i in range(n):
        for j in range(n):
            B[i, j] = A[i, j]
        for j in range(n):
            for k in range(n):
                C[i, j] += B[i, k]


def test_a_copy_is_whole_before_it_is_read_whole():
    assert wrong(rows, lambda s: s.fuse("S1.j", "S2.j")).startswith(
        'fuse("S1.j", "S2.j") would read B[0, 1] before it is written.'
    )
    assert wrong(whole_rows, lambda s: s.fuse("S1.j", "S2.j")).startswith(
        'fuse("S1.j", "S2.j") would read B[0, 1] before it is written.'
    )


@pytest.mark.parametrize(
    "script",
    [
        lambda s: s.parallel("S1.j").parallel("S2.j"),
        lambda s: s.vectorize("S1.j", 4),
        lambda s: s.distribute("i", before="S2").parallel("S1.i").parallel("S2.j"),
        po.auto,
    ],
)
def test_copied_rows_in_parallel(script):
    right(rows, script, lambda n: rough((n, n + 1), (n, n + 1), n + 1))
    right(whole_rows, script, lambda n: rough((n, n), (n, n), (n, n)))
