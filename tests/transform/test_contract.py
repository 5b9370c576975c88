"""contract: local arrays with as many cells as values are alive at once."""

from __future__ import annotations

import numpy as np
import pytest
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po


def chain(B, A):
    t = np.empty(A.shape[0])
    for i in range(A.shape[0]):
        t[i] = A[i] * 2.0
    for i in range(A.shape[0]):
        B[i] = t[i] + 1.0


def pairs(B, A):
    t = np.empty(A.shape[0])
    for i in range(A.shape[0]):
        t[i] = A[i] * 2.0
        if i > 0:
            B[i] = t[i] + t[i - 1]


def rows(B, A):
    t = np.empty((A.shape[0], A.shape[1]))
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            t[i, j] = A[i, j] * 2.0
        for j in range(A.shape[1]):
            B[i, j] = t[i, A.shape[1] - 1 - j]


SIZES = (0, 1, 2, 3, 9)


def _run(schedule, function, *shape):
    same_as_python(schedule, function, small(*shape), small(*shape, seed=2))
    B, A = small(*shape), small(*shape, seed=2)
    expected = B.copy()
    function(expected, A)
    po.kernel(function).specialize(B, A).with_schedule(schedule)(B, A)
    assert np.array_equal(B, expected)


@pytest.mark.parametrize("n", SIZES)
def test_to_one_cell(n: int) -> None:
    s = original(chain, small(1), small(1)).fuse("S1.i", "S2.i").contract("t")
    assert str(s.scop.array("t").shape) == "()"
    _run(s, chain, n)


@pytest.mark.parametrize("n", SIZES)
def test_to_two_cells(n: int) -> None:
    s = original(pairs, small(1), small(1)).contract("t")
    assert [str(e) for e in s.scop.array("t").shape] == ["2"]
    assert (
        "t[pmod(i, 2)] + t[pmod(i - 1, 2)]"
        in po.kernel(pairs).specialize(small(1), small(1)).with_schedule(s).source
    )
    _run(s, pairs, n)


@pytest.mark.parametrize("n", SIZES)
def test_to_a_row(n: int) -> None:
    s = original(rows, small(1, 1), small(1, 1)).contract("t")
    assert len(s.scop.array("t").shape) == 1
    _run(s, rows, n, n + 1)


def test_later_steps_are_judged_by_the_cells() -> None:
    s = original(chain, small(1), small(1)).fuse("S1.i", "S2.i")
    assert "parallel" in loops(s.parallel("i"))
    assert refused(lambda: s.contract("t").parallel("i")).startswith(
        'parallel("i") would run dependent iterations at once: "i" carries an anti dependence '
        "through t."
    )
    assert refused(lambda: s.contract("t").distribute("i", before="S2")).startswith(
        'distribute("i", before="S2") would overwrite t'
    )


def test_refusals() -> None:
    s = original(chain, small(1), small(1))
    fused = s.fuse("S1.i", "S2.i")
    assert refused(lambda: s.contract("t"), po.BadArgumentError) == (
        'contract: more than 16 values of "t" along each dimension are alive at once in this '
        "order. Fuse the loops that write and read it first."
    )
    assert refused(lambda: s.contract("A"), po.BadArgumentError) == (
        'contract: "A" is not a local array with dimensions. Such arrays: "t".'
    )
    assert refused(lambda: fused.contract("t").contract("t"), po.BadArgumentError) == (
        'contract: "t" is contracted already.'
    )
    assert refused(lambda: fused.contract("t").privatize("t"), po.BadArgumentError) == (
        'privatize: "t" is contracted. Take this step before contract.'
    )
    assert refused(lambda: fused.split("i", 3).contract("t"), po.BadArgumentError) == (
        "contract: the order holds parts of statements apart. "
        'Take contract("t") before separate, split and peel.'
    )


def test_the_script_replays() -> None:
    s = original(chain, small(1), small(1)).fuse("S1.i", "S2.i")
    made = s.contract("t")
    assert made.steps[-1].on(s) == made


def ahead(A, B):
    n = A.shape[0]
    T = np.empty((n + 1,))
    for i in range(n):
        B[i] = T[i + 1]
        T[i] = A[i]


def test_cells_that_would_be_read_before_they_are_written():
    """A fold that leaves a read without a value is tried, and refused as a step is."""
    s = original(ahead, small(5), small(5))
    assert refused(lambda: s.contract("T"), po.BadArgumentError).startswith("contract: more than")
