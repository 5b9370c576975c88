"""Private copies in one piece: statements of a first iteration stay in their loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import polyopt as po


def other_start(x, y, z):
    for i in range(len(x)):
        t = z[i] if i == 0 else x[i]
        y[i] = t * t


def sweep(x, y, z):
    for j in range(len(x)):
        below = z[j] - (x[j] * y[j - 1] if j > 0 else 0.0)
        y[j] = x[j] / below


def sweeps(A, y, z):
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            if j == 0:
                t = y[i]
                u = 1.0
            else:
                t = A[i, j - 1] + u
                u = t * z[i]
            A[i, j] += t


def first_rows(A, y, z):
    n, m = A.shape
    for i in range(n):
        if i < 1:
            t = y[i]
            s = 0.0
        else:
            t = A[i - 1, 0]
            s = t
        for j in range(m):
            s += A[i, j] * t
        z[i] = s


def of_one(A, y, z):
    n, m = A.shape
    for i in range(n):
        for _ in range(1):
            t = y[i] * 2
            for k in range(m):
                u = t if k == 0 else t + A[i, k]
                A[i, k] = u * t
            z[i] = t


Body = Callable[..., None]
LINES = [other_start, sweep]
PLANES = [sweeps, first_rows, of_one]


def _private(s: po.Schedule) -> po.Schedule:
    for array in s.scop.arrays:
        try:
            s = s.privatize(array.name)
        except po.PolyoptError:
            continue
    return s


def _strips(s: po.Schedule) -> po.Schedule:
    return s.strip_mine(s.loops[-1], 3)


STEPS: dict[str, object] = {
    "source": lambda s: s,
    "auto": "auto",
    "private": _private,
    "strips": lambda s: _strips(_private(s)),
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("body", [*LINES, *PLANES], ids=lambda b: b.__name__)
def test_a_first_iteration_keeps_its_private_copies(body: Body, steps: str) -> None:
    kernel = po.kernel(fp="strict", threads=2, schedule=STEPS[steps])(body)
    random = np.random.default_rng(0)
    for n, m in ((1, 1), (2, 3), (5, 2), (9, 17)):
        shapes = [(n,)] * 3 if body in LINES else [(n, m), (n,), (n,)]
        expected = [random.random(shape) + 2 for shape in shapes]
        found = [a.copy() for a in expected]
        body(*expected)
        kernel(*found)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def triangle(A, y, z):
    for j in range(len(y)):
        s = 0.0
        for i in range(j):
            s += A[i, j] * y[i]
        z[j] = s * 2


def summed_strips(s: po.Schedule) -> po.Schedule:
    s = s.privatize("s").strip_mine("j", 2).distribute("j", before="S2")
    s = s.distribute("S2.j", before="S3").permute("i", "S2.j").separate("S2.j")
    return s.promote("s", at="S2.i").vectorize("S2.j", 2)


def lower_product(A, y, z):
    for i in range(len(y)):
        for j in range(len(z)):
            for k in range(1, min(i, j)):
                A[i, j] += y[k] * z[k]


def twice_tiled(s: po.Schedule) -> po.Schedule:
    s = s.permute("k", "j", "i").tile({"j": 4, "k": 8}, names={"j": "j_block", "k": "k_block"})
    s = s.tile({"i": 4, "j": 4}).permute("j_block", "k_block", "i_tile", "j_tile", "k", "j", "i")
    return s.separate("j", "i").promote("A", at="k").unroll("j").vectorize("i", 4)


@pytest.mark.parametrize(
    ("body", "steps"), [(triangle, summed_strips), (lower_product, twice_tiled)]
)
def test_blocks_stand_in_tiles_that_run_once(
    body: Body, steps: Callable[[po.Schedule], po.Schedule]
) -> None:
    kernel = po.kernel(fp="strict", threads=1, schedule=steps)(body)
    random = np.random.default_rng(0)
    for n in (0, 1, 2, 5, 8, 17):
        expected = [random.random(shape) for shape in ((n, n), (n,), (n,))]
        found = [a.copy() for a in expected]
        body(*expected)
        kernel(*found)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
