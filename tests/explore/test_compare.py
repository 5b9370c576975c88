"""Two schedules or kernels side by side."""

from __future__ import annotations

import numpy as np
import pytest
from kernels_shown import copy, matmul, original, smooth

import polyopt as po
from polyopt.errors import BadArgumentError


def doubled(A: po.f64[po.symbols("N")]):
    for i in range(len(A)):
        t = A[i] * 2.0
        A[i] = t + 1.0


def test_scripts_orders_and_code_are_compared():
    s = original(matmul)
    found = po.compare(s, s.interchange("j", "k"))
    assert str(found).splitlines()[:5] == [
        "- matmul, source order",
        "+ matmul, 1 step",
        "script",
        "   s = spec.original",
        '  +s = s.interchange("j", "k")',
    ]
    assert "  -        for (int64_t j = 0; j < M; j++) {" in str(found)
    html = found._repr_mimebundle_()["text/html"]
    assert len(html) < 100_000
    assert "+ s = s.interchange" in html


def test_private_copies_are_compared_with_the_scalar():
    s = original(doubled)
    found = po.compare(s, s.privatize("t"))
    assert '  +s = s.privatize("t")' in str(found).splitlines()


def test_what_is_the_same_says_so():
    s = original(copy)
    assert str(po.compare(s, s)).splitlines()[2:] == [
        "script: the same",
        "order: the same",
        "code: the same",
    ]


def test_two_kernels_are_timed_on_copies_and_their_results_compared():
    spec = po.kernel(copy).specialize()
    A, B = np.arange(12.0).reshape(3, 4), np.zeros((3, 4))
    found = po.compare(spec.with_schedule("source"), spec, A, B)
    assert found.times.agree
    assert found.times.first > 0
    assert not B.any()


def test_results_that_differ_are_told():
    def doubled(A: po.f64[...], B: po.f64[...]):
        for i in range(len(A)):
            B[i] = 2 * A[i]

    def tripled(A: po.f64[...], B: po.f64[...]):
        for i in range(len(A)):
            B[i] = 3 * A[i]

    found = po.compare(po.kernel(doubled), po.kernel(tripled), np.ones(3), np.zeros(3))
    assert not found.times.agree
    assert "THE RESULTS DIFFER" in str(found)


def test_schedules_alone_are_not_timed():
    s = original(copy)
    with pytest.raises(BadArgumentError) as caught:
        po.compare(s, s, np.ones((2, 2)), np.ones((2, 2)))
    assert str(caught.value) == (
        "a schedule by itself is not called: to time two of them compare spec.with_schedule(a) "
        "with spec.with_schedule(b)"
    )


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BadArgumentError, match="compare takes two schedules, specialisations or"):
        po.compare(original(smooth), 3)
