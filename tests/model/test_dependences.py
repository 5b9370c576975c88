"""Dependences, exactly: who must run before whom, through which array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden import golden

import polyopt as po

GOLDEN = Path(__file__).parent / "golden"
VECTOR, MATRIX = po.f64[...], po.f64[..., ...]


def dependences(function, *types):
    return po.kernel(function).specialize(*types).dependences


def pairs(function, *types):
    """Kind, source, sink and array of every dependence."""
    return [f"{d.kind} {d.source}->{d.sink} {d.array}" for d in dependences(function, *types)]


def matmul(C, A, B):
    n, m = C.shape
    for i in range(n):
        for j in range(m):
            C[i, j] = 0.0
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]


def jacobi(T, A, B):
    for t in range(T):  # noqa: B007
        for i in range(1, len(A) - 1):
            B[i] = A[i - 1] + A[i] + A[i + 1]
        for i in range(1, len(A) - 1):
            A[i] = B[i]


def lu(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, n):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


@pytest.mark.parametrize(
    ("function", "types"),
    [(matmul, (MATRIX,) * 3), (jacobi, (int, VECTOR, VECTOR)), (lu, (MATRIX,))],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_exact_relations(function, types):
    golden(GOLDEN / f"{function.__name__}_dependences.txt", str(dependences(function, *types)))


def test_a_later_write_hides_an_earlier_one():
    def overwritten(A, B):
        for i in range(len(A)):
            A[i] = 1.0
            A[i] = 2.0
            B[i] = A[i]

    assert pairs(overwritten, VECTOR, VECTOR) == ["flow S2->S3 A", "output S1->S2 A"]


def test_a_guarded_write_hides_nothing():
    def guarded(A, B):
        for i in range(len(A)):
            A[i] = 1.0
            if B[i] > 0:
                A[i] = 2.0
            B[i] = A[i]

    assert pairs(guarded, VECTOR, VECTOR) == [
        "flow S1->S3 A",
        "flow S2->S3 A",
        "output S1->S2 A",
        "anti S2->S3 B",
    ]


def test_updates_of_a_reduction_stand_between_its_start_and_its_use():
    def dot(out, x, y, t):
        for i in range(len(out)):
            out[i] = 0.0
            for j in range(len(x)):
                out[i] += x[j] * y[j]
            t[i] = out[i]

    assert pairs(dot, *[VECTOR] * 4) == [
        "flow S1->S2 out",
        "flow S1->S3 out",
        "flow S2->S3 out",
        "output S1->S2 out",
        "reduction S2->S2 out",
    ]


def test_two_updates_of_one_element_keep_their_order():
    def both(s, x):
        for i in range(len(x)):
            s[0] += x[i]
            s[0] *= x[i]

    assert pairs(both, VECTOR, VECTOR) == [
        "flow S1->S2 s",
        "flow S2->S1 s",
        "anti S1->S2 s",
        "anti S2->S1 s",
        "reduction S1->S1 s",
        "output S1->S2 s",
        "output S2->S1 s",
        "reduction S2->S2 s",
    ]


def test_an_update_that_reads_its_array_elsewhere_is_a_flow_too():
    def prefix(A):
        for i in range(1, len(A)):
            A[i] += A[i - 1]

    assert pairs(prefix, VECTOR) == ["flow S1->S1 A"]


def test_distances_of_a_step_of_two():
    def apart(A):
        for i in range(1, len(A), 2):
            A[i] = A[i - 1] * 2

    assert pairs(apart, VECTOR) == []


def test_a_scalar_serialises_until_it_is_private():
    def scaled(A, B):
        for i in range(len(A)):
            t = A[i] * 2
            B[i] = t + 1

    assert pairs(scaled, VECTOR, VECTOR) == ["flow S1->S2 t", "anti S2->S1 t", "output S1->S1 t"]
    private = po.kernel(scaled).specialize(VECTOR, VECTOR).original.privatize("t")
    assert [str(d) for d in private.dependences] == [
        (
            "flow      S1 -> S2 through t: [A_shape0, B_shape0] -> "
            "{ S1[i] -> S2[i' = i] : B_shape0 >= A_shape0 and 0 <= i < A_shape0 }"
        )
    ]


def test_reads_alone_depend_on_nothing():
    def copy(A, B):
        for i in range(len(A)):
            B[i] = A[i]

    made = dependences(copy, VECTOR, VECTOR)
    assert str(made) == "no dependences"
    assert list(made) == []


def test_the_same_array_twice_is_one_array():
    def shifted(A, B):
        for i in range(1, len(A)):
            A[i] = B[i - 1]

    array = np.zeros(4)
    made = po.kernel(shifted).specialize(array, array).dependences
    assert [d.kind for d in made] == ["flow"]


def test_a_scalar_read_before_it_is_assigned():
    def sometimes(n, A):
        for i in range(n):
            if i > 2:
                t = A[i]
            A[i] = t

    with pytest.raises(po.UnsupportedSyntaxError) as refusal:
        dependences(sometimes, int, VECTOR)
    assert refusal.value.msg == (
        "t may be read here before it is assigned. Assign it on every path first."
    )


def test_relations_that_isl_cannot_simplify_are_kept_as_they_are():
    """isl's coalesce fails on one of its relations ("cannot relax redundant constraint")."""

    @po.kernel(fp="strict", cache=False)
    def corners(a, b, A):
        n = a.shape[0]
        s = 0.0
        for i in range(n):
            u = np.zeros(3)
            if i > 1:  # noqa: SIM108 (the form is what is tested)
                q = i - 2
            else:
                q = n - 1
            b[max(i - 1, 0)] = u[0]
            b[min(q + 1, n - 1)] = b[abs(q - 1) % n]
            if b[(i - 1) % n] > u[0]:
                s += u[1]
            for j in range(n):
                w = np.zeros(3)
                for c in range(3):
                    A[max(i - 2, 0), max(j - 2, 0)] = w[c]
                    if b[(q - 1 if q >= 1 else n - 1)] > 0.6:
                        A[min(i + 2, n - 1), max(j - 1, 0)] = w[c]
                    else:
                        last = a[(i - 1) % n]
                        A[(i + 2) % n, abs(j - 2) % n] = (w[c] - last) - a[abs(j - 2) % n]
        return s

    random = np.random.default_rng(3).random
    a, b, expected = random(5), random(5), random((5, 5))
    found = expected.copy()
    corners.py_func(a, b.copy(), expected)
    corners(a, b, found)
    np.testing.assert_array_equal(found, expected)
