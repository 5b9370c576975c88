"""pack: buffers whose panels are as long as sizes tell."""

from __future__ import annotations

import numpy as np
import pytest
from run_schedule import loops, original, refused, same_as_python, small

import polyopt as po
from polyopt.transform.schedule import Schedule


def products(C, A, B):
    for i in range(A.shape[0]):
        for k in range(B.shape[0]):
            for d in range(A.shape[1]):
                C[i, k] += A[i, d] * B[k, d]


def _in_panels(order: tuple[str, ...] | None = None) -> Schedule:
    s = original(products, small(1, 1), small(1, 1), small(1, 1))
    s = s.strip_mine("i", 4).permute("i_tile", "k", "d", "i")
    return s.pack("A", at="i_tile", order=order, panel={"i": 4})


@pytest.mark.parametrize("order", [None, ("d", "i")])
@pytest.mark.parametrize("size", [(0, 3, 3), (1, 1, 1), (4, 2, 5), (9, 3, 7), (5, 0, 3), (5, 3, 0)])
def test_panels_are_as_long_as_rows(size: tuple[int, int, int], order: object) -> None:
    n, k, d = size
    packed = _in_panels(order)
    same_as_python(packed, products, small(n, k), small(n, d, seed=2), small(k, d, seed=3))
    for threads in (1, 2):
        C, A, B = small(n, k), small(n, d, seed=2), small(k, d, seed=3)
        expected = C.copy()
        products(expected, A, B)
        spec = po.kernel(threads=threads)(products).specialize(C, A, B)
        spec.with_schedule(packed.parallel("i_tile"))(C, A, B)
        np.testing.assert_allclose(C, expected, rtol=1e-14)


def test_the_text_tells_the_extent() -> None:
    assert "with A[4*i_tile : 4*i_tile + 4, 0 : A_shape1] as A_pack" in loops(_in_panels())


def test_only_panels_may_be_that_long() -> None:
    s = original(products, small(1, 1), small(1, 1), small(1, 1)).strip_mine("i", 4)
    text = refused(lambda: s.pack("A", at="i_tile"), po.BadArgumentError)
    assert "what is read of A in one iteration has no constant size" in text


def test_kernels_of_opencl_have_no_such_buffer() -> None:
    spec = po.kernel(target="opencl")(products).specialize(small(1, 1), small(1, 1), small(1, 1))
    text = refused(lambda: spec.with_schedule(_in_panels()).source)
    assert "has no constant size, and kernels' buffers have" in text
